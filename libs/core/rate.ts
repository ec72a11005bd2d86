import { Budget, type BudgetLimits, type Owner } from './budget.js';
import type { Refusal } from './errors.js';

/** A budget over a while: what an owner takes comes back by itself once the window is over. */
export class Rate {
  private readonly budget: Budget;
  private readonly taken: { owner: Owner; until: number }[] = [];

  /**
   * @param limits how often all owners, one of them, and each in any case may do it within the window
   * @param now milliseconds of a clock that only goes forward
   */
  constructor(
    name: string,
    limits: BudgetLimits,
    private readonly windowMs: number,
    private readonly now: () => number,
  ) {
    this.budget = new Budget(name, limits);
  }

  /** Counts one more; false when that is over the budget, and nothing is counted then. */
  take(owner: Owner): boolean {
    const now = this.now();
    while (this.taken[0] && this.taken[0].until <= now) this.budget.free(this.taken.shift()!.owner);
    if (!this.budget.take(owner)) return false;
    this.taken.push({ owner, until: now + this.windowMs });
    return true;
  }

  refusal(owner: Owner): Refusal {
    return this.budget.refusal(owner);
  }
}
