import type { ProviderLog } from '#contract';
import { expireTimers, type HandoverStore, type HandoverUnit, type ProviderRegistry, type TimerStore } from '#core';

const POLL_MS = 1_000;
const BATCH = 200;

/** Wakes handovers up at their time. The times are in the database; the local timers only make it punctual. */
export class Alarms {
  private next: { at: number; timer: NodeJS.Timeout } | null = null;
  private interval: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | null = null;
  private stopped = true;

  constructor(
    private readonly store: HandoverStore & TimerStore,
    private readonly registry: ProviderRegistry,
    private readonly log: ProviderLog,
  ) {}

  start(): void {
    this.stopped = false;
    this.interval = setInterval(() => this.sweep(), POLL_MS);
    this.sweep();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.interval);
    clearTimeout(this.next?.timer);
    await this.sweeping;
  }

  /** Looks at once, and not only at the next poll, when `at` is near. */
  set(at: Date): void {
    const delay = at.getTime() - Date.now();
    if (this.stopped || delay > POLL_MS || (this.next && this.next.at <= at.getTime())) return;
    clearTimeout(this.next?.timer);
    const sweep = (): void => {
      this.next = null;
      this.sweep();
    };
    this.next = { at: at.getTime(), timer: setTimeout(sweep, Math.max(0, delay) + 1) };
  }

  private sweep(): void {
    if (this.stopped) return;
    this.sweeping ??= this.expireDue()
      .catch((error: Error) => this.log.warn({ err: error.message }, 'timers wait: the database did not answer'))
      .finally(() => (this.sweeping = null));
  }

  private async expireDue(): Promise<void> {
    for (const id of await this.store.due(BATCH)) {
      const expire = (unit: HandoverUnit): void =>
        expireTimers(unit, this.registry.get(unit.handover.provider)?.session.endGraceMs ?? 0);
      await this.store.change(id, expire, { anew: true });
    }
  }
}
