import type { Owner } from './budget.js';
import type { TakenLane } from './delivery-ports.js';
import type { ConversationStatus } from './conversation.js';
import type { Handover, HandoverStatus, Message } from './handover.js';
import type { HandoverUnit } from './unit.js';

/** A page of a list. It ends at the limit, or at 1 MiB of stored bytes if that comes first; `next` continues it, null at its end. */
export interface Page<T> {
  data: T[];
  next: string | null;
}

export interface PageRequest {
  limit: number;
  cursor?: string;
}

/** What narrows a list of handovers; `bot` is left out for operators only. */
export interface HandoverFilter {
  bot?: string;
  status?: HandoverStatus;
  sessionId?: string;
  userId?: string;
  provider?: string;
}

/** What narrows a list of incoming conversations; `bot` is left out for operators only. */
export interface ConversationFilter {
  bot?: string;
  status?: ConversationStatus;
  userId?: string;
  provider?: string;
}

/** An event as it is stored. */
export interface StoredEvent {
  sequence: number;
  type: string;
  body: string;
}

/** How far a handover is, to be compared with what a stream of it has shown. */
export interface NewestOf {
  id: string;
  eventSequence: number;
  /** Another one after every change of the handover itself. */
  version: number;
  /** Another one after every change of its tiles. */
  tiles: string;
}

/** Identifies a repeated request: the same key with the same fingerprint is the same request. */
export interface IdempotencyKey {
  bot: string;
  scope: string;
  key: string;
  fingerprint: string;
}

/** The answer that a repeated request gets again. */
export interface Answer {
  status: number;
  body: unknown;
}

/** Who asks for a change, and about how many bytes it has. What the gateway does by itself is the operator's. */
export interface Cost {
  owner: Owner;
  bytes: number;
}

/** One change of one handover. */
export interface Change<T> {
  handoverId: string;
  /**
   * Changes the unit and says what to answer. Runs again from the start when somebody else changed the handover meanwhile, so
   * it has no other effect. What it throws is the caller's, and nothing is changed then.
   */
  work(unit: HandoverUnit): T;
}

/**
 * Handovers by their own ids or by the contact centre's ids of their conversations; `anew`: not from memory. Of those that share a
 * conversation, because it began in the contact centre, the one that its events are for now: the open handover, else the
 * incoming conversation.
 */
export interface UnitQuery {
  ids?: string[];
  conversationIds?: string[];
  anew?: boolean;
}

/** Reads handovers, and changes them. What is changed at the same moment is committed together. */
export interface HandoverStore {
  get(id: string): Promise<Handover | null>;
  list(filter: HandoverFilter, page: PageRequest): Promise<Page<Handover>>;
  /** Incoming conversations, newest first. */
  conversations(filter: ConversationFilter, page: PageRequest): Promise<Page<Handover>>;
  /** The newest incoming conversation that went over one of the contact centre's, whatever became of it. */
  lastIncoming(provider: string, conversationId: string): Promise<Handover | null>;
  messages(handoverId: string, page: PageRequest): Promise<Page<Message>>;
  /** The messages that end with a sequence, oldest first: as many as the limit and a page's bytes allow. */
  messagesUpTo(handoverId: string, sequence: number, limit: number): Promise<Message[]>;
  events(handoverId: string, afterSequence: number, limit: number): Promise<Page<StoredEvent>>;
  /** How far handovers and conversations are; those that are gone are left out. */
  newestOf(ids: string[]): Promise<NewestOf[]>;
  message(id: string): Promise<Message | null>;

  /**
   * Changes a handover; null when there is none of that id. Committed when this resolves. `anew`: what this replica remembers of
   * it may be behind, so it is read first.
   * @throws {Refusal} `unavailable` under overload
   */
  change<T>(handoverId: string, work: Change<T>['work'], options?: { anew?: boolean; cost?: Cost }): Promise<T | null>;
  /**
   * The same for a request that may be repeated under a key: the same request gets the same answer and nothing happens twice.
   * @throws {Refusal} `key_reused`
   */
  answer(
    handoverId: string,
    key: IdempotencyKey | null,
    work: Change<Answer>['work'],
    cost: Cost,
  ): Promise<Answer | null>;
  /** The answer that was given under a key, if any. @throws {Refusal} `key_reused` when it was for another request */
  answered(key: IdempotencyKey): Promise<Answer | null>;
  /** Stores a new handover. @throws {Refusal} `conflict` with member `handoverId` when the session has an open one, `key_reused` */
  create(key: IdempotencyKey | null, work: () => { unit: HandoverUnit; answer: Answer }, cost: Cost): Promise<Answer>;

  /** Handovers to be changed together. */
  unitsOf(by: UnitQuery): Promise<HandoverUnit[]>;
  /**
   * Stores an event of a conversation and applies it in one go, where the conversation is known and no earlier event of it is
   * open. False when that is not so, or `work` says no: nothing is stored then. Committed when this resolves.
   * @throws {Refusal} `unavailable` under overload
   */
  receive(conversationId: string, work: (unit: HandoverUnit) => boolean, cost: Cost): Promise<boolean>;
  /** Commits changed units. Resolves to the ids of those that somebody else had changed meanwhile: of them nothing is stored. */
  commit(units: HandoverUnit[]): Promise<Set<string>>;
}

/** What a commit left to do. */
export interface Committed {
  units: HandoverUnit[];
  /** Who took the lanes that the commit opened; null when all were left to be taken. */
  taker: string | null;
  opened: TakenLane[];
  /** Lanes that the commit opened and left in the database: their bot has too many in hand. */
  left: TakenLane[];
  /** Lanes that were there before and got longer. They may have been put off or taken over by the time the answer is here. */
  extended: TakenLane[];
}

/** Told in process of what was committed, right after the commit; other replicas find it by polling. */
export interface Wakeups {
  /** The replica that takes new lanes now; null while it takes none. */
  readonly taker: string | null;
  /** Whether the taker takes this new lane, or leaves it in the database for now. */
  hasRoomFor(lane: TakenLane): boolean;
  /** No other replica is at work, so what this one remembers is likely to be true. */
  readonly isAlone: boolean;
  committed(commit: Committed): void;
  /** A commit came to nothing that is known: it may be stored all the same. */
  unsure?(): void;
}

export const CLOCK = Symbol('Clock');

/** The time, so that tests can move it. */
export interface Clock {
  now(): Date;
}
