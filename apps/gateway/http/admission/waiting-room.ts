/** What one that waits is asked to hold at the most, and all of them together. */
export interface RoomLimits {
  count: number;
  /** In any unit; bytes for bodies. */
  amount: number;
}

/** One that waits in a room. */
export interface Waiting {
  readonly address: string;
  readonly sendAway: () => void;
  amount: number;
}

/**
 * A bounded room for those that have proved nothing yet. It refuses no newcomer: when it is full, the address that has the most in
 * it loses the one that waits longest. A stranger who fills it with what never comes to an end thus crowds out only that, while
 * what arrives at once, as a genuine webhook does, is gone before its turn to be sent away would come.
 */
export class WaitingRoom {
  private readonly byAddress = new Map<string, Set<Waiting>>();
  private count = 0;
  private amount = 0;

  constructor(private readonly limits: RoomLimits) {}

  /** How many wait. */
  get size(): number {
    return this.count;
  }

  /** @param sendAway called, at most once, when there is no room left for this one; it has left by then */
  enter(address: string, sendAway: () => void): Waiting {
    const waiting: Waiting = { address, sendAway, amount: 0 };
    const own = this.byAddress.get(address);
    if (own) own.add(waiting);
    else this.byAddress.set(address, new Set([waiting]));
    this.count += 1;
    if (this.count > this.limits.count) this.crowdOut(({ size }) => size);
    return waiting;
  }

  /** Notes that one holds more. */
  grow(waiting: Waiting, amount: number): void {
    if (!this.byAddress.get(waiting.address)?.has(waiting)) return;
    waiting.amount += amount;
    this.amount += amount;
    while (this.amount > this.limits.amount) this.crowdOut(amountOf);
  }

  /** Safe to repeat. */
  leave(waiting: Waiting): void {
    const own = this.byAddress.get(waiting.address);
    if (!own?.delete(waiting)) return;
    if (own.size === 0) this.byAddress.delete(waiting.address);
    this.count -= 1;
    this.amount -= waiting.amount;
  }

  private crowdOut(weigh: (own: Set<Waiting>) => number): void {
    let heaviest: Set<Waiting> | undefined;
    let most = -1;
    for (const own of this.byAddress.values()) {
      const weight = weigh(own);
      if (weight > most) [heaviest, most] = [own, weight];
    }
    const [first] = heaviest ?? [];
    if (!first) return;
    this.leave(first);
    first.sendAway();
  }
}

function amountOf(own: Set<Waiting>): number {
  let sum = 0;
  for (const { amount } of own) sum += amount;
  return sum;
}
