import type { Agent, Queue } from '#contract';
import type { CaughtUp } from './caught-up.js';
import type { Silence } from './watch.js';

/**
 * What a contact centre reported about the course of a conversation. Facts arrive late, twice and out of order, so the
 * standing of a handover is never patched: it is worked out anew from all facts in the order of the contact centre's own time.
 */
export interface Fact {
  kind: 'assigned' | 'queued' | 'agent.joined' | 'agent.left' | 'transferred' | 'user.left' | 'idle';
  /** The contact centre's time, epoch milliseconds. */
  at: number;
  /** Order of arrival; breaks ties. */
  arrival: number;
  agent?: Agent;
  queue?: Queue | null;
  /** The bot has been told of it. */
  told?: boolean;
  /** An inspection saw it; no event told it. */
  seen?: boolean;
}

/** Where a conversation stands after some facts. Plain JSON, so that old facts can be folded away. */
export interface Standing {
  present: Agent[];
  everJoined: boolean;
  /** The contact centre took the conversation into a queue at some time. */
  confirmed: boolean;
  queue: Queue | null;
  /** A QUEUED came since the last agent joined, so `queue` is where the conversation waits now. */
  queueIsCurrent: boolean;
  /** Between two agents, on account of a transfer or a new queue. */
  waiting: boolean;
  /** Put back into a queue although an agent has not left yet. */
  requeued: boolean;
  /** The last agent is gone and nothing speaks of a transfer so far. */
  leaving: boolean;
  /** A transfer whose agent has not left yet, with those who were in when it came. */
  openTransfer: { at: number; present: string[]; joinedSince: boolean } | null;
  /** The last transfer, until somebody joins. */
  transferredAt: number | null;
  /** The last transfer told, until somebody joins or leaves: another one shortly after it is the same one again. */
  lastTransfer: number | null;
  /** The latest leaving that no transfer explains yet. */
  unexplainedLeaving: number | null;
  lastJoin: { at: number; arrival: number } | null;
  /** Reported idle right after a transfer: the end, unless something follows within the grace. */
  idling: boolean;
  ended: 'agent' | 'contact_center' | 'user' | null;
}

/** What the core remembers of a handover's course. */
export interface Lifecycle {
  /** The standing after facts that are too old to be re-ordered. */
  base: Standing;
  baseAt: number;
  facts: Fact[];
  /** What the bot was last told, to say each change once. */
  announced: { status: string | null; queue: string | null };
  /** Pending timers, epoch milliseconds. */
  timers: Partial<Record<Timer, number>>;
  /** The end user's silence, while it is watched. */
  silence?: Silence;
  /** Messages that reached the bot without their events. */
  caughtUp?: CaughtUp[];
  /** Since when inspections see the conversation as over, epoch milliseconds. */
  overSince?: number;
}

/**
 * `leave`: endGrace after an agent's leaving, or after an idle within a transfer; `announce`: a queue that nobody has named yet; `close`: our own ending takes too long;
 * `inactivity`: the end user is silent, unless the transcript says otherwise; `wait`: no agent has joined; `duration`: the handover has been open for too long.
 */
export type Timer = 'leave' | 'announce' | 'close' | 'inactivity' | 'wait' | 'duration';

/** Facts kept for re-ordering; the older half beyond this is folded into the base. */
const KEPT_FACTS = 64;

export function newLifecycle(): Lifecycle {
  const base: Standing = {
    present: [],
    everJoined: false,
    confirmed: false,
    queue: null,
    queueIsCurrent: false,
    waiting: false,
    requeued: false,
    leaving: false,
    openTransfer: null,
    transferredAt: null,
    lastTransfer: null,
    unexplainedLeaving: null,
    lastJoin: null,
    idling: false,
    ended: null,
  };
  return { base, baseAt: -1, facts: [], announced: { status: null, queue: null }, timers: {} };
}

/** Adds a fact. False when it is older than everything that can still be re-ordered, and so changes nothing. */
export function addFact(lifecycle: Lifecycle, fact: Fact, endGraceMs: number): boolean {
  if (fact.at < lifecycle.baseAt) return false;
  lifecycle.facts.push(fact);
  lifecycle.facts.sort((a, b) => a.at - b.at || a.arrival - b.arrival);
  if (lifecycle.facts.length > KEPT_FACTS) {
    const old = lifecycle.facts.splice(0, KEPT_FACTS / 2);
    lifecycle.base = fold(lifecycle.base, old, endGraceMs).standing;
    lifecycle.baseAt = old.at(-1)!.at;
  }
  return true;
}

/** The standing after all facts, and those facts that changed something, in order. */
export function standingOf(lifecycle: Lifecycle, endGraceMs: number): { standing: Standing; effective: Fact[] } {
  return fold(lifecycle.base, lifecycle.facts, endGraceMs);
}

function fold(base: Standing, facts: Fact[], endGraceMs: number): { standing: Standing; effective: Fact[] } {
  const standing = structuredClone(base);
  const effective = facts.filter((fact) => step(standing, fact, facts, endGraceMs));
  return { standing, effective };
}

