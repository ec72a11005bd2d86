import type { Lane, LogItem, MarkedLane, TakenLane } from '#core';
import { Destination } from './destination.js';

/** A lane in the hands of this replica, with what it needs to be worked on. */
export interface HeldLane {
  lane: TakenLane;
  destination: Destination;
  /** What comes next, without a gap; the rest is in the database. */
  items: LogItem[];
  isRunning: boolean;
  isQueued: boolean;
  /** How the lane stands in the database after the latest note; null where it is not ours any more. */
  noted: Promise<MarkedLane | null> | null;
  /** It may be another's, or stand otherwise in the database: it is read again before anything else. */
  isDoubtful: boolean;
  /** How far it was done when it was read again for that reason. */
  readAt: number | null;
}

/** The lanes in hand, each with the destination that its work goes to, and the queue of those that are ready to go. */
export class HeldLanes {
  private readonly held = new Map<string, HeldLane>();
  private readonly destinations = new Map<string, Destination>();
  private readonly queues = new Map<Destination, HeldLane[]>();

  get size(): number {
    return this.held.size;
  }

  all(): HeldLane[] {
    return [...this.held.values()];
  }

  has(lane: Lane): boolean {
    return this.held.has(keyOf(lane));
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
    const held: HeldLane = {
      lane: { ...lane },
      destination,
      items: [],
      isRunning: false,
      isQueued: false,
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
  }

  /** Forgets all of them, those under way as well. */
  clear(): void {
    this.held.clear();
    this.queues.clear();
  }

  destination(direction: Lane['direction'], target: string): Destination {
    const key = `${direction} ${target}`;
    const known = this.destinations.get(key) ?? new Destination(direction, target, () => performance.now());
    this.destinations.set(key, known);
    return known;
  }

  /** Destinations that had something to do so far. */
  busyDestinations(): Destination[] {
    return [...this.queues.keys()];
  }

  /** Puts it at the end of its destination's queue. False when it is under way or waits there already. */
  enqueue(held: HeldLane): boolean {
    if (held.isRunning || held.isQueued) return false;
    held.isQueued = true;
    const queue = this.queues.get(held.destination) ?? [];
    this.queues.set(held.destination, queue);
    queue.push(held);
    return true;
  }

  isIdle(destination: Destination): boolean {
    return (this.queues.get(destination)?.length ?? 0) === 0;
  }

  /** Takes the first one out of the queue. */
  next(destination: Destination): HeldLane | undefined {
    const held = this.queues.get(destination)?.shift();
    if (held) held.isQueued = false;
    return held;
  }

  /** Lets all go that wait for this destination. */
  dropQueued(destination: Destination): HeldLane[] {
    const dropped = this.queues.get(destination)?.splice(0) ?? [];
    for (const held of dropped) {
      held.isQueued = false;
      this.drop(held);
    }
    return dropped;
  }
}

/** A lane reaches as far as anybody has seen. */
export function lengthen({ lane }: HeldLane, seen: Pick<TakenLane, 'last' | 'resend'>): void {
  lane.last = Math.max(lane.last, seen.last);
  lane.resend ||= seen.resend;
}

function keyOf({ direction, handoverId }: Lane): string {
  return `${direction} ${handoverId}`;
}
