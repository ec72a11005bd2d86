import type { Inspection, ListedMessage, MessageList } from '#contract';
import { align, type Alignment, type KnownMessage } from '../alignment.js';
import { noteCaughtUp } from '../caught-up.js';
import { isFinal, type Handover } from '../handover.js';
import { standingOf, type Lifecycle, type Standing } from '../lifecycle.js';
import { addSeen } from '../seen-facts.js';
import { settle } from '../settle.js';
import type { HandoverUnit } from '../unit.js';
import { deliverMessage } from './apply-event.js';

/** What was seen in the contact centre, and what was known when it was asked for. */
export interface Sighting {
  askedAt: Date;
  /** `courseOf` the handover when the contact centre was asked. */
  course: string;
  /** null where only messages were asked for. */
  inspection: Inspection | null;
  list: MessageList | null;
  transcript: Transcript;
  /** Younger messages are left to their events, in milliseconds. */
  settleMs: number;
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
  /** There was more to catch up than goes into one change. */
  hasMore: boolean;
}

/** Caught up in one change; what is more is left to the next. */
const MAX_CAUGHT_UP = 200;

/** The course of a handover as far as it is known: equal as long as no event has changed it. */
export function courseOf({ lifecycle }: Handover, endGraceMs: number): string {
  return JSON.stringify(standingOf(lifecycle, endGraceMs).standing);
}

/**
 * Brings a handover to what the contact centre says of it: messages first, so that none is left behind by an end.
 * @returns null when the transcript has grown since it was read: it has to be read again
 */
export function reconcile(unit: HandoverUnit, sighting: Sighting, endGraceMs: number): Reconciled | null {
  const { handover } = unit;
  const nothing: Reconciled = {
    caughtUp: 0,
    facts: [],
    recognised: [],
    settledUntil: null,
    isOpen: false,
    hasMore: false,
  };
  if (isFinal(handover) || handover.closing) return nothing;
  if (handover.messageSequence !== sighting.transcript.messageSequence) return null;
  const { standing } = standingOf(handover.lifecycle, endGraceMs);
  // An event has told more since: what was seen may be older.
  const isCurrent = sighting.course === courseOf(handover, endGraceMs);
  const inspection = isCurrent ? sighting.inspection : null;
  const isEnding = inspection !== null && isCertainlyOver(handover.lifecycle, inspection, unit.now, endGraceMs);
  // What was said before somebody left comes before the leaving.
  const waits = !(standing.leaving || standing.idling || (inspection && showsLeaving(standing, inspection)));
  const messages = sighting.list ? catchUp(unit, sighting, sighting.list, waits ? sighting.settleMs : 0) : nothing;
  if (!inspection || messages.hasMore) return { ...messages, isOpen: messages.isOpen || !isCurrent };
  const facts = addSeen(handover.lifecycle, inspection, sighting.askedAt, isEnding, endGraceMs);
  if (facts.length > 0) settle(unit, endGraceMs);
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
  { askedAt, inspection, transcript }: Sighting,
  list: MessageList,
  settleMs: number,
): Reconciled {
  const { missing, recognised } = align(list.messages, transcript.messages);
  const settledAt = settleMs === 0 ? Infinity : (inspection?.at ?? askedAt.getTime()) - settleMs;
  const due = until(missing, settledAt).slice(0, MAX_CAUGHT_UP);
  for (const message of due) deliver(unit, message);
  const left = missing[due.length];
  const settled = left ? list.messages.slice(0, list.messages.indexOf(left)) : list.messages;
  const settledUntil = settled.length > 0 ? Math.max(...settled.map(({ at }) => at)) : null;
  const hasMore = left !== undefined && left.at <= settledAt;
  return { caughtUp: due.length, facts: [], recognised, settledUntil, isOpen: left !== undefined, hasMore };
}

/** Those before the first one that is too young: a later one must not overtake it. */
function until(messages: ListedMessage[], time: number): ListedMessage[] {
  const young = messages.findIndex(({ at }) => at > time);
  return young < 0 ? messages : messages.slice(0, young);
}

function deliver(unit: HandoverUnit, message: ListedMessage): void {
  const conversation = unit.handover.conversationId!;
  deliverMessage(unit, { ...message, conversation }, unit.now);
  noteCaughtUp(unit.handover.lifecycle, message, unit.now);
}