/** Applies one fact to the standing; true when it changed something that a bot would want to know. */
function step(s: Standing, fact: Fact, all: Fact[], endGraceMs: number): boolean {
  switch (fact.kind) {
    case 'assigned':
      return assigned(s, fact);
    case 'queued':
      return queued(s, fact);
    case 'agent.joined':
      return joined(s, fact);
    case 'agent.left':
      return left(s, fact, all);
    case 'transferred':
      return transferred(s, fact, endGraceMs);
    case 'idle':
      return idle(s, fact, endGraceMs);
    case 'user.left':
      s.ended = 'user';
      return true;
  }
}

function revive(s: Standing): void {
  s.idling = false;
  if (s.ended !== 'user') s.ended = null;
}

function assigned(s: Standing, fact: Fact): boolean {
  revive(s);
  s.confirmed = true;
  s.queue ??= fact.queue ?? null;
  return true;
}

function queued(s: Standing, fact: Fact): boolean {
  revive(s);
  s.confirmed = true;
  // A name that was told once is not lost to somebody who only knows the id.
  const isSame = fact.queue?.name === null && fact.queue.id === s.queue?.id;
  s.queue = isSame ? s.queue : (fact.queue ?? null);
  s.queueIsCurrent = true;
  if (s.present.length === 0) {
    s.waiting = s.everJoined;
    s.leaving = false;
  } else if (s.openTransfer && !s.openTransfer.joinedSince) {
    s.requeued = true;
  }
  return true;
}

function joined(s: Standing, fact: Fact): boolean {
  revive(s);
  if (s.present.some(({ id }) => id === fact.agent!.id)) return false;
  s.present.push(fact.agent!);
  s.lastJoin = { at: fact.at, arrival: fact.arrival };
  s.lastTransfer = null;
  s.everJoined = true;
  s.confirmed = true;
  s.waiting = s.leaving = s.requeued = s.queueIsCurrent = false;
  s.transferredAt = null;
  if (s.openTransfer) s.openTransfer.joinedSince = true;
  return true;
}

function left(s: Standing, fact: Fact, all: Fact[]): boolean {
  const index = s.present.findIndex(({ id }) => id === fact.agent!.id);
  if (index < 0) return false;
  s.present.splice(index, 1);
  s.lastTransfer = null;
  s.requeued = false;
  const nobodyIn = s.present.length === 0;
  if (s.openTransfer?.present.includes(fact.agent!.id)) {
    s.openTransfer = null;
    s.waiting = nobodyIn;
    return true;
  }
  s.unexplainedLeaving = fact.at;
  if (nobodyIn) {
    // A QUEUED with an earlier time that arrived after the leaving is news; one that was known before it is not.
    const newQueue = all.some(
      (other) => other.kind === 'queued' && other.arrival > fact.arrival && isBetween(other, s.lastJoin, fact),
    );
    s.waiting = newQueue;
    s.leaving = !newQueue;
  }
  return true;
}

function isBetween(fact: Fact, after: { at: number; arrival: number } | null, before: Fact): boolean {
  return (
    fact.at <= before.at &&
    (after === null || fact.at > after.at || (fact.at === after.at && fact.arrival > after.arrival))
  );
}

function transferred(s: Standing, fact: Fact, endGraceMs: number): boolean {
  revive(s);
  const repeated = s.lastTransfer !== null && fact.at - s.lastTransfer <= endGraceMs;
  if (repeated || (s.present.length === 0 && !s.everJoined)) return false;
  s.lastTransfer = fact.at;
  if (s.present.length === 0) {
    const known = s.transferredAt !== null;
    s.waiting = true;
    s.leaving = false;
    s.unexplainedLeaving = null;
    s.transferredAt = fact.at;
    return !known;
  }
  if (s.unexplainedLeaving !== null && fact.at - s.unexplainedLeaving <= endGraceMs) {
    // It explains a leaving that came first, and the next agent is in already.
    s.unexplainedLeaving = null;
    return true;
  }
  if (s.openTransfer && !s.openTransfer.joinedSince) return false;
  s.openTransfer = { at: fact.at, present: s.present.map(({ id }) => id), joinedSince: false };
  s.transferredAt = fact.at;
  s.requeued = s.queueIsCurrent;
  return true;
}

function idle(s: Standing, fact: Fact, endGraceMs: number): boolean {
  if (s.ended) return false;
  // Right after a transfer idle may only say that this agent's part is over.
  if (s.transferredAt !== null && fact.at - s.transferredAt <= endGraceMs) {
    s.idling = true;
    return false;
  }
  s.ended = s.leaving ? 'agent' : 'contact_center';
  return true;
}

/** The status that a standing amounts to while nothing has ended. */
export function openStatusOf(s: Standing): 'requested' | 'queued' | 'active' {
  if (s.present.length > 0) return s.requeued ? 'queued' : 'active';
  // Until the grace is over an agent's leaving changes nothing: it may be half of a transfer.
  if (s.leaving) return 'active';
  return s.waiting || s.confirmed ? 'queued' : 'requested';
}
