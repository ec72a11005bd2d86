import type { ProviderLog } from '#contract';
import type { Appetite, Committed, Handover, HandoverUnit, Lane, LaneStore, LogItem, MarkedLane } from '#core';
import { nextDelayMs } from './backoff.js';
import type { Destination } from './destination.js';
import type { Executor, Outcome } from './executor.js';
import { HEARTBEAT_MS, Lease } from './lease.js';
import { HeldLanes, lengthen, type HeldLane } from './held-lanes.js';
import { Marks } from './marks.js';
import { PollsSoon } from './polls-soon.js';

const POLL_MS = 500;
/** Lanes in hand; beyond that new work waits in the database. */
const MAX_HELD = 2_000;
/** Items of one lane that are read, or kept in memory, at a time. */
const READ_AHEAD = 16;
/** A lane whose outcome could not be stored, or that was lost sight of, is looked for this often, in milliseconds. */
const SWEEP_MS = 5_000;
/** That often once something went wrong, which may come to light late; otherwise every twelfth time, to be on the safe side. */
const SWEEPS = { afterTrouble: 6, anyway: 12 };
/** Lanes whose owners nobody knows are looked for, and dead replicas forgotten, this often, in milliseconds. */
const TIDY_MS = 60_000;

/**
 * Carries events to bots and commands to contact centres: per handover and direction strictly one after the other, also across
 * retries, while other handovers go on. A lane belongs to one replica at a time; replicas are alive as long as they say so in
 * the database. What is freshly committed is carried out from memory; what waits is in the database only. The database is always
 * right: a lane that it does not call ours, or that does not reach as far there as here, is dropped before its next item.
 */
export class Relay {
  private readonly lease: Lease;
  private readonly held = new HeldLanes();
  /** Destinations that have more waiting in the database than they had room for. */
  private readonly backlogged = new Set<Destination>();
  private readonly timers: NodeJS.Timeout[] = [];
  /**
   * A command is noted as done before the next one is carried out: looking an unknown outcome up tells of the last command only. An
   * event may come again under its id, so its note waits for nobody and for no disk. Each note tells whether the lane still is ours.
   */
  private readonly marks: Record<Lane['direction'], Marks>;
  private readonly soon = new PollsSoon(() =>
    this.poll().catch((error: Error) => this.log.warn({ err: error.message }, 'lane poll failed')),
  );
  private polling: Promise<void> | null = null;
  private suspects = new Set<string>();
  private sweeps = 0;
  private untroubled = 0;
  private stopped = true;

  constructor(
    private readonly store: LaneStore,
    private readonly executors: Record<Lane['direction'], Executor>,
    /** Names of all bots and providers, which is where work can go. */
    private readonly targets: () => Pick<Appetite, 'direction' | 'target'>[],
    /** Whether an error is the database's state, and not the row's fault. */
    private readonly isTransient: (error: unknown) => boolean,
    private readonly log: ProviderLog,
  ) {
    this.lease = new Lease(store, () => this.startOver(), log);
    const marks = (direction: Lane['direction'], isDurable: boolean): Marks =>
      new Marks(direction, (lanes, delivered) => this.store.mark(this.lease.replica, lanes, delivered, isDurable), log);
    this.marks = { provider: marks('provider', true), bot: marks('bot', false) };
  }

  /** Under whose name new lanes are taken; null while this replica takes none. */
  get taker(): string | null {
    return !this.mayWork() || this.held.size >= MAX_HELD ? null : this.lease.replica;
  }

  /** No other replica is alive, as far as this one knows. */
  get isAlone(): boolean {
    return this.lease.isAlone;
  }

  /** Ids of replicas that are dead, as far as this one has seen. */
  get dead(): string[] {
    return this.lease.dead;
  }

  /** Whether a bot's callback or a provider does not work at the moment, as far as this replica has seen. */
  isDown(direction: Lane['direction'], target: string): boolean {
    return this.held.destination(direction, target).isDown;
  }

  async start(): Promise<void> {
    this.stopped = false;
    await this.beat();
    const every = (ms: number, what: string, work: () => Promise<void>): void => {
      const run = (): void => void work().catch((e: Error) => this.log.warn({ err: e.message }, `${what} failed`));
      this.timers.push(setInterval(run, ms));
    };
    every(HEARTBEAT_MS, 'heartbeat', () => this.beat());
    every(POLL_MS, 'lane poll', () => this.poll());
    every(SWEEP_MS, 'lane sweep', () => this.sweep());
    every(TIDY_MS, 'tidying', () => this.lease.tidy());
    await this.poll();
    await this.lease.tidy();
  }

