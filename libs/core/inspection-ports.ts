import type { Transcript } from './use-cases/reconcile.js';

/** An open handover whose turn it is to be compared with what the contact centre says. */
export interface DueInspection {
  handoverId: string;
  provider: string;
  /** Up to this time of the contact centre's clock its messages are known to be in the transcript, epoch milliseconds; null: not looked at yet. */
  settledUntil: number | null;
}

/** A provider whose open handovers are compared with what it says. */
export interface Turn {
  provider: string;
  everyMs: number;
}

/** Whose turn it is, and when the next one is. All times are the database's, so replicas' clocks need not agree. */
export interface InspectionStore {
  /**
   * Takes a turn of each of these providers, where it is due: at most `limit` handovers each, the longest overdue first, and none
   * that is younger than `everyMs`. Between two turns of a provider `pauseMs` pass, however many replicas ask. What was taken is
   * nobody else's for `leaseMs`.
   */
  take(turns: Turn[], options: { limit: number; pauseMs: number; leaseMs: number }): Promise<DueInspection[]>;
  /** One handover out of turn; null when it is over. */
  get(handoverId: string): Promise<DueInspection | null>;
  /** When the next turn of a handover is. `settledUntil` null leaves it as it was. */
  putOff(handoverId: string, delayMs: number, settledUntil: number | null): Promise<void>;
  /** No turn of a provider for a while. */
  rest(provider: string, ms: number): Promise<void>;
  /** All open handovers of these providers that were not looked at since now are due. */
  hasten(providers: string[]): Promise<void>;
  /** What agents and the system said, the newest of it where that is very much; null when there is no such handover. */
  transcript(handoverId: string): Promise<(Transcript & { lastAt: number | null }) | null>;
  /** Notes ids of the contact centre that became known. */
  recognise(messages: { id: string; remoteId: string }[]): Promise<void>;
}
