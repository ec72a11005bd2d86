import type { Lane, TakenLane } from '#core';

/** How often it is looked once something went wrong, which may come to light late; and every how many times anyway, to be on the safe side. */
const LOOKS = { afterTrouble: 6, anyway: 12 };

/**
 * Finds lanes that are ours in the database but not in memory: the answer to a commit got lost, or an outcome was not stored. Looked
 * for while there is a reason to: it means reading all that is ours, and all that was, while an old snapshot is open.
 */
export class LostLanes {
  private suspects = new Set<string>();
  private looks = 0;
  private skipped = 0;

  /** Something may be ours that is not in memory. */
  unsure(): void {
    this.looks = LOOKS.afterTrouble;
  }

  /** To be called now and then; reads what is `held` only when it is worth it. */
  async find(held: () => Promise<TakenLane[]>, isInHand: (lane: Lane) => boolean): Promise<TakenLane[]> {
    this.skipped += 1;
    if (this.looks === 0 && this.suspects.size === 0 && this.skipped < LOOKS.anyway) return [];
    this.skipped = 0;
    this.looks = Math.max(0, this.looks - 1);
    const missing = (await held()).filter((lane) => !isInHand(lane));
    // A commit may be a moment ahead of its answer; a lane seen twice is really lost.
    const lost = missing.filter((lane) => this.suspects.has(nameOf(lane)));
    this.suspects = new Set(missing.map(nameOf));
    return lost;
  }
}

function nameOf({ direction, handoverId }: Lane): string {
  return `${direction} ${handoverId}`;
}
