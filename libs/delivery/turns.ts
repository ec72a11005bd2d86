import { Budget, type BudgetLimits, type Owner } from '#core';

/** A bounded number of places with a share for each owner; those who wait take turns. */
export class Turns {
  private readonly places: Budget;
  private readonly waiting = new Map<Owner, (() => void)[]>();

  constructor(name: string, limits: BudgetLimits) {
    this.places = new Budget(name, limits);
  }

  /** Resolves once the owner has a place; it gives it back by `free`. */
  async take(owner: Owner): Promise<void> {
    if (this.places.take(owner)) return;
    await new Promise<void>((resolve) => {
      this.waiting.set(owner, [...(this.waiting.get(owner) ?? []), resolve]);
    });
  }

  free(owner: Owner): void {
    this.places.free(owner);
    for (const [next, [first, ...others]] of this.waiting) {
      if (!this.places.take(next)) continue;
      this.waiting.delete(next);
      if (others.length > 0) this.waiting.set(next, others);
      return first!();
    }
  }
}
