import type { Course } from './course.js';
import type { Timer } from './lifecycle.js';
import type { HandoverUnit } from './unit.js';

/** For how long the end user has been silent, as far as it was looked at. Plain JSON. */
export interface Silence {
  /** When it began, or when the bot was last told of it. Epoch milliseconds. */
  since: number;
  /** How often the bot was told. */
  count: number;
  /** Messages of the transcript up to this sequence are taken into account. */
  heard: number;
}

/**
 * Sets the timers that keep anybody from waiting for ever. They follow from the handover and from what is configured now, so that
 * handovers that are open already go by a changed configuration too, and setting them again changes nothing.
 */
export function watch(unit: HandoverUnit, course: Course, everJoined: boolean): void {
  const { createdAt, closing } = unit.handover;
  const after = (ms: number | null): number | null => (ms === null || closing ? null : createdAt.getTime() + ms);
  setTimer(unit, 'duration', after(course.maxDurationMs));
  setTimer(unit, 'wait', everJoined ? null : after(course.waitTimeoutMs));
  watchSilence(unit, course);
}

/** A handover that is being ended waits for the contact centre alone. */
export function stopWatching(unit: HandoverUnit): void {
  for (const timer of ['duration', 'wait', 'inactivity'] as const) setTimer(unit, timer, null);
}

/**
 * The end user wrote. A timer that runs is left alone: when it runs out it looks into the transcript, so that a plain message
 * stays one for the database. Only when none runs, because nothing was left to be told, this message starts it.
 */
export function hearUser(unit: HandoverUnit, course: Course): void {
  const { lifecycle } = unit.handover;
  if (course.inactivity === null || lifecycle.timers.inactivity !== undefined) return;
  delete lifecycle.silence;
  watchSilence(unit, course);
}

/** From the first queue on, until everything about the silence has been told. */
export function watchSilence(unit: HandoverUnit, { inactivity }: Course): void {
  const { status, closing, lifecycle, messageSequence } = unit.handover;
  if (inactivity === null || closing || status === 'requested') {
    delete lifecycle.silence;
    return setTimer(unit, 'inactivity', null);
  }
  lifecycle.silence ??= { since: unit.now.getTime(), count: 0, heard: messageSequence };
  const { since, count } = lifecycle.silence;
  const isAllTold = count >= inactivity.reminders && !inactivity.close;
  setTimer(unit, 'inactivity', isAllTold ? null : since + inactivity.timeoutMs);
}

function setTimer(unit: HandoverUnit, timer: Timer, at: number | null): void {
  const { timers } = unit.handover.lifecycle;
  if (at === null) delete timers[timer];
  else timers[timer] = at;
}
