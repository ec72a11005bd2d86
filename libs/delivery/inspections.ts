import { ProviderError, type ProviderLog } from '#contract';
import type { DueInspection, HandoverUnit, InspectionStore, ProviderInstance, ProviderRegistry, Turn } from '#core';
import { nextDelayMs } from './backoff.js';
import { type Comparison, type Inspector, type Question } from './inspector.js';
import { Slots } from './slots.js';
import type { WebhookFlow } from './webhook-flow.js';

/** A turn of a provider is two handovers of three calls each, which keeps it near five calls a second. Milliseconds. */
const TURN = { limit: 2, pauseMs: 1_200 };
/** Longer than any comparison takes, in milliseconds. */
const LEASE_MS = 120_000;
/** Comparisons of one provider under way in this replica. */
const MAX_IN_FLIGHT = 4;
/** Quiet handovers are compared more and more rarely, down to this many intervals, as long as events come. */
const MAX_INTERVALS = 5;
/** A contact centre that cannot be asked is left alone, in milliseconds. */
const REST = { firstMs: 2_400, maxMs: 60_000 };
/** What was not certain yet is looked at again, in milliseconds. */
const AGAIN_MS = 5_000;
/** How long before an agent's leaving becomes an end the contact centre is asked, in milliseconds; it has no longer to answer. */
const CONFIRM_MS = 2_000;
/** How long an end that was reported waits for what was said before it, in milliseconds. */
const LAST_LOOK_MS = 2_000;
/** How long it waits for the files of what was found, in milliseconds. */
const LAST_FILES_MS = 30_000;
/** A loss that was found says that others may have been lost as well: all are compared, but not more often than this. Milliseconds. */
const HASTEN_MS = 60_000;

/**
 * Compares open handovers with what their contact centres say, now and then and where there is a reason. Which replica does it is
 * the database's to say; what it finds is applied like an event. It holds up nobody: whatever cannot be asked is left as it is.
 */
export class Inspections {
  private readonly places = new Map<string, Slots>();
  private readonly failures = new Map<string, number>();
  private readonly hastened = new Map<string, number>();
  /** Providers of which everything is to be looked at, as soon as they can be asked and the database has noted it. */
  private readonly behind = new Set<string>();
  private readonly confirming = new Map<string, NodeJS.Timeout>();
  private readonly running = new Set<Promise<unknown>>();
  private interval: NodeJS.Timeout | undefined;
  private taking: Promise<void> | null = null;
  private stopped = false;

  constructor(
    private readonly store: InspectionStore,
    private readonly inspector: Inspector,
    private readonly registry: ProviderRegistry,
    private readonly flow: WebhookFlow,
    /** Whether calls to a provider fail at the moment. */
    private readonly isDown: (provider: string) => boolean,
    private readonly log: ProviderLog,
  ) {}

  /** @param wasAway no other replica took events in meanwhile, so some may be lost */
  start(wasAway: boolean): void {
    if (wasAway) for (const { name } of this.asked()) this.behind.add(name);
    this.poll();
    this.interval = setInterval(() => this.poll(), TURN.pauseMs);
  }

  /** Takes no new one, and waits for those under way up to `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.stopped = true;
    clearInterval(this.interval);
    for (const timer of this.confirming.values()) clearTimeout(timer);
    this.confirming.clear();
    await this.taking;
    await within(withinMs, Promise.allSettled([...this.running]));
  }

  /**
   * An agent has left, and unless something speaks against it that is the end: the contact centre is asked before. Without an answer
   * in time the handover ends as it would have.
   */
  leaving({ handover, now }: HandoverUnit): void {
    const { leave } = handover.lifecycle.timers;
    const provider = this.registry.get(handover.provider);
    if (this.stopped || leave === undefined || !provider || !isAsked(provider) || this.confirming.has(handover.id))
      return;
    const timer = setTimeout(
      () => {
        this.confirming.delete(handover.id);
        void this.track(this.confirm(handover.id));
      },
      Math.max(0, leave - now.getTime() - CONFIRM_MS),
    );
    this.confirming.set(handover.id, timer);
  }

  /** An end was reported: resolves once what was said before it has been looked for, or cannot be. */
  async lastLook(handoverId: string): Promise<void> {
    if (this.stopped) return;
    const due = await this.store.get(handoverId);
    if (!due) return;
    const look = this.track(this.compare(due, 'messages', LAST_LOOK_MS));
    await within(LAST_LOOK_MS, look);
    // A message was found. It waits for its files as it would have, had its event come.
    if (this.inspector.isFetching(handoverId)) await within(LAST_FILES_MS, look);
  }

