import type { ProviderLog } from '#contract';

/** The same is logged once in this time, in milliseconds. */
const LOGGED_EVERY_MS = 60_000;
/** Reasons told apart of one provider: some name what the sender wrote. */
const MAX_REASONS = 30;

/** Events of a provider that had no effect, for one reason. */
export interface IgnoredCount {
  reason: string;
  /** Since this replica started. */
  count: number;
  /** Epoch milliseconds. */
  lastAt: number;
}

interface Counted extends IgnoredCount {
  loggedAt: number;
  unlogged: number;
}

/**
 * Counts events that concern no handover. Anybody may cause as many as they like, so the log has one line a minute of each provider and
 * reason, which says how many there were since the line before.
 */
export class IgnoredEvents {
  private readonly byProvider = new Map<string, Map<string, Counted>>();

  constructor(
    private readonly log: ProviderLog,
    /** Epoch milliseconds. */
    private readonly now: () => number,
  ) {}

  /** @param fields for the log, of this event */
  count(providers: string[], reason: string, message: string, fields: object = {}, count = 1): void {
    for (const provider of providers) {
      const counted = this.find(provider, reason);
      counted.count += count;
      counted.unlogged += count;
      counted.lastAt = this.now();
      if (counted.lastAt - counted.loggedAt < LOGGED_EVERY_MS) continue;
      this.log.warn({ provider, reason: counted.reason, count: counted.unlogged, ...fields }, message);
      counted.loggedAt = counted.lastAt;
      counted.unlogged = 0;
    }
  }

  /** Those of one provider, the most frequent first. */
  of(provider: string): IgnoredCount[] {
    return [...(this.byProvider.get(provider)?.values() ?? [])]
      .map(({ reason, count, lastAt }) => ({ reason, count, lastAt }))
      .sort((a, b) => b.count - a.count);
  }

  private find(provider: string, reason: string): Counted {
    const reasons = this.byProvider.get(provider) ?? new Map<string, Counted>();
    this.byProvider.set(provider, reasons);
    const name = reasons.has(reason) || reasons.size < MAX_REASONS ? reason : 'other reasons';
    const found = reasons.get(name) ?? { reason: name, count: 0, lastAt: 0, loggedAt: -Infinity, unlogged: 0 };
    reasons.set(name, found);
    return found;
  }
}
