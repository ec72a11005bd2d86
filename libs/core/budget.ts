import { Refusal } from './errors.js';

/** Whose budget it is: a bot, the webhooks of a provider, the operator, or an address that has not proved who it is. */
export type Owner = `bot:${string}` | `provider:${string}` | `address:${string}` | 'operator';

export interface BudgetLimits {
  /** What all owners may hold together, in the budget's unit. */
  total: number;
  /** What one owner may hold while the total allows it. */
  share: number;
  /**
   * What one owner may hold even when the others have used the total up. This keeps a neighbour's load from refusing an owner
   * that asks for little. The real ceiling is therefore `total` + number of owners × `floor`.
   */
  floor: number;
}

/**
 * A limit with a share per caller, counted in places, bytes or anything else. It only counts: it never waits and never queues.
 * Owners that hold nothing take up no memory.
 */
export class Budget {
  private readonly held = new Map<Owner, number>();
  private used = 0;

  /** @param name names the budget in errors and metrics: `requests`, `bytes`, `streams` … */
  constructor(
    readonly name: string,
    private readonly limits: BudgetLimits,
  ) {}

  /** What the owner holds now. */
  heldBy(owner: Owner): number {
    return this.held.get(owner) ?? 0;
  }

  /** What all owners hold now. */
  get total(): number {
    return this.used;
  }

  /** How much more the owner could take now; never below zero. */
  room(owner: Owner): number {
    const { total, share, floor } = this.limits;
    const held = this.heldBy(owner);
    return Math.max(0, Math.min(share - held, Math.max(floor - held, total - this.used)));
  }

  /** Whether `take` would succeed now. */
  hasRoom(owner: Owner, amount = 1): boolean {
    return amount <= this.room(owner);
  }

  /** Takes `amount` for the owner; false, and nothing taken, when that is over the budget. Give it back with `free`. */
  take(owner: Owner, amount = 1): boolean {
    if (!this.hasRoom(owner, amount)) return false;
    this.held.set(owner, this.heldBy(owner) + amount);
    this.used += amount;
    return true;
  }

  free(owner: Owner, amount = 1): void {
    const left = this.heldBy(owner) - amount;
    if (left < 0) throw new Error(`${owner} gives back more of ${this.name} than it holds.`);
    if (left === 0) this.held.delete(owner);
    else this.held.set(owner, left);
    this.used -= amount;
  }

  /** The refusal for an owner that asked for more than there is: its own fault (429) at its share, the gateway's (503) otherwise. */
  refusal(owner: Owner, amount = 1): Refusal {
    const isOwn = this.heldBy(owner) + amount > this.limits.share;
    const members = { budget: this.name, owner };
    return isOwn
      ? new Refusal(
          'over_budget',
          `${owner} has used up its share of ${this.name} (${this.limits.share}). Wait for what is under way, then try again.`,
          [],
          members,
        )
      : new Refusal('unavailable', `The gateway has no ${this.name} left at the moment. Try again.`, [], members);
  }
}
