import type { ProviderLog } from '#contract';
import type {
  Appetite,
  Committed,
  Handover,
  HandoverUnit,
  Lane,
  LaneStore,
  LogItem,
  MarkedLane,
  TakenLane,
} from '#core';
import { nextDelayMs } from './backoff.js';
import { Share, type Destination, type Kind } from './destination.js';
import type { Executor, Outcome } from './executor.js';
import { HeldLanes, kindOf, lengthen, type HeldLane } from './held-lanes.js';
import { HEARTBEAT_MS, Lease } from './lease.js';
import { LostLanes } from './lost-lanes.js';
import { Marks } from './marks.js';
import { PollsSoon } from './polls-soon.js';
import { READ_AHEAD, READ_AHEAD_BYTES } from './read-ahead.js';

const POLL_MS = 500;
/** A lane whose outcome could not be stored, or that was lost sight of, is looked for this often, in milliseconds. */
const SWEEP_MS = 5_000;
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
  private readonly lost = new LostLanes();
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
    return this.mayWork() ? this.lease.replica : null;
  }

  /** Whether a new lane may be taken: its bot has not too many in hand already. */
  hasRoomFor(lane: TakenLane): boolean {
    return this.held.has(lane) || this.held.hasRoomFor(lane);
  }

  /** No other replica is alive, as far as this one knows. */
  get isAlone(): boolean {
    return this.lease.isAlone;
  }

  /** Ids of replicas that are dead, as far as this one has seen. */
  get dead(): string[] {
    return this.lease.dead;
  }

  /** Whether a bot's callback or a provider does not work at the moment, as far as this replica has seen; with a bot, for that one. */
  isDown(direction: Lane['direction'], target: string, bot?: string): boolean {
    return this.held.destination(direction, target).isDown(bot);
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
  committed({ units, taker, opened, left, extended }: Committed): void {
    if (taker !== this.lease.replica) return;
    for (const { direction, target, bot } of left)
      this.held.destination(direction, target).share(bot).isBacklogged = true;
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
      for (const item of items) this.held.ahead.add(held, item);
      this.enqueue(held);
    }
  }

  /** Something was stored perhaps, perhaps under our name: it is looked for. */
  unsure(): void {
    this.lost.unsure();
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
    const appetite = this.targets().map(({ direction, target }) =>
      this.appetiteOf(this.held.destination(direction, target)),
    );
    const taken = await this.store.take(this.lease.replica, appetite);
    this.noteBacklogs(appetite, taken);
    for (const lane of taken) {
      if (this.hasRoomFor(lane)) this.enqueue(this.held.hold(lane));
      else this.giveBack(lane);
    }
  }

  private appetiteOf(destination: Destination): Appetite {
    const wanted = (share: Share): Appetite['others'] => {
      const inHand = this.held.room(share);
      const of = (kind: Kind, most: number): number =>
        Math.max(0, Math.min(most, destination.room(share, kind) - this.held.queued({ destination, share }, kind)));
      const fresh = of('plain', inHand);
      return { fresh, tried: of('tried', inHand - fresh) };
    };
    const bots = Object.fromEntries([...destination.known()].map((share) => [share.bot, wanted(share)]));
    const { direction, target } = destination;
    return { direction, target, others: wanted(new Share('')), bots };
  }

  /** Where as much was there as was asked for, more may wait. */
  private noteBacklogs(appetite: Appetite[], taken: TakenLane[]): void {
    const counts = new Map<Share, { fresh: number; tried: number }>();
    for (const { direction, target, bot, attempts } of taken) {
      const share = this.held.destination(direction, target).share(bot);
      const count = counts.get(share) ?? { fresh: 0, tried: 0 };
      counts.set(share, count);
      count[attempts > 0 ? 'tried' : 'fresh'] += 1;
    }
    for (const { direction, target, others, bots } of appetite) {
      for (const share of this.held.destination(direction, target).known()) {
        const { fresh, tried } = bots[share.bot] ?? others;
        const count = counts.get(share) ?? { fresh: 0, tried: 0 };
        if (fresh > 0) share.isBacklogged = count.fresh >= fresh || (tried > 0 && count.tried >= tried);
      }
    }
  }

  /** Goes on with what was lost sight of; its outcome is not known. */
  private async sweep(): Promise<void> {
    if (!this.mayWork()) return;
    const lost = await this.lost.find(
      () => this.store.held(this.lease.replica),
      (lane) => this.held.has(lane),
    );
    for (const lane of lost) this.enqueue(this.held.hold({ ...lane, uncertain: true }));
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
    while (this.mayWork()) {
      const held = this.held.next(destination);
      if (!held) break;
      this.begin(held);
    }
    // Lanes of a bot that takes the destination for down wait in the database, not in memory.
    for (const { lane, isDoubtful } of this.held.dropStranded(destination)) {
      // Of a doubtful one nothing is known that could be written.
      if (isDoubtful) this.unsure();
      else this.giveBack(lane);
    }
  }

  private begin(held: HeldLane): void {
    const { destination, share } = held;
    const place = kindOf(held);
    held.place = place;
    held.isRunning = true;
    destination.begin(share, place);
    void this.run(held)
      .catch((error: Error) => this.interrupted(held, error))
      .finally(() => {
        held.isRunning = false;
        destination.end(share, place);
        if (this.held.includes(held)) {
          if (held.isDoubtful) void this.readAgain(held);
          else if (held.items.length > 0 || held.isHeavy) this.enqueue(held);
          else this.emptied(held);
        }
        this.pump(destination);
        if (share.isBacklogged && this.held.queued(held) === 0) this.soon.in(0);
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

  /** Leaves a lane in the database, where it keeps its turn, with what is known of its last try. */
  private giveBack(lane: TakenLane): void {
    void this.store.postpone(this.lease.replica, lane, 0, null).catch((error: Error) => {
      this.unsure();
      this.log.warn({ err: error.message }, 'lane not given back');
    });
  }

  /** Works a lane off until it is empty, must wait or make way, or is another's. */
  private async run(held: HeldLane): Promise<void> {
    const { lane } = held;
    while (this.held.includes(held) && !held.isDoubtful && this.mayWork()) {
      if (held.items.length === 0 && (lane.last > lane.done || lane.resend)) {
        const items = await this.store.next(lane, lane.done, READ_AHEAD, READ_AHEAD_BYTES);
        // A process that was paused may have lost the lane in the meantime.
        if (!this.held.includes(held)) return;
        // Nothing is skipped.
        if (items[0] && !items[0].deadLetter && items[0].sequence !== lane.done + 1)
          throw new Error(`Number ${lane.done + 1} of the log is missing.`);
        this.held.ahead.fill(held, items);
        if (items.length === 0) {
          if (lane.last > lane.done) throw new Error(`Number ${lane.done + 1} of the log is missing.`);
          // There was nothing to send again, so the lane may go now.
          lane.resend = false;
          held.noted = null;
        }
        continue;
      }
      const item = held.items[0];
      if (!item) return;
      // It needs a place of another kind. What is large is read again in its turn, so that it does not wait in memory.
      if (kindOf(held) !== held.place) return held.isHeavy ? this.held.ahead.clear(held) : undefined;
      const outcome = await this.executors[lane.direction]({ lane, item });
      if (outcome.kind === 'done' || outcome.kind === 'failed') await this.finish(held, item, outcome);
      else return this.putOff(held, outcome);
      if (held.items.length > 0 && this.held.othersWait(held)) return;
    }
  }

  private async finish(held: HeldLane, item: LogItem, outcome: Outcome & { kind: 'done' | 'failed' }): Promise<void> {
    const { lane, destination } = held;
    destination.succeeded(held.share, held.place);
    // Whoever has the lane now finds out by itself.
    if (!this.held.includes(held) || held.isDoubtful) return;
    const context = { handoverId: lane.handoverId, kind: item.kind, sequence: item.sequence };
    const error = outcome.kind === 'failed' ? outcome.error : null;
    if (error !== null) this.log.warn(context, 'given up; kept as a dead letter');
    if (item.deadLetter) await this.store.settleDeadLetter(item.deadLetter, error);
    else if (error !== null) await this.store.bury(lane, item, error);
    this.held.ahead.shift(held);
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
      if (!outcome.isDown) destination.succeeded(held.share, held.place);
      else if (destination.failed(held.share, held.place, lane)) {
        const { direction, target, bot } = lane;
        this.log.warn(
          { direction, target, bot },
          'does not work for this bot at the moment: tried with few calls at a time until it does',
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
    this.held.ahead.clear(held);
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

function itemsOf(unit: HandoverUnit, direction: Lane['direction']): LogItem[] {
  const handover: Handover = unit.handover;
  return direction === 'bot'
    ? unit.events.map(({ sequence, webhookId, body }) => ({ kind: 'event', sequence, webhookId, body, ageMs: 0 }))
    : unit.commands.map((command) => ({ ...command, handover, ageMs: 0 }));
}
