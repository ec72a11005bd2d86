import type { ProviderLog } from '#contract';
import type { Clock } from '#core';

/** How often it is compared with the database's clock, in milliseconds. */
const COMPARE_MS = 5_000;
/** A difference up to this is drift and made up for at once, in milliseconds; a greater one says that somebody has set a clock. */
const MAX_DRIFT_MS = 2_000;
/** By this part of itself the clock goes faster or slower until a greater difference is made up for. */
const SLEW = 0.25;

/**
 * The time that handovers go by, the same in every replica: the database's. In between it goes by the process's own monotonic
 * clock, so it does not matter when the clock of a gateway's machine is set. When the database's clock is set, a timer of ten
 * minutes must not run out at once, nor an hour late: the difference is made up for little by little.
 */
export class SharedClock implements Clock {
  /** Epoch milliseconds when the monotonic clock began. */
  private origin: number | null = null;
  private timer: NodeJS.Timeout | undefined;
  private isBehind = false;

  /**
   * @param read the database's time, epoch milliseconds
   * @param monotonic milliseconds that only ever pass
   */
  constructor(
    private readonly read: () => Promise<number>,
    private readonly log: ProviderLog,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  now(): Date {
    if (this.origin === null) throw new Error('The clock was not started.');
    return new Date(this.origin + this.monotonic());
  }

  /** Takes the database's time. From then on `now` can be asked. */
  async start(): Promise<void> {
    await this.compare();
    this.timer = setInterval(() => void this.compare().catch(() => undefined), COMPARE_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  async compare(): Promise<void> {
    const before = this.monotonic();
    const time = await this.read();
    const after = this.monotonic();
    const origin = time - (before + after) / 2;
    this.origin ??= origin;
    // An answer that took long says little.
    if (after - before > MAX_DRIFT_MS) return;
    const difference = origin - this.origin;
    const isSet = Math.abs(difference) > MAX_DRIFT_MS;
    if (isSet && !this.isBehind)
      this.log.warn({ differenceMs: Math.round(difference) }, "the database's clock was set: timers follow it slowly");
    this.isBehind = isSet;
    const most = SLEW * COMPARE_MS;
    this.origin += isSet ? Math.max(-most, Math.min(most, difference)) : difference;
  }
}