  /** Takes no new item and waits for those under way up to `withinMs`, then gives all lanes back. */
  async stop(withinMs: number): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearInterval(timer);
    this.soon.stop();
    const deadline = performance.now() + withinMs;
    const isBusy = (): boolean => this.held.all().some(({ isRunning }) => isRunning);
    while (isBusy() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    await this.polling?.catch(() => undefined);
    // Without a database nothing can be given back; the lanes are free once this replica has been silent for long enough.
    await Promise.all([this.marks.provider.finish(), this.marks.bot.finish()])
      .then(() => (isBusy() ? undefined : this.store.retire(this.lease.replica, this.cleanLanes())))
      .catch((error: Error) =>
        this.log.warn({ err: error.message }, 'the database is away: others wait a few seconds for the lanes'),
      );
  }

  /** Goes on with what was just committed, without asking the database. */
  committed({ units, taker, opened, extended }: Committed): void {
    if (taker !== this.lease.replica) return;
    const byHandover = new Map(units.map((unit) => [unit.handover.id, unit]));
    const isNew = new Set(opened);
    for (const lane of [...opened, ...extended.filter((one) => this.held.has(one))]) {
      const held = this.held.hold(lane);
      const items = itemsOf(byHandover.get(lane.handoverId)!, lane.direction);
      // Numbers that are done already, or a row that begins elsewhere: what is in hand is not what the database has.
      if (items[0]!.sequence <= held.lane.done || (isNew.has(lane) && lane.done !== held.lane.done)) {
        this.doubt(held);
        continue;
      }
      for (const item of items) {
        const tail = held.items.at(-1)?.sequence ?? held.lane.done;
        if (item.sequence === tail + 1 && held.items.length < READ_AHEAD) held.items.push(item);
      }
      this.enqueue(held);
    }
  }

  /** Something was stored perhaps, perhaps under our name: it is looked for. */
  unsure(): void {
    this.sweeps = SWEEPS.afterTrouble;
  }

  /** The database has lost something, so all that is remembered of it may be wrong. */
  beginAnew(): void {
    if (this.stopped) return;
    this.lease.giveUp('the database lost what it had: this replica begins anew');
    this.beat().catch((error: Error) => this.log.warn({ err: error.message }, 'heartbeat failed'));
  }

  /** Looks for work that others left, or that is due again. */
  poll(): Promise<void> {
    this.polling ??= this.takeDue().finally(() => (this.polling = null));
    return this.polling;
  }

  private async takeDue(): Promise<void> {
    if (!this.mayWork()) return;
    await this.lease.freeOthers();
    if (this.held.size >= MAX_HELD) return;
    const appetite = this.targets()
      .map(({ direction, target }) => this.held.destination(direction, target).appetite)
      .filter(({ limit }) => limit > 0);
    const taken = await this.store.take(this.lease.replica, appetite);
    for (const { direction, target, limit } of appetite) {
      const count = taken.filter((lane) => lane.direction === direction && lane.target === target).length;
      if (count >= limit) this.backlogged.add(this.held.destination(direction, target));
      else this.backlogged.delete(this.held.destination(direction, target));
    }
    for (const lane of taken) this.enqueue(this.held.hold(lane));
  }

  /**
   * Lanes that are ours in the database but not in memory: an answer that got lost, or an outcome that was not stored. Looked for
   * while there is a reason to: it means reading all that is ours, and all that was, while an old snapshot is open.
   */
  private async sweep(): Promise<void> {
    if (!this.mayWork()) return;
    this.untroubled += 1;
    if (this.sweeps === 0 && this.suspects.size === 0 && this.untroubled < SWEEPS.anyway) return;
    this.untroubled = 0;
    this.sweeps = Math.max(0, this.sweeps - 1);
    const lost = (await this.store.held(this.lease.replica)).filter((lane) => !this.held.has(lane));
    for (const lane of lost) {
      // A commit may be a moment ahead of its answer; a lane seen twice is really lost.
      if (this.suspects.has(nameOf(lane)) && !this.held.has(lane))
        this.enqueue(this.held.hold({ ...lane, uncertain: true }));
    }
    this.suspects = new Set(lost.map(nameOf));
  }

  private async beat(): Promise<void> {
    await this.lease.renew();
    for (const destination of this.held.busyDestinations()) this.pump(destination);
  }

