import type { ProviderLog } from '#contract';
import {
  courseOf,
  expireTimers,
  type Clock,
  type DueHandover,
  type HandoverStore,
  type ProviderRegistry,
  type TimerStore,
} from '#core';

const POLL_MS = 1_000;
const BATCH = 200;
/** Batches worked off in one go; what is left then waits for the next poll, so that nothing goes round for ever. */
const MAX_BATCHES = 25;

/** Wakes handovers up at their time. The times are in the database; the local timers only make it punctual. */
export class Alarms {
  private next: { at: number; timer: NodeJS.Timeout } | null = null;
  private interval: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> | null = null;
  private stopped = true;

  constructor(
    private readonly store: HandoverStore & TimerStore,
    private readonly registry: ProviderRegistry,
    private readonly clock: Clock,
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
    if (this.stopped) return;
    const delay = at.getTime() - this.clock.now().getTime();
    if (delay > POLL_MS || (this.next && this.next.at <= at.getTime())) return;
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
    for (let batch = 0; batch < MAX_BATCHES && !this.stopped; batch++) {
      const due = await this.store.due(this.registry.names(), BATCH);
      const outcomes = await Promise.allSettled(due.map((one) => this.expire(one)));
      // One that cannot be changed must not keep the others waiting.
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
      if (failed.length > 0)
        this.log.warn(
          { count: failed.length, err: (failed[0]!.reason as Error).message },
          'timers wait: their handovers could not be changed now',
        );
      if (due.length < BATCH) return;
    }
  }

  private async expire({ id, mark }: DueHandover): Promise<void> {
    const options = { anew: true };
    await this.store.change(
      id,
      (unit) => {
        const provider = this.registry.get(unit.handover.provider);
        if (provider) expireTimers(unit, courseOf(provider), mark);
      },
      options,
    );
  }
}
