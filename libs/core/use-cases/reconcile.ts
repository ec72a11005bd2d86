import type { Inspection, ListedMessage, MessageList } from '#contract';
import { align, type Alignment, type KnownMessage } from '../alignment.js';
import { noteCaughtUp } from '../caught-up.js';
import { heardAfter } from '../conversation.js';
import type { Course } from '../course.js';
import { isFinal, type Attachment, type Handover } from '../handover.js';
import { standingOf, type Lifecycle, type Standing } from '../lifecycle.js';
import { addSeen } from '../seen-facts.js';
import { settle } from '../settle.js';
import type { HandoverUnit } from '../unit.js';
import { deliverMessage } from './apply-event.js';

/** What was seen in the contact centre, and what was known when it was asked for. */
export interface Sighting {
  askedAt: Date;
  /** `standingText` of the handover when the contact centre was asked. */
  standing: string;
  /** null where only messages were asked for. */
  inspection: Inspection | null;
  list: MessageList | null;
  transcript: Transcript;
  /** Younger messages are left to their events, in milliseconds. */
  settleMs: number;
  /** The files of messages, by the messages' ids in the contact centre, as far as they were fetched. */
  files: Map<string, Attachment[]>;
}

/** Messages of agents and the system, and how far the transcript went when they were read. */
export interface Transcript {
  messageSequence: number;
  messages: KnownMessage[];
}

export interface Reconciled {
  /** Messages that had to be caught up, and facts that no event had told. */
  caughtUp: number;
  facts: string[];
  recognised: Alignment['recognised'];
  /** Everything that was said up to this time has reached the transcript; null where nothing is known to. */
  settledUntil: number | null;
  /** Something was seen that is not certain yet. */
  isOpen: boolean;
  /** There is more to catch up than went into this change: that many messages, or those whose files have to be fetched first. */
  hasMore: boolean;
  /** Messages whose files have to be fetched first. */
  wanting: ListedMessage[];
}

/** Caught up in one change; what is more is left to the next. */
const MAX_CAUGHT_UP = 200;

/** Where a handover stands, as text: equal as long as no event has changed it. */
export function standingText({ lifecycle }: Handover, endGraceMs: number): string {
  return JSON.stringify(standingOf(lifecycle, endGraceMs).standing);
}

/**
 * Brings a handover to what the contact centre says of it: messages first, so that none is left behind by an end.
 * @returns null when the transcript has grown since it was read: it has to be read again
 */
export function reconcile(unit: HandoverUnit, sighting: Sighting, course: Course): Reconciled | null {
  const { handover } = unit;
  const { endGraceMs } = course;
  const nothing: Reconciled = {
    caughtUp: 0,
    facts: [],
    recognised: [],
    settledUntil: null,
    isOpen: false,
    hasMore: false,
    wanting: [],
  };
  if (isFinal(handover) || handover.closing) return nothing;
  if (handover.messageSequence !== sighting.transcript.messageSequence) return null;
  const { standing } = standingOf(handover.lifecycle, endGraceMs);
  // An event has told more since: what was seen may be older.
  const isCurrent = sighting.standing === standingText(handover, endGraceMs);
  const inspection = isCurrent ? sighting.inspection : null;
  const isEnding = inspection !== null && isCertainlyOver(handover.lifecycle, inspection, unit.now, endGraceMs);
  // What was said before somebody left comes before the leaving.
  const waits = !(standing.leaving || standing.idling || (inspection && showsLeaving(standing, inspection)));
  const messages = sighting.list ? catchUp(unit, sighting, sighting.list, waits ? sighting.settleMs : 0) : nothing;
  if (!inspection || messages.hasMore) return { ...messages, isOpen: messages.isOpen || !isCurrent };
  const facts = addSeen(handover.lifecycle, inspection, sighting.askedAt, isEnding, endGraceMs);
  if (facts.length > 0) settle(unit, course);
  const isOpen = messages.isOpen || (!isFinal(handover) && handover.lifecycle.overSince !== undefined);
  return { ...messages, facts: facts.map(({ kind }) => kind), isOpen };
}

/** One look may meet a conversation between two agents: it must have been seen to be over for as long as a transfer may take to show. */
function isCertainlyOver(lifecycle: Lifecycle, inspection: Inspection, now: Date, endGraceMs: number): boolean {
  if (!isOver(inspection)) {
    delete lifecycle.overSince;
    return false;
  }
  lifecycle.overSince ??= now.getTime();
  return now.getTime() - lifecycle.overSince >= endGraceMs;
}

function isOver({ state, hasUserLeft }: Inspection): boolean {
  return state !== 'open' || hasUserLeft;
}

function showsLeaving({ present }: Standing, inspection: Inspection): boolean {
  const { agents } = inspection;
  return isOver(inspection) || (agents !== null && present.some(({ id }) => !agents.some((agent) => agent.id === id)));
}

function catchUp(
  unit: HandoverUnit,
  { askedAt, inspection, transcript, files }: Sighting,
  list: MessageList,
  settleMs: number,
): Reconciled {
  const after = heardAfter(unit.handover) ?? -Infinity;
  const listed = list.messages.filter(({ at }) => at > after);
  const { missing, recognised } = align(listed, transcript.messages);
  const settledAt = settleMs === 0 ? Infinity : (inspection?.at ?? askedAt.getTime()) - settleMs;
  const due = upTo(missing, ({ at }) => at > settledAt);
  const lacksFiles = ({ id, attachments }: ListedMessage): boolean => attachments.length > 0 && !files.has(id);
  const ready = upTo(due.slice(0, MAX_CAUGHT_UP), lacksFiles);
  for (const message of ready) deliver(unit, message, files.get(message.id) ?? []);
  const left = missing[ready.length];
  const settled = left ? listed.slice(0, listed.indexOf(left)) : listed;
  const settledUntil = settled.length > 0 ? Math.max(...settled.map(({ at }) => at)) : null;
  const wanting = due.filter(lacksFiles).slice(0, MAX_CAUGHT_UP);
  const hasMore = due.length > ready.length;
  return { caughtUp: ready.length, facts: [], recognised, settledUntil, isOpen: left !== undefined, hasMore, wanting };
}

/** Those before the first that has to wait: a later one must not overtake it. */
function upTo(messages: ListedMessage[], mustWait: (message: ListedMessage) => boolean): ListedMessage[] {
  const first = messages.findIndex(mustWait);
  return first < 0 ? messages : messages.slice(0, first);
}

function deliver(unit: HandoverUnit, message: ListedMessage, attachments: Attachment[]): void {
  const conversation = unit.handover.conversationId!;
  deliverMessage(unit, { ...message, conversation }, unit.now, attachments);
  noteCaughtUp(unit.handover.lifecycle, message, unit.now);
}
