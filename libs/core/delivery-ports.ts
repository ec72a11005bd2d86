import type { Handover } from './handover.js';
import type { Cost } from './ports.js';
import type { Command } from './unit.js';

/** One handover's work in one direction: done strictly one after the other, by one replica at a time. */
export interface Lane {
  handoverId: string;
  direction: 'provider' | 'bot';
}

/** A lane in the hands of this replica. */
export interface TakenLane extends Lane {
  /** The bot or provider that its work goes to, by name. */
  target: string;
  /** The bot whose handover it is, by name. */
  bot: string;
  /** Everything up to this number of the handover's log is done. */
  done: number;
  /** The last number of the log. */
  last: number;
  /** Tries of the item after `done` so far. */
  attempts: number;
  /** The outcome of the last try of that item is not known. */
  uncertain: boolean;
  /** An operator wants something sent again. */
  resend: boolean;
}

/** A numbered event on its way to the bot, or a command on its way to the contact centre. */
export type LogItem = {
  sequence: number;
  ageMs: number;
  /** Set when an operator wants this dead letter sent again. */
  deadLetter?: string;
} & (
  | { kind: 'event'; webhookId: string | null; body: string }
  | (Pick<Command, 'kind' | 'message' | 'payload'> & { handover: Handover })
);

/** What a delivery carries: its number in the handover's log, and what it is. Never its content. */
export interface Delivery extends Lane {
  target: string;
  sequence: number;
  kind: LogItem['kind'];
  /** The type of an event. */
  event: string | null;
  /** The message that a command carries. */
  messageId: string | null;
}

/** Something given up that the operator can see, and send again. */
export interface DeadLetter extends Delivery {
  id: string;
  error: string;
  status: 'failed' | 'resending' | 'delivered';
  failedAt: Date;
  deliveredAt: Date | null;
  /** While it is being sent again: tries so far, and when the next one is due. */
  attempts: number | null;
  dueAt: Date | null;
}

/** A lane that waits for its next try, and why. The delivery is the one that the others wait behind. */
export interface StuckLane extends Delivery {
  /** How many wait behind it. */
  waiting: number;
  attempts: number;
  error: string | null;
  dueAt: Date;
}

/** What narrows a list of deliveries. */
export interface DeliveryFilter extends Partial<Lane> {
  target?: string;
}

/** How a lane stands in the database once a note of it is stored there. */
export interface MarkedLane extends Lane {
  /** It was empty, and is gone. */
  isGone: boolean;
  last: number;
  resend: boolean;
}

/** A replica's latest sign of life. No two signs are equal, so one that stays the same says that there was none since. */
export interface ReplicaSign {
  replica: string;
  sign: string;
}

/** How many lanes are wanted at the most: of those that were not tried yet, and of those whose next item failed before. */
export interface Wanted {
  fresh: number;
  tried: number;
}

/** How many lanes to a target are wanted, by bot. */
export interface Appetite {
  direction: Lane['direction'];
  target: string;
  bots: Record<string, Wanted>;
  /** Of each bot that is not named. */
  others: Wanted;
}

/**
 * Who works on what, and what comes next. Times are the database's, so replicas' clocks need not agree; who is dead is decided by no
 * clock of the database's, but by whoever sees no sign of life. A lane in the hands of a replica counts as uncertain whatever its row
 * says: only whoever lets go of it knows better.
 */
