import type { Owner } from './budget.js';
import { Refusal } from './errors.js';

export interface PaceLimits {
  /** What one owner may bring in a second, in bytes. */
  bytesPerSecond: number;
  /** What is smaller has no turn to wait for, in bytes. */
  from: number;
  /** A turn that is further away is refused, in milliseconds. */
  longestWaitMs: number;
}

/**
 * Spreads one owner's large pieces of work over time. Each piece keeps the process from everything else while it is parsed and stored, so
 * pieces that come one after the other without a pause would make all others wait.
 */
export class Pace {
  /** When the owner's next turn begins, by the clock. */
  private readonly turns = new Map<Owner, number>();

  /**
   * @param name names the budget in errors
   * @param now milliseconds of a clock that only goes forward
   */
  constructor(
    readonly name: string,
    private readonly limits: PaceLimits,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Resolves when it is this piece's turn: at once for a small one. @throws {Refusal} `over_budget` when that is too far away */
  turn(owner: Owner, bytes: number): Promise<void> | undefined {
    const { bytesPerSecond, from, longestWaitMs } = this.limits;
    if (bytes < from) return undefined;
    const now = this.now();
    const begins = Math.max(now, this.turns.get(owner) ?? 0);
    if (begins - now > longestWaitMs) throw this.refusal(owner);
    this.turns.set(owner, begins + (bytes / bytesPerSecond) * 1_000);
    return begins > now ? new Promise((resolve) => setTimeout(resolve, begins - now)) : undefined;
  }

  private refusal(owner: Owner): Refusal {
    const { bytesPerSecond } = this.limits;
    return new Refusal(
      'over_budget',
      `${owner} has used up its share of ${this.name} (${bytesPerSecond} a second). Send large bodies more slowly, then try again.`,
      [],
      { budget: this.name, owner },
    );
  }
}
