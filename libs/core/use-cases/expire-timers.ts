import type { Course } from '../course.js';
import type { TranscriptMark } from '../delivery-ports.js';
import { isFinal } from '../handover.js';
import { standingOf } from '../lifecycle.js';
import { finish, settle } from '../settle.js';
import type { HandoverUnit } from '../unit.js';
import { watchSilence } from '../watch.js';
import { closeHandover } from './close-handover.js';

/**
 * Acts on every timer that has run out. What is due follows from the handover alone, so it is safe to repeat, and when several
 * replicas wake up for the same timer. However long nobody looked, a timer runs out once.
 * @param mark where the transcript stood when it was looked at
 */
export function expireTimers(unit: HandoverUnit, course: Course, mark: TranscriptMark): void {
  const { handover } = unit;
  if (isFinal(handover)) return;
  const { leave, close } = handover.lifecycle.timers;
  const now = unit.now.getTime();
  if (close !== undefined && close <= now) return finish(unit, handover.closing ?? 'bot');
  if (leave !== undefined && leave <= now) {
    const { leaving } = standingOf(handover.lifecycle, course.endGraceMs).standing;
    return finish(unit, handover.closing ?? (leaving ? 'agent' : 'contact_center'));
  }
  // Sets the timers by what is configured now; those that were set by an earlier configuration are not due any more.
  settle(unit, course);
  const { duration, wait, inactivity } = handover.lifecycle.timers;
  if (duration !== undefined && duration <= now) return closeHandover(unit, 'operator');
  if (wait !== undefined && wait <= now) return closeHandover(unit, 'no_agent');
  if (inactivity !== undefined && inactivity <= now) expireSilence(unit, course, mark);
}

/** The user has been silent for a while, unless the transcript says otherwise. */
function expireSilence(unit: HandoverUnit, course: Course, { messageSequence, user }: TranscriptMark): void {
  const { handover, now } = unit;
  const { inactivity } = course;
  const { silence } = handover.lifecycle;
  // Something was said between the look at the transcript and now: the timer is due still and looks again.
  if (!inactivity || !silence || handover.messageSequence !== messageSequence) return;
  if (user && user.sequence > silence.heard) {
    // Whoever stamped the message may have had another time; it was said after the last look, and not later than now.
    silence.since = Math.min(Math.max(silence.since, user.at.getTime()), now.getTime());
    silence.count = 0;
  }
  silence.heard = messageSequence;
  if (silence.since + inactivity.timeoutMs <= now.getTime()) {
    // Without anything left to tell no timer runs, so this is the end.
    if (silence.count >= inactivity.reminders && inactivity.close) return closeHandover(unit, 'inactivity');
    if (silence.count < inactivity.reminders) tellSilence(unit, silence, inactivity);
  }
  watchSilence(unit, course);
}

function tellSilence(
  unit: HandoverUnit,
  silence: NonNullable<HandoverUnit['handover']['lifecycle']['silence']>,
  { reminders, close }: NonNullable<Course['inactivity']>,
): void {
  silence.count += 1;
  silence.since = unit.now.getTime();
  unit.emit('handover.inactive', { inactivityCount: silence.count, willClose: close && silence.count === reminders });
}
