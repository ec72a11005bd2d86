import { isFinal, type EndReason } from '../handover.js';
import { finish } from '../settle.js';
import type { HandoverUnit } from '../unit.js';
import { stopWatching } from '../watch.js';

/** How long the bot waits for the contact centre to confirm our ending before it gets the user back, in milliseconds. */
export const CLOSE_WITHIN_MS = 10_000;

/**
 * Ends a handover from the bot's side. What was accepted before is sent first; the ending itself goes on in the background
 * until the contact centre has it, but the bot does not wait longer than `CLOSE_WITHIN_MS` for it. Safe to repeat.
 */
export function closeHandover(unit: HandoverUnit, reason: EndReason): void {
  const { handover } = unit;
  if (isFinal(handover) || handover.closing) return;
  handover.closing = reason;
  stopWatching(unit);
  handover.lifecycle.timers.close = unit.now.getTime() + CLOSE_WITHIN_MS;
  unit.command('end');
}

/** The contact centre has ended the conversation at our request (or there was none to end). */
export function recordEnded(unit: HandoverUnit): void {
  if (unit.handover.closing) finish(unit, unit.handover.closing);
}
