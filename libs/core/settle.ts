import type { Agent } from '#contract';
import { isConversation } from './conversation.js';
import type { Course } from './course.js';
import { isFinal, type EndReason, type FinalStatus, type HandoverError } from './handover.js';
import { openStatusOf, standingOf, type Fact, type Standing } from './lifecycle.js';
import { wasSeenBefore } from './seen-facts.js';
import type { EventType, HandoverUnit } from './unit.js';
import { watch } from './watch.js';

/** How long a queue that nobody has named yet may keep the bot from hearing that it waits, in milliseconds. */
const NAME_QUEUE_WITHIN_MS = 1_000;

/**
 * Brings a handover to where its facts put it: tells the bot what is new, moves the status, sets and clears timers, ends it
 * when it is over. Safe to repeat.
 */
export function settle(unit: HandoverUnit, course: Course): void {
  const { handover } = unit;
  const { endGraceMs } = course;
  if (isFinal(handover) || isConversation(handover)) return;
  const { standing, effective } = standingOf(handover.lifecycle, endGraceMs);
  if (openStatusOf(standing) === 'active' && !standing.ended) announceOverdue(unit);
  for (const fact of effective.filter(({ told }) => !told)) {
    if (wasSeenBefore(fact, handover.lifecycle.facts, effective)) fact.told = true;
    else tell(unit, fact);
  }
  if (standing.ended) return finish(unit, handover.closing ?? standing.ended);

  handover.status = openStatusOf(standing);
  handover.agent = standing.present.at(-1) ?? (handover.status === 'active' ? handover.agent : null);
  handover.queue = standing.waiting && !standing.queueIsCurrent ? null : standing.queue;
  if (handover.status === 'active') handover.activeAt ??= unit.now;
  if (handover.status === 'queued') handover.queuedAt ??= unit.now;
  setLeaveTimer(unit, standing, endGraceMs);
  announce(unit, standing, endGraceMs);
  watch(unit, course, standing.everJoined);
}

/** Ends a handover, or a conversation that began in the contact centre. Nothing changes it afterwards, and no event follows. */
export function finish(unit: HandoverUnit, endReason: EndReason): void {
  if (isConversation(unit.handover)) return end(unit, 'ended', { endReason });
  const { standing } = standingOf(unit.handover.lifecycle, 0);
  end(unit, standing.everJoined ? 'completed' : 'cancelled', { endReason });
}

/** Gives a handover up that could not be started or was lost for good. */
export function fail(unit: HandoverUnit, error: HandoverError): void {
  end(unit, 'failed', { error });
}

function end(
  unit: HandoverUnit,
  status: FinalStatus | 'ended',
  why: { endReason?: EndReason; error?: HandoverError },
): void {
  const { handover } = unit;
  if (isFinal(handover)) return;
  handover.status = status;
  handover.endReason = why.endReason ?? null;
  handover.error = why.error ?? null;
  handover.endedAt = unit.now;
  handover.lifecycle.timers = {};
  if (status !== 'ended') {
    unit.emit(`handover.${status}`, why.error ? { error: why.error } : { endReason: why.endReason });
    if (handover.incoming) unit.command('end', { payload: { release: true } });
    return;
  }
  // A bot that never heard of it has nothing to hear.
  if (handover.eventSequence > 0) unit.emit('conversation.ended', { endReason: why.endReason });
}

function tell(unit: HandoverUnit, fact: Fact): void {
  fact.told = true;
  if (fact.kind === 'transferred') unit.emit('handover.transferred');
  if (fact.kind === 'agent.joined' || fact.kind === 'agent.left') {
    unit.handover.agent = fact.agent as Agent;
    unit.emit(fact.kind, { agent: fact.agent });
  }
}

function setLeaveTimer(unit: HandoverUnit, standing: Standing, endGraceMs: number): void {
  const { timers } = unit.handover.lifecycle;
  if (!standing.leaving && !standing.idling) delete timers.leave;
  else timers.leave ??= unit.now.getTime() + endGraceMs;
}

/** Tells the bot of a new status or queue, once. A queue is announced when it has a name, or when nobody names it in time. */
function announce(unit: HandoverUnit, standing: Standing, endGraceMs: number): void {
  const { handover } = unit;
  const { announced, timers } = handover.lifecycle;
  const queue = handover.queue?.id ?? null;
  const changed = handover.status !== announced.status || (queue !== null && queue !== announced.queue);
  if (handover.status === 'requested' || !changed) {
    delete timers.announce;
    return;
  }
  if (handover.status === 'queued' && !standing.queueIsCurrent) {
    // After a transfer the next queue is worth waiting for; at the start the assignment will do.
    const patience = standing.everJoined ? Math.max(endGraceMs, NAME_QUEUE_WITHIN_MS) : NAME_QUEUE_WITHIN_MS;
    timers.announce ??= unit.now.getTime() + patience;
    if (timers.announce > unit.now.getTime()) return;
  }
  say(unit);
}

/** An agent comes while the bot still waits to hear in which queue: it hears of the queueing first, named or not. */
function announceOverdue(unit: HandoverUnit): void {
  const { status, lifecycle } = unit.handover;
  if (status === 'queued' && lifecycle.timers.announce !== undefined) say(unit);
}

function say(unit: HandoverUnit): void {
  const { handover } = unit;
  delete handover.lifecycle.timers.announce;
  handover.lifecycle.announced = { status: handover.status, queue: handover.queue?.id ?? null };
  unit.emit(`handover.${handover.status}` as EventType, { queue: handover.queue, agent: handover.agent });
}
