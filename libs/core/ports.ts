import type { Handover, HandoverStatus, Message } from './handover.js';
import type { HandoverUnit } from './unit.js';

/** A page of a list. `next` continues it, null at its end. */
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

/** An event as it is stored. */
export interface StoredEvent {
  sequence: number;
  type: string;
  body: string;
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

export const HANDOVER_STORE = Symbol('HandoverStore');

/** Reads handovers, and changes them in transactions. */
export interface HandoverStore {
  get(id: string): Promise<Handover | null>;
  list(filter: HandoverFilter, page: PageRequest): Promise<Page<Handover>>;
  messages(handoverId: string, page: PageRequest): Promise<Page<Message>>;
  events(handoverId: string, afterSequence: number, limit: number): Promise<StoredEvent[]>;
  findOpen(bot: string, sessionId: string): Promise<string | null>;
  /** Runs the work in one transaction. What it changes is committed when this resolves, and announced to `Wakeups` afterwards. */
  transaction<T>(work: (tx: HandoverTransaction) => Promise<T>): Promise<T>;
}

export interface HandoverTransaction {
  /** @throws {Refusal} `conflict` with member `handoverId` when the session has an open handover */
  create(unit: HandoverUnit): Promise<void>;
  /** Locks a handover, lets `work` change it and stores the result; null when there is none of that id. */
  change<T>(id: string, work: (unit: HandoverUnit) => T | Promise<T>): Promise<T | null>;
  message(id: string): Promise<Message | null>;
  /** The earlier answer to this key, or null for a new one. Waits while the same request runs elsewhere. @throws {Refusal} `key_reused` */
  earlierAnswer(key: IdempotencyKey): Promise<Answer | null>;
  rememberAnswer(key: IdempotencyKey, answer: Answer): Promise<void>;
  /** Ends an outbox item together with what its outcome changes; false when it was settled elsewhere in the meantime. */
  settleItem(id: string, status: 'done' | 'failed', error: string | null): Promise<boolean>;
}

/** What a committed transaction left to do. */
export interface Committed {
  handoverId: string;
  provider: string;
  hasEvents: boolean;
  hasCommands: boolean;
  /** Its conversation became known, so that events which came before may be applied. */
  isBound: boolean;
  wakeAt: Date | null;
}

export const WAKEUPS = Symbol('Wakeups');

/** Told in process of what was committed, right after the commit; other replicas find it by polling. */
export interface Wakeups {
  committed(change: Committed): void;
}

export const CLOCK = Symbol('Clock');

/** The time, so that tests can move it. */
export interface Clock {
  now(): Date;
}
