import { Rate } from '#core';

/** Calls to one provider that bots cause directly, beside their handovers and messages: signals and changes. Within ten seconds. */
const CALLS = { total: 600, share: 200, floor: 50 };
const WINDOW_MS = 10_000;

/** Keeps one bot from using up what a contact centre lets an account do. */
export class VendorCalls {
  private readonly rates = new Map<string, Rate>();

  /** @param now milliseconds of a clock that only goes forward */
  constructor(private readonly now: () => number) {}

  /** Counts a call. @throws {Refusal} `over_budget` or `unavailable` */
  take(provider: string, bot: string): void {
    const rate = this.rates.get(provider) ?? new Rate('vendor calls', CALLS, WINDOW_MS, this.now);
    this.rates.set(provider, rate);
    if (!rate.take(`bot:${bot}`)) throw rate.refusal(`bot:${bot}`);
  }
}
