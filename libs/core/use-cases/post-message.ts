import type { Card } from '#contract';
import { Refusal } from '../errors.js';
import { isFinal, type Attachment, type Handover, type Message } from '../handover.js';
import type { HandoverUnit } from '../unit.js';

/** @throws {Refusal} `conflict` when the handover is over or being ended, so that nothing of the bot's would reach an agent */
export function refuseIfOver({ status, closing }: Handover): void {
  if (isFinal({ status }))
    throw new Refusal('conflict', `The handover is ${status}; start a new one to reach an agent.`);
  if (closing) throw new Refusal('conflict', 'The handover is being closed and takes no more messages.');
}

/** Takes a message of the user or the bot for the agent. @throws {Refusal} `conflict` when the handover is over or being ended */
export function postMessage(
  unit: HandoverUnit,
  input: { author: 'user' | 'bot'; text: string | null; cards: Card[]; attachments: Attachment[] },
): Message {
  refuseIfOver(unit.handover);
  const message = unit.addMessage({ ...input, status: 'pending' });
  unit.command('message', { message });
  return message;
}