  /** Others may have what was ours. What we held is left to whoever takes it over, also to ourselves. */
  private startOver(): void {
    this.held.clear();
  }

  private enqueue(held: HeldLane): void {
    if (this.held.enqueue(held)) this.pump(held.destination);
  }

  /** Starts what is ready, as far as the destination has room. */
  private pump(destination: Destination): void {
    while (!this.held.isIdle(destination) && destination.room > 0 && this.mayWork())
      this.begin(this.held.next(destination)!);
    if (!this.held.isIdle(destination) && destination.isDown) this.letGo(destination);
  }

  private begin(held: HeldLane): void {
    const { destination } = held;
    held.isRunning = true;
    destination.inFlight += 1;
    void this.run(held)
      .catch((error: Error) => this.interrupted(held, error))
      .finally(() => {
        held.isRunning = false;
        destination.inFlight -= 1;
        if (this.held.includes(held)) {
          if (held.isDoubtful) void this.readAgain(held);
          else if (held.items.length > 0) this.enqueue(held);
          else this.emptied(held);
        }
        this.pump(destination);
        if (this.backlogged.has(destination) && this.held.isIdle(destination)) this.soon.in(0);
      });
  }

  /** A broken row stops its own lane, where operators see it. Without a database it stays ours there, and the sweep finds it. */
  private async interrupted(held: HeldLane, error: Error): Promise<void> {
    const { handoverId, direction } = held.lane;
    this.log.warn({ handoverId, direction, err: error.message }, 'lane interrupted');
    if (this.isTransient(error)) return this.loseSight(held);
    const outcome = { kind: 'retry' as const, error: error.message, uncertain: true, isDown: false };
    await this.putOff(held, outcome).catch(() => this.loseSight(held));
  }

  /** It stays ours in the database, where it counts as uncertain, and the sweep finds it. */
  private loseSight(held: HeldLane): void {
    this.held.drop(held);
    this.unsure();
  }

  /** Lanes of a destination that is down wait in the database, not in memory. */
  private letGo(destination: Destination): void {
    for (const { lane, isDoubtful } of this.held.dropQueued(destination)) {
      // Of a doubtful one nothing is known that could be written.
      if (isDoubtful) this.unsure();
      else
        void this.store.postpone(this.lease.replica, lane, 0, null).catch((error: Error) => {
          this.unsure();
          this.log.warn({ err: error.message }, 'lane not given back');
        });
    }
  }

  /** Works a lane off until it is empty, must wait, or is another's. */
  private async run(held: HeldLane): Promise<void> {
    const { lane } = held;
    while (this.held.includes(held) && !held.isDoubtful && this.mayWork()) {
      if (held.items.length === 0 && (lane.last > lane.done || lane.resend)) {
        held.items = await this.store.next(lane, lane.done, READ_AHEAD);
        const [first] = held.items;
        // Nothing is skipped.
        if (first && !first.deadLetter && first.sequence !== lane.done + 1) {
          held.items = [];
          throw new Error(`Number ${lane.done + 1} of the log is missing.`);
        }
        if (held.items.length === 0) {
          if (lane.last > lane.done) throw new Error(`Number ${lane.done + 1} of the log is missing.`);
          // There was nothing to send again, so the lane may go now.
          lane.resend = false;
          held.noted = null;
        }
        // A process that was paused may have lost the lane in the meantime.
        continue;
      }
      const item = held.items[0];
      if (!item) return;
      const outcome = await this.executors[lane.direction]({ lane, item });
      if (outcome.kind === 'done' || outcome.kind === 'failed') await this.finish(held, item, outcome);
      else return this.putOff(held, outcome);
    }
  }

  private async finish(held: HeldLane, item: LogItem, outcome: Outcome & { kind: 'done' | 'failed' }): Promise<void> {
    const { lane, destination } = held;
    destination.succeeded();
    // Whoever has the lane now finds out by itself.
    if (!this.held.includes(held) || held.isDoubtful) return;
    const context = { handoverId: lane.handoverId, kind: item.kind, sequence: item.sequence };
    const error = outcome.kind === 'failed' ? outcome.error : null;
    if (error !== null) this.log.warn(context, 'given up; kept as a dead letter');
    if (item.deadLetter) await this.store.settleDeadLetter(item.deadLetter, error);
    else if (error !== null) await this.store.bury(lane, item, error);
    held.items.shift();
    lane.attempts = 0;
    // What was found done may have been done by whoever had the lane before, and so may be all that comes next.
    lane.uncertain = outcome.kind === 'done' && outcome.byOther === true;
    if (item.deadLetter) lane.resend = held.items.some(({ deadLetter }) => deadLetter);
    else lane.done = item.sequence;
    const noted = this.marks[lane.direction].note(lane, outcome.kind === 'done' ? outcome.delivered : undefined);
    held.noted = noted;
    if (lane.direction === 'provider') this.compare(held, await noted);
    else void noted.then((standing) => this.compare(held, standing));
  }

