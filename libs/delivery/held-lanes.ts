import { Budget, type Lane, type LogItem, type MarkedLane, type TakenLane } from '#core';
import { Destination, type Kind, type Share } from './destination.js';
import { ReadAhead } from './read-ahead.js';

/** A lane in the hands of this replica, with what it needs to be worked on. */
export interface HeldLane {
  lane: TakenLane;
  destination: Destination;
  /** What its bot has at the destination. */
  share: Share;
  /** What comes next, without a gap; the rest is in the database. */
  items: LogItem[];
  /** What its items count for in the budget of what is read ahead, in bytes. */
  bytes: number;
  /** Its next item, in memory or not, carries files or is large. */
  isHeavy: boolean;
  /** The place that it has, while it is under way. */
  place: Kind;
  isRunning: boolean;
  isQueued: boolean;
  /** Whether it counts in the budget of lanes in hand. */
  isCounted: boolean;
  /** How the lane stands in the database after the latest note; null where it is not ours any more. */
  noted: Promise<MarkedLane | null> | null;
  /** It may be another's, or stand otherwise in the database: it is read again before anything else. */
  isDoubtful: boolean;
  /** How far it was done when it was read again for that reason. */
  readAt: number | null;
}

/**
 * Lanes in hand, of all bots and of one bot at one destination; beyond that they wait in the database. So a callback or a contact centre
 * that is slow does not take the hand away from the others.
 */
const HELD = { total: 2_000, share: 512, floor: 64 };
/** In this order a bot's lanes go: what was not tried yet first. */
const KINDS: readonly Kind[] = ['plain', 'heavy', 'tried'];

type Queues = Record<Kind, HeldLane[]>;

/**
 * The lanes in hand, each with the destination that its work goes to, and what is ready to go there: in a queue for each bot, from which
 * the bots take turns.
 */
export class HeldLanes {
  readonly ahead = new ReadAhead();
  private readonly held = new Map<string, HeldLane>();
  private readonly destinations = new Map<string, Destination>();
  /** Shares with something in their queues, the one whose turn it is first. */
  private readonly waiting = new Map<Destination, Map<Share, Queues>>();
  private budget = new Budget('lanes in hand', HELD);

  get size(): number {
    return this.held.size;
  }

  all(): HeldLane[] {
    return [...this.held.values()];
  }

  has(lane: Lane): boolean {
    return this.held.has(keyOf(lane));
  }

  /** How many more lanes of a bot to a destination may be taken. */
  room(share: Share): number {
    return this.budget.room(share.laneOwner);
  }

  /** Whether a lane may be taken. */
  hasRoomFor({ direction, target, bot }: TakenLane): boolean {
    return this.room(this.destination(direction, target).share(bot)) > 0;
  }

  /** Takes a lane into the hand; one that is there already may have got longer. */
  hold(lane: TakenLane): HeldLane {
    const key = keyOf(lane);
    const known = this.held.get(key);
    if (known) {
      lengthen(known, lane);
      return known;
    }
    const destination = this.destination(lane.direction, lane.target);
    const share = destination.share(lane.bot);
    const held: HeldLane = {
      lane: { ...lane },
      destination,
      share,
      items: [],
      bytes: 0,
      isHeavy: false,
      place: 'plain',
      isRunning: false,
      isQueued: false,
      isCounted: this.budget.take(share.laneOwner),
      noted: null,
      isDoubtful: false,
      readAt: null,
    };
    this.held.set(key, held);
    return held;
  }

  /** Whether it still is in hand: after a takeover the same lane may be here under another entry. */
  includes(held: HeldLane): boolean {
    return this.held.get(keyOf(held.lane)) === held;
  }

  /** Lets it go, unless the lane is here under another entry by now. */
  drop(held: HeldLane): void {
    if (this.includes(held)) this.held.delete(keyOf(held.lane));
    this.ahead.clear(held);
    if (held.isCounted) this.budget.free(held.share.laneOwner);
    held.isCounted = false;
  }

  /** Forgets all of them, those under way as well. */
  clear(): void {
    for (const held of this.held.values()) this.drop(held);
    this.waiting.clear();
  }

  destination(direction: Lane['direction'], target: string): Destination {
    const key = `${direction} ${target}`;
    const known = this.destinations.get(key) ?? new Destination(direction, target, () => performance.now());
    this.destinations.set(key, known);
    return known;
  }

  /** Destinations that something waits for. */
  busyDestinations(): Destination[] {
    return [...this.waiting.keys()];
  }

  /** Puts it into its bot's queue, behind those that were tried no more often. False when it is under way or waits there already. */
  enqueue(held: HeldLane): boolean {
    if (held.isRunning || held.isQueued) return false;
    held.isQueued = true;
    const { destination, share, lane } = held;
    const shares = this.waiting.get(destination) ?? new Map<Share, Queues>();
    this.waiting.set(destination, shares);
    const queues = shares.get(share) ?? { plain: [], heavy: [], tried: [] };
    shares.set(share, queues);
    const queue = queues[kindOf(held)];
    const before = queue.findLastIndex((other) => other.lane.attempts <= lane.attempts);
    queue.splice(before + 1, 0, held);
    return true;
  }

  /** How many of a bot's lanes wait here, of one kind or of all. */
  queued({ destination, share }: Pick<HeldLane, 'destination' | 'share'>, kind?: Kind): number {
    const queues = this.waiting.get(destination)?.get(share);
    if (!queues) return 0;
    return kind ? queues[kind].length : KINDS.reduce((sum, one) => sum + queues[one].length, 0);
  }

  /** Whether another bot waits for the same destination. */
  othersWait({ destination, share }: HeldLane): boolean {
    const shares = this.waiting.get(destination);
    return shares !== undefined && shares.size > (shares.has(share) ? 1 : 0);
  }

  /** Takes out the next one that there is a place for; the bots take turns. */
  next(destination: Destination): HeldLane | undefined {
    const shares = this.waiting.get(destination);
    if (!shares) return undefined;
    for (const [share, queues] of shares) {
      const kind = KINDS.find((one) => queues[one].length > 0 && destination.room(share, one) > 0);
      if (!kind) continue;
      const held = queues[kind].shift()!;
      held.isQueued = false;
      shares.delete(share);
      if (KINDS.some((one) => queues[one].length > 0)) shares.set(share, queues);
      else if (shares.size === 0) this.waiting.delete(destination);
      return held;
    }
    return undefined;
  }

  /** Lets all go that wait for a destination that their bot takes for down. */
  dropStranded(destination: Destination): HeldLane[] {
    const shares = this.waiting.get(destination);
    if (!shares) return [];
    const dropped: HeldLane[] = [];
    for (const [share, queues] of shares) {
      if (!share.isDown) continue;
      dropped.push(...KINDS.flatMap((kind) => queues[kind]));
      shares.delete(share);
    }
    if (shares.size === 0) this.waiting.delete(destination);
    for (const held of dropped) {
      held.isQueued = false;
      this.drop(held);
    }
    return dropped;
  }
}

/** Which place a lane needs for its next item. */
export function kindOf({ isHeavy, lane }: HeldLane): Kind {
  if (isHeavy) return 'heavy';
  return lane.attempts > 0 ? 'tried' : 'plain';
}

/** A lane reaches as far as anybody has seen. */
export function lengthen({ lane }: HeldLane, seen: Pick<TakenLane, 'last' | 'resend'>): void {
  lane.last = Math.max(lane.last, seen.last);
  lane.resend ||= seen.resend;
}

function keyOf({ direction, handoverId }: Lane): string {
  return `${direction} ${handoverId}`;
}
