import type { CommandPayload } from './unit.js';
import type { HandoverTransaction } from './ports.js';

/** One handover's work in one direction: done strictly one after the other, by one replica at a time. */
export interface Lane {
  handoverId: string;
  direction: 'provider' | 'bot';
}

/** Something that must leave the gateway. */
export interface OutboxItem extends Lane {
  id: string;
  kind: 'start' | 'message' | 'update' | 'end' | 'event';
  messageId: string | null;
  eventSequence: number | null;
  payload: CommandPayload | null;
  /** Tries so far. */
  attempts: number;
  /** The outcome of the last try is not known. */
  uncertain: boolean;
  /** Milliseconds until the next try is due; 0 or less: now. */
  dueInMs: number;
  ageMs: number;
}

export const OUTBOX_STORE = Symbol('OutboxStore');

/** Who works on what, and what comes next. All times are the database's, so replicas' clocks need not agree. */
export interface OutboxStore {
  /** Says that this replica is alive. One that stays silent for `STALE_REPLICA_MS` loses its lanes. */
  heartbeat(replica: string): Promise<void>;
  /** Says that this replica is gone. Lanes that it did not release can be taken over at once. */
  retire(replica: string): Promise<void>;
  /**
   * Takes a lane unless another living replica holds it: null then. `takenOver` when whoever held it before (this replica
   * included) never released it, so that the outcome of what it had in hand is not known.
   */
  claim(replica: string, lane: Lane): Promise<{ takenOver: boolean } | null>;
  /** Lets go of a lane in which every outcome so far is stored. */
  release(replica: string, lane: Lane): Promise<void>;
  /** Lanes whose first item is due and that no other living replica holds. */
  findDue(replica: string, limit: number): Promise<Lane[]>;
  head(lane: Lane): Promise<OutboxItem | null>;
  /** Puts an item off, with what its last try came to; null when it was not tried. */
  postpone(id: string, delayMs: number, tried: { uncertain: boolean; error: string } | null): Promise<void>;
  settle(id: string, status: 'done' | 'failed', error: string | null): Promise<void>;
  /** Messages of ours directly before this one that look the same: author and text. */
  countIdenticalBefore(messageId: string): Promise<number>;
}

/** After this long without a sign of life a replica's lanes may be taken, in milliseconds. */
export const STALE_REPLICA_MS = 7_000;

/** A verified webhook on its way into the inbox. */
export interface InboxEntry {
  /** Whose word it is: the provider's type and webhook authority. With `key` it makes a delivery known. */
  source: string;
  key: string;
  type: string;
  /** The providers it may belong to. */
  providers: string[];
  tenant: string | null;
  conversationId: string;
  handoverHint: string | null;
  body: Buffer;
}

export interface InboxRow extends InboxEntry {
  id: string;
  receivedAt: Date;
}

/** Events of one conversation, handled together and in order. */
export interface InboxLane {
  source: string;
  conversationId: string;
}

export const INBOX_STORE = Symbol('InboxStore');

export interface InboxStore {
  /** Commits it; false when the same delivery was stored before. */
  add(entry: InboxEntry): Promise<boolean>;
  /** What is still open: left behind by a crash, or waiting for its conversation to be known. */
  findOpen(limit: number): Promise<InboxLane[]>;
  transaction<T>(work: (tx: InboxTransaction) => Promise<T>): Promise<T>;
}

export interface InboxTransaction extends HandoverTransaction {
  openRows(lane: InboxLane): Promise<InboxRow[]>;
  /** The handover that the conversation belongs to, by its id or by the handover's own id in the event. */
  findHandover(
    providers: string[],
    conversationId: string,
    hints: string[],
  ): Promise<{ id: string; provider: string } | null>;
  /** Whether one of these providers has a handover whose conversation is not known yet. */
  hasUnbound(providers: string[]): Promise<boolean>;
  settleRow(
    id: string,
    status: 'parked' | 'applied' | 'ignored' | 'dead',
    reason: string | null,
    handoverId: string | null,
  ): Promise<void>;
}

export const TIMER_STORE = Symbol('TimerStore');

/** Handovers that need attention at a time of their own. */
export interface TimerStore {
  due(limit: number): Promise<string[]>;
}
