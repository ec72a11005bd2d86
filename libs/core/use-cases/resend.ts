import type { DeadLetter } from '../delivery-ports.js';
import { isFinal, type Handover } from '../handover.js';

/** Why something that was given up cannot be sent again, for the operator; null when it can. */
export function whyNotResend(letter: DeadLetter, handover: Handover | null): string | null {
  if (letter.status === 'resending') return 'This delivery is being sent again already.';
  if (letter.status === 'delivered') return 'This delivery was sent again and has arrived.';
  if (!handover) return 'The handover of this delivery is gone.';
  const over = isFinal(handover) || handover.closing !== null;
  const state = isFinal(handover) ? `is ${handover.status}` : 'is being closed';
  switch (letter.kind) {
    case 'start':
      return over
        ? `The handover ${state}: its conversation is not opened any more. Let the bot start a new one.`
        : 'The conversation of this handover is under way already.';
    case 'message':
      if (over) return `The handover ${state}: no agent would read the message.`;
      return handover.conversationId === null ? 'The handover has no conversation yet to send the message to.' : null;
    case 'update':
      return over ? `The handover ${state}: there is nothing left to change.` : null;
    default:
      return null;
  }
}