export interface LaneStore {
  /** Says that this replica is alive, and reads the latest signs of all replicas, its own included. */
  heartbeat(replica: string): Promise<ReplicaSign[]>;
  /** Says that this replica is gone and gives its lanes back. All but the `clean` ones count as uncertain. */
  retire(replica: string, clean: Lane[]): Promise<void>;
  /** Takes lanes whose next item is due and that nobody holds, those that were tried less often first. */
  take(replica: string, appetite: Appetite[]): Promise<TakenLane[]>;
  /**
   * Frees lanes of replicas that gave no sign of life since this one. Those to contact centres are due after `callsEndInMs` only: what
   * was under way there must be over before it is looked up. Resolves to how many were freed; after `FREE_LIMIT` there may be more.
   */
  free(dead: ReplicaSign[], callsEndInMs: number): Promise<number>;
  /** Owners of lanes that never said that they are alive, or whose word got lost. Slow where many lanes are held. */
  strays(): Promise<ReplicaSign[]>;
  /** Removes replicas that gave no sign of life since this one and hold no lane. */
  forget(dead: ReplicaSign[]): Promise<void>;
  /** Lanes that the database says this replica holds. */
  held(replica: string): Promise<TakenLane[]>;
  /** What comes after `after` in the handover's log, or what is to be sent again: the first, and others up to so many and so many bytes. */
  next(lane: TakenLane, after: number, limit: number, maxBytes: number): Promise<LogItem[]>;
  /**
   * Notes how far lanes are done, and messages that arrived. Resolves to those lanes that were still this replica's and can have got
   * so far; of the others nothing is noted. What is not durable may be lost when the database crashes.
   */
  mark(
    replica: string,
    lanes: (Lane & { done: number })[],
    delivered: DeliveredMessage[],
    isDurable: boolean,
  ): Promise<MarkedLane[]>;
  /** Reads how far a held lane reaches now; null when it is another's. */
  look(replica: string, lane: Lane): Promise<TakenLane | null>;
  /**
   * Lets go of a lane until its next try, with what its last one came to; null when nothing was tried. Without a delay it keeps its
   * turn. False: it was not ours.
   */
  postpone(
    replica: string,
    lane: Pick<TakenLane, 'handoverId' | 'direction' | 'done' | 'uncertain'>,
    delayMs: number,
    error: string | null,
  ): Promise<boolean>;
  /** Keeps an item that was given up. */
  bury(lane: TakenLane, item: LogItem, error: string): Promise<void>;
  /** A dead letter arrived after all, or failed again. */
  settleDeadLetter(id: string, error: string | null): Promise<void>;
  /**
   * What was sent directly before a message command and looks the same: author, and text as the contact centre shows it. One that is
   * sent again is the last. What users of an incoming conversation write does not count: nothing was sent for it.
   * @param afterTranscript something else, the copilot's link, stands between the transcript and the first message
   */
  countIdenticalBefore(handoverId: string, sequence: number, afterTranscript: boolean): Promise<number>;
  /** Whether something of it is left to do. */
  isBusy(lane: Lane): Promise<boolean>;
}

/** A message that arrived in the contact centre. */
export interface DeliveredMessage {
  handoverId: string;
  id: string;
}

/** Lanes freed in one go. */
export const FREE_LIMIT = 500;

/** After this long without a sign of life, by the clock of whoever looks for it, a replica's lanes may be taken. Milliseconds. */
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
  /** null where the event concerns no conversation. */
  conversationId: string | null;
  handoverHint: string | null;
  body: Buffer;
  /** Why it is kept for the record only; null when it is to be applied. */
  ignored: string | null;
}

/** The providers of an account share a budget, under the name of the first. */
export function costOfEvent({ providers, source, body }: InboxEntry): Cost {
  return { owner: `provider:${providers[0] ?? source}`, bytes: body.length };
}

export interface InboxRow extends Omit<InboxEntry, 'ignored'> {
  id: string;
  receivedAt: Date;
}

export const INBOX_STATUSES = ['pending', 'parked', 'applied', 'ignored', 'dead'] as const;
export type InboxStatus = (typeof INBOX_STATUSES)[number];

/** An event of the inbox as operators see it; the raw body is not shown, it holds what people wrote. */
export interface InboxRecord {
  id: string;
  type: string;
  key: string;
  status: InboxStatus;
  reason: string | null;
  providers: string[];
  tenant: string | null;
  conversationId: string | null;
  handoverId: string | null;
  /** How often it came again. */
  repeats: number;
  receivedAt: Date;
}

export interface InboxStore {
  /** Commits it; false when the same delivery was stored before. @throws {Refusal} `unavailable` under overload */
  add(entry: InboxEntry): Promise<boolean>;
  /** Conversations with events that were left behind. */
  findPending(limit: number): Promise<string[]>;
  /** Conversations with events that came before their handover was known. */
  findParked(limit: number): Promise<string[]>;
  /** All events that are open, in the order in which they came. */
  openRows(conversationIds: string[]): Promise<InboxRow[]>;
  /** Whether one of these providers has a handover whose conversation is not known yet. */
  hasUnbound(providers: string[]): Promise<boolean>;
  /** `ignored`: its body is let go, too. */
  settle(
    ids: string[],
    status: 'parked' | 'ignored' | 'dead',
    reason: string,
    handoverId: string | null,
  ): Promise<void>;
}

/** How far a transcript goes, and the last that the end user said in it after the start. */
export interface TranscriptMark {
  messageSequence: number;
  user: { sequence: number; at: Date } | null;
}

/** A handover whose time has come. */
export interface DueHandover {
  id: string;
  mark: TranscriptMark;
}

/** Handovers that need attention at a time of their own. */
export interface TimerStore {
  /** Those of these providers, the longest overdue first. What has arrived of a handover but is not applied yet comes before its timers. */
  due(providers: string[], limit: number): Promise<DueHandover[]>;
}
