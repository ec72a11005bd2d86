import type { ProviderLog } from '#contract';
import { expireTimers, type HandoverStore, type ProviderRegistry, type TimerStore } from '#core';

const POLL_MS = 1_000;
const BATCH = 200;

/** Wakes handovers up at their time. The times are in the database; the local timers only make it punctual. */
export class Alarms {
  private readonly local = new Set<NodeJS.Timeout>();
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
    for (const timer of this.local) clearTimeout(timer);
    await this.sweeping;
  }

  /** Looks at once, and not only at the next poll, when `at` is near. */
  set(at: Date): void {
    const delay = at.getTime() - Date.now();
    if (this.stopped || delay > 60_000) return;
    const timer = setTimeout(
      () => {
        this.local.delete(timer);
        this.sweep();
      },
      Math.max(0, delay) + 1,
    );
    this.local.add(timer);
  }

  private sweep(): void {
    if (this.stopped) return;
    this.sweeping ??= this.expireDue()
      .catch((error: Error) => this.log.warn({ err: error.message }, 'timers wait: the database did not answer'))
      .finally(() => (this.sweeping = null));
  }

  private async expireDue(): Promise<void> {
    for (const id of await this.store.due(BATCH)) {
      await this.store.transaction((tx) =>
        tx.change(id, (unit) => expireTimers(unit, this.registry.get(unit.handover.provider)?.session.endGraceMs ?? 0)),
      );
    }
  }
}
