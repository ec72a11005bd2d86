import { isFinal, messageView, type HandoverError, type Message } from '../handover.js';
import { fail } from '../settle.js';
import type { HandoverUnit } from '../unit.js';

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
