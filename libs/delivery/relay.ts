import { randomUUID } from 'node:crypto';
import type { ProviderLog } from '#contract';
import { STALE_REPLICA_MS, type Lane, type OutboxItem, type OutboxStore } from '#core';
import { nextDelayMs } from './backoff.js';

/** What became of an item. `settled`: the executor has stored the outcome already. */
export type Outcome =
  | { kind: 'settled' }
  | { kind: 'done' }
  | { kind: 'failed'; error: string }
  | { kind: 'retry'; error: string; uncertain: boolean; retryAfterMs?: number }
  /** Too early; nothing was tried. */
  | { kind: 'wait'; ms: number };

/** Does one item. Never throws for what can go wrong outside; an exception means that the outcome could not be stored. */
export type Executor = (item: OutboxItem) => Promise<Outcome>;

const HEARTBEAT_MS = 2_000;
const POLL_MS = 500;
const POLL_BATCH = 200;
/** Silent for this long, a replica must assume that its lanes were taken, in milliseconds. */
const TRUST_OWN_LEASE_MS = STALE_REPLICA_MS - HEARTBEAT_MS;

/**
 * Empties the outbox: per handover and direction strictly one after the other, also across retries, while other handovers go on.
 * A lane belongs to one replica at a time; replicas are alive as long as they say so in the database.
 */
export class Relay {
  private readonly replica = randomUUID();
  private readonly running = new Map<string, { again: boolean }>();
  private readonly waiting = new Map<string, NodeJS.Timeout>();
  private readonly timers: NodeJS.Timeout[] = [];
  private lastHeartbeat = -Infinity;
  private stopped = true;

  constructor(
    private readonly store: OutboxStore,
    private readonly executors: Record<Lane['direction'], Executor>,
    private readonly log: ProviderLog,
  ) {}

  async start(): Promise<void> {
    this.stopped = false;
    await this.beat();
    this.timers.push(
      setInterval(
        () => void this.beat().catch((e: Error) => this.log.warn({ err: e.message }, 'heartbeat failed')),
        HEARTBEAT_MS,
      ),
    );
    this.timers.push(
      setInterval(
        () => void this.poll().catch((e: Error) => this.log.warn({ err: e.message }, 'outbox poll failed')),
        POLL_MS,
      ),
    );
    await this.poll();
  }

  /** Takes no new item and waits for those under way up to `withinMs`. Lanes still busy then are others' to take over. */
  async stop(withinMs: number): Promise<void> {
    this.stopped = true;
    for (const timer of [...this.timers, ...this.waiting.values()]) clearInterval(timer);
    const deadline = performance.now() + withinMs;
    while (this.running.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    // Without a database nothing can be given back; the lanes are free once this replica has been silent for long enough.
    await this.store
      .retire(this.replica)
      .catch((error: Error) =>
        this.log.warn({ err: error.message }, 'the database is away: others wait a few seconds for the lanes'),
      );
  }

  /** There may be something to do in this lane. */
  wake(lane: Lane): void {
    if (this.stopped) return;
    const key = keyOf(lane);
    const running = this.running.get(key);
    if (running) {
      running.again = true;
      return;
    }
    const state = { again: false };
    this.running.set(key, state);
    void this.run(lane, state)
      .catch((error: Error) =>
        this.log.warn(
          { handoverId: lane.handoverId, direction: lane.direction, err: error.message },
          'lane interrupted',
        ),
      )
      .finally(() => {
        this.running.delete(key);
        if (state.again) this.wake(lane);
      });
  }

  private async beat(): Promise<void> {
    const sentAt = performance.now();
    await this.store.heartbeat(this.replica);
    this.lastHeartbeat = sentAt;
  }

  private async poll(): Promise<void> {
    if (this.stopped) return;
    for (const lane of await this.store.findDue(this.replica, POLL_BATCH)) {
      if (!this.running.has(keyOf(lane))) this.wake(lane);
    }
  }

  private async run(lane: Lane, state: { again: boolean }): Promise<void> {
    const claim = await this.store.claim(this.replica, lane);
    if (!claim) return;
    // Whoever had the lane before may have done its first item already.
    let unknown = claim.takenOver;
    while (this.mayWork()) {
      const item = await this.next(lane, state);
      // A process that was paused may have lost the lane in the meantime; what it had in hand is another's now.
      if (item && !this.mayWork()) break;
      if (item) await this.handle({ ...item, uncertain: item.uncertain || unknown });
      unknown = false;
      if (!item) break;
    }
    // Not in a `finally`: a lane with an outcome that could not be stored stays held, so that its next claim knows.
    if (!unknown) await this.store.release(this.replica, lane);
  }

  private async next(lane: Lane, state: { again: boolean }): Promise<OutboxItem | null> {
    state.again = false;
    const item = await this.store.head(lane);
    if (!item || item.dueInMs <= 0) return item;
    this.wakeLater(lane, item.dueInMs);
    return null;
  }

  private async handle(item: OutboxItem): Promise<void> {
    const outcome = await this.executors[item.direction](item);
    const context = { handoverId: item.handoverId, kind: item.kind, attempt: item.attempts + 1 };
    switch (outcome.kind) {
      case 'settled':
        return;
      case 'done':
        return this.store.settle(item.id, 'done', null);
      case 'failed':
        this.log.warn(context, 'given up; kept as failed');
        return this.store.settle(item.id, 'failed', outcome.error);
      case 'retry': {
        const delayMs = nextDelayMs(item.attempts, outcome.retryAfterMs);
        // Not the reason: the contact centre may have quoted the message. It is kept with the item.
        this.log.info({ ...context, delayMs: Math.round(delayMs) }, 'will be tried again');
        return this.store.postpone(item.id, delayMs, outcome);
      }
      case 'wait':
        return this.store.postpone(item.id, outcome.ms, null);
    }
  }

  private mayWork(): boolean {
    return !this.stopped && performance.now() - this.lastHeartbeat < TRUST_OWN_LEASE_MS;
  }

  private wakeLater(lane: Lane, delayMs: number): void {
    const key = keyOf(lane);
    clearTimeout(this.waiting.get(key));
    const timer = setTimeout(() => {
      this.waiting.delete(key);
      this.wake(lane);
    }, delayMs + 1);
    this.waiting.set(key, timer);
  }
}

function keyOf({ direction, handoverId }: Lane): string {
  return `${direction}:${handoverId}`;
}
