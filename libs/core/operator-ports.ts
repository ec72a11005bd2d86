import type { DeadLetter, DeliveryFilter, InboxEntry, InboxRecord, InboxStatus, StuckLane } from './delivery-ports.js';
import type { Page, PageRequest } from './ports.js';

/** What was given up, and what waits; never the content. */
export interface DeadLetterStore {
  /** Newest first. */
  list(status: DeadLetter['status'], filter: DeliveryFilter, page: PageRequest): Promise<Page<DeadLetter>>;
  /** Those that wait for their next try, newest handover first. */
  waiting(filter: DeliveryFilter, page: PageRequest): Promise<Page<StuckLane>>;
  get(id: string): Promise<DeadLetter | null>;
  /** Has it sent again as soon as its lane is idle; false when it is not given up any more. */
  resend(letter: DeadLetter): Promise<boolean>;
}

/** What narrows a list of the inbox. */
export interface InboxFilter {
  status?: InboxStatus;
  conversationId?: string;
  handoverId?: string;
  provider?: string;
}

/** An event as it came, to be mapped again. */
export interface ArchivedEvent extends Pick<
  InboxEntry,
  'type' | 'key' | 'providers' | 'tenant' | 'conversationId' | 'handoverHint' | 'body'
> {
  id: string;
}

/** Which events are wanted again, all at once. */
export interface ReplayFilter {
  status: 'dead' | 'ignored';
  provider?: string;
  /** Those that came at this time or later. */
  since?: Date;
}

/** The inbox as operators see it. */
export interface InboxArchive {
  /** Newest first. */
  list(filter: InboxFilter, page: PageRequest): Promise<Page<InboxRecord>>;
  get(id: string): Promise<InboxRecord | null>;
  /** The event itself; null when it is gone, or must not be applied (again). */
  replayable(id: string): Promise<ArchivedEvent | null>;
  /** Events after an id that may be applied, oldest first. */
  replayables(filter: ReplayFilter, afterId: string, limit: number): Promise<ArchivedEvent[]>;
  /** Makes events pending again, with what the mapping finds in them now. Resolves to how many still could be. */
  reopen(events: Pick<ArchivedEvent, 'id' | 'conversationId' | 'handoverHint'>[]): Promise<number>;
}

/** Removes what nobody needs any more: a bounded batch a call, without waiting for anybody's lock. */
export interface HousekeepingStore {
  /**
   * Removes settled events older than an age among the oldest of the inbox, after an id. Resolves to the id to go on after;
   * null when what follows is too young, or another replica is at it.
   */
  removeInboxRows(olderThanMs: number, afterId: string, limit: number): Promise<string | null>;
  /**
   * Removes what has been over for longer than an age, with all that is its, among the oldest after an id: `ho_` for handovers, `cv_`
   * for incoming conversations. What is not delivered yet stays. Resolves to the id to go on after; null as above.
   */
  removeHandovers(olderThanMs: number, afterId: string, limit: number): Promise<string | null>;
  /** Erases all that is over of a user. Resolves to how many, or to the id of one that is open; then nothing was erased. */
  erase(userId: string, bot: string | null): Promise<{ erased: number } | { open: string }>;
  /** Removes idempotency keys that answer nothing any more. Resolves to how many. */
  removeKeys(limit: number): Promise<number>;
  /**
   * Removes files of handovers that are over, older than an age, among the oldest files after an id. Resolves to the id to go on
   * after; null when what follows is too young, or another replica is at it.
   */
  removeAttachments(olderThanMs: number, afterId: string, limit: number): Promise<string | null>;
  /** Removes files that no message has named within a day, those that broke off included. Resolves to how many. */
  removeUnnamed(limit: number): Promise<number>;
}