  /** What the database says of a lane after a note of it. */
  private compare(held: HeldLane, standing: MarkedLane | null): void {
    if (standing) lengthen(held, standing);
    else this.doubt(held);
  }

  private async putOff(held: HeldLane, outcome: Outcome & { kind: 'retry' | 'wait' }): Promise<void> {
    const { lane, destination } = held;
    if (!this.held.includes(held) || held.isDoubtful) return;
    const delayMs = outcome.kind === 'wait' ? outcome.ms : nextDelayMs(lane.attempts, outcome.retryAfterMs);
    if (outcome.kind === 'retry') {
      const context = { handoverId: lane.handoverId, direction: lane.direction, attempt: lane.attempts + 1 };
      // Not the reason: the contact centre may have quoted the message. It is kept with the lane.
      this.log.info({ ...context, delayMs: Math.round(delayMs) }, 'will be tried again');
      if (!outcome.isDown) destination.succeeded();
      else if (destination.failed()) {
        const { direction, target } = destination;
        this.log.warn(
          { direction, target },
          'does not work at the moment: tried with one call at a time until it does',
        );
      }
    }
    if (outcome.kind === 'retry') lane.uncertain = outcome.uncertain;
    const isPutOff = await this.store.postpone(
      this.lease.replica,
      lane,
      delayMs,
      outcome.kind === 'retry' ? outcome.error : null,
    );
    if (!isPutOff) this.unsure();
    this.held.drop(held);
    held.items = [];
    this.soon.in(delayMs);
  }

  /** Nothing is left in memory. Once the database has noted that, the lane goes, unless it has got longer. */
  private emptied(held: HeldLane): void {
    const { lane } = held;
    const { done } = lane;
    void (held.noted ?? this.marks[lane.direction].note(lane)).then((standing) => {
      if (!this.held.includes(held) || held.isRunning || held.isQueued || lane.done !== done) return;
      this.compare(held, standing);
      if (standing === null) return;
      if (lane.last > done || lane.resend) this.enqueue(held);
      else if (standing.isGone) this.held.drop(held);
      else this.doubt(held);
    });
  }

  /** The lane is another's, or stands otherwise in the database than here: no item of it is begun before that was read. */
  private doubt(held: HeldLane): void {
    if (!this.held.includes(held) || held.isDoubtful) return;
    held.isDoubtful = true;
    held.items = [];
    const { handoverId, direction, done } = held.lane;
    this.log.warn({ handoverId, direction, done }, 'lane lost, or not as the database has it: read again');
    if (!held.isRunning && !held.isQueued) void this.readAgain(held);
  }

  /** Takes the lane as it stands in the database, where it is ours. One that got no further since it was read so waits for the sweep. */
  private async readAgain(held: HeldLane): Promise<void> {
    try {
      const row = await this.store.look(this.lease.replica, held.lane);
      if (!this.held.includes(held)) return;
      if (row && held.readAt === row.done) return this.loseSight(held);
      this.held.drop(held);
      if (!row) return;
      const again = this.held.hold({ ...row, uncertain: true });
      again.readAt = row.done;
      this.enqueue(again);
    } catch (error) {
      this.loseSight(held);
      this.log.warn({ err: (error as Error).message }, 'lane lost sight of');
    }
  }

  /** Lanes in hand whose next item was not tried, for all that is known. */
  private cleanLanes(): Lane[] {
    return this.held.all().flatMap(({ lane, isDoubtful }) => (lane.uncertain || isDoubtful ? [] : lane));
  }

  private mayWork(): boolean {
    return !this.stopped && this.lease.isHeld;
  }
}

function nameOf({ direction, handoverId }: Lane): string {
  return `${direction} ${handoverId}`;
}

function itemsOf(unit: HandoverUnit, direction: Lane['direction']): LogItem[] {
  const handover: Handover = unit.handover;
  return direction === 'bot'
    ? unit.events.map(({ sequence, webhookId, body }) => ({ kind: 'event', sequence, webhookId, body, ageMs: 0 }))
    : unit.commands.map((command) => ({ ...command, handover, ageMs: 0 }));
}
