import type { Course } from '../course.js';
import { isFinal, messageView, type HandoverError, type Message } from '../handover.js';
import { addFact } from '../lifecycle.js';
import { fail, settle } from '../settle.js';
import type { CommandPayload, HandoverUnit } from '../unit.js';

/** The conversation was opened. A second one for the same handover is ended at once. */
export function recordStarted(unit: HandoverUnit, conversationId: string): void {
  const { handover } = unit;
  if (handover.conversationId !== null && handover.conversationId !== conversationId) {
    unit.command('end', { payload: { conversationId } });
  }
  handover.conversationId ??= conversationId;
  handover.boundAt ??= unit.now;
  unit.setMessageStatus('transcript', 'delivered');
}

/** The conversation could not be opened, for good. */
export function recordStartFailed(unit: HandoverUnit, error: HandoverError): void {
  unit.setMessageStatus('pending', 'failed', error.message);
  fail(unit, error);
}

/** The contact centre refused the message, or could not be reached for too long. Later messages still go. */
export function recordSendFailed(unit: HandoverUnit, message: Message, error: string): void {
  unit.setMessageStatus([message.id], 'failed', error);
  // A repeated outcome was told already.
  if (isFinal(unit.handover) || message.status === 'failed') return;
  const failed: Message = { ...message, status: 'failed', error };
  unit.emit('message.failed', { message: messageView(failed), error: { message: error } });
}

/**
 * The contact centre took the handover out of the hands of whoever had it, at our request: what follows is a transfer, whatever it
 * reports of it and in whichever order.
 * @param at when that was asked for, epoch milliseconds
 */
export function recordRerouted(unit: HandoverUnit, at: number, course: Course): void {
  if (isFinal(unit.handover)) return;
  addFact(unit.handover.lifecycle, { kind: 'transferred', at, arrival: 0 }, course.endGraceMs);
  settle(unit, course);
}

/** The contact centre refused a change of queue or customer, or could not be reached for too long. What the handover says stays. */
export function recordUpdateFailed(unit: HandoverUnit, { queueId, userChanged }: CommandPayload, error: string): void {
  if (isFinal(unit.handover)) return;
  const fields = [...(userChanged ? ['/user'] : []), ...(queueId === undefined ? [] : ['/settings/queueId'])];
  unit.emit('handover.update_failed', { fields, error: { message: error } });
}