  private poll(): void {
    if (this.stopped || this.taking) return;
    this.taking = this.takeDue()
      .catch((error: Error) => this.log.warn({ err: error.message }, 'inspections wait: the database did not answer'))
      .finally(() => (this.taking = null));
  }

  private async takeDue(): Promise<void> {
    await this.hastenRecovered();
    const turns = this.asked()
      .filter(({ name }) => !this.placesOf(name).isFull)
      .map(({ name, session }): Turn => ({ provider: name, everyMs: session.reconcileMs! }));
    if (turns.length === 0) return;
    for (const due of await this.store.take(turns, { ...TURN, leaseMs: LEASE_MS })) void this.track(this.turn(due));
  }

  /** Events may have got lost while a contact centre was away. */
  private async hastenRecovered(): Promise<void> {
    for (const { name } of this.asked()) {
      if (this.isDown(name)) this.behind.add(name);
      else if (this.behind.has(name)) {
        await this.store.hasten([name]);
        this.behind.delete(name);
      }
    }
  }

  private async turn(due: DueInspection): Promise<void> {
    const { handoverId, provider } = due;
    const session = this.registry.get(provider)!.session;
    try {
      const found = await this.compare(due, 'everything', TURN.pauseMs);
      this.failures.delete(provider);
      const everyMs = session.reconcileMs!;
      const delayMs = found ? this.nextMs(provider, everyMs, found) : everyMs;
      await this.store.putOff(handoverId, delayMs, found?.settledUntil ?? null);
      if (found && found.caughtUp > 0) this.hasten(provider);
    } catch (error) {
      await this.failed(due, error);
    }
  }

  private async confirm(handoverId: string): Promise<void> {
    try {
      const due = await this.store.get(handoverId);
      if (due) await this.compare(due, 'everything', CONFIRM_MS);
    } catch (error) {
      this.log.info({ handoverId, err: (error as Error).message }, 'an ending could not be confirmed');
    }
  }

  private async compare(
    { handoverId, provider, settledUntil }: DueInspection,
    question: Question,
    patienceMs: number,
  ): Promise<Comparison | null> {
    const places = this.placesOf(provider);
    if (!(await places.take(patienceMs))) return null;
    try {
      return await this.inspector.compare(handoverId, settledUntil, question);
    } finally {
      places.free();
    }
  }

  /** Soon where something is open; rarely where nothing happens and events come. */
  private nextMs(provider: string, everyMs: number, { isOpen, caughtUp, quietMs }: Comparison): number {
    if (isOpen) return Math.min(everyMs, AGAIN_MS);
    const isCalm = caughtUp === 0 && this.flow.isAlive(provider, 2 * everyMs);
    const delay = isCalm ? Math.max(everyMs, Math.min(quietMs, MAX_INTERVALS * everyMs)) : everyMs;
    return delay * (0.9 + 0.2 * Math.random());
  }

  /** What fails for one conversation is tried at its next turn; where the contact centre fails, all of it rests. */
  private async failed({ handoverId, provider }: DueInspection, error: unknown): Promise<void> {
    const isRefused = error instanceof ProviderError && error.retry === 'never';
    const everyMs = this.registry.get(provider)!.session.reconcileMs!;
    this.log.info(
      { handoverId, provider, err: (error as Error).message },
      'could not be compared with the contact centre',
    );
    await this.store.putOff(handoverId, isRefused ? MAX_INTERVALS * everyMs : 0, null);
    if (isRefused) return;
    const failures = this.failures.get(provider) ?? 0;
    this.failures.set(provider, failures + 1);
    const retryAfterMs = error instanceof ProviderError ? error.retryAfterMs : undefined;
    await this.store.rest(provider, nextDelayMs(failures, retryAfterMs, Math.random, REST));
  }

  private hasten(provider: string): void {
    if (performance.now() - (this.hastened.get(provider) ?? -Infinity) < HASTEN_MS) return;
    this.hastened.set(provider, performance.now());
    this.behind.add(provider);
  }

  private placesOf(provider: string): Slots {
    const known = this.places.get(provider) ?? new Slots(MAX_IN_FLIGHT);
    this.places.set(provider, known);
    return known;
  }

  private asked(): ProviderInstance[] {
    return this.registry.names().flatMap((name) => {
      const provider = this.registry.get(name)!;
      return isAsked(provider) ? [provider] : [];
    });
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const done = (): void => void this.running.delete(work);
    work.then(done, done);
    return work;
  }
}

function isAsked({ session }: ProviderInstance): boolean {
  return session.reconcileMs !== null && (session.inspect !== undefined || session.messagesSince !== undefined);
}

/** Resolves when the work is done, has failed, or has taken too long. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
