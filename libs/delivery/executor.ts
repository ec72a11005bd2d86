import type { LogItem, TakenLane } from '#core';

/** What became of an item. */
export type Outcome =
  /**
   * `delivered`: a message that arrived, to be noted so. `byOther`: it was done before, or does not tell whether it was; whoever did it
   * may have done the next one as well.
   */
  | { kind: 'done'; delivered?: string; byOther?: boolean }
  | { kind: 'failed'; error: string }
  | { kind: 'retry'; error: string; uncertain: boolean; retryAfterMs?: number; isDown: boolean }
  /** Too early, or a step is done after which the lane must still be ours; nothing that counts as a try. */
  | { kind: 'wait'; ms: number };

/** An item in its lane, with what is known of earlier tries. */
export type Task = { lane: TakenLane; item: LogItem };

/** Does one item. Never throws for what can go wrong outside; an exception means that the outcome could not be stored. */
export type Executor = (task: Task) => Promise<Outcome>;
