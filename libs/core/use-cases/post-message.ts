import type { Card } from '#contract';
import { Refusal } from '../errors.js';
import { isFinal, type Message } from '../handover.js';
import type { HandoverUnit } from '../unit.js';

/** Takes a message of the user or the bot for the agent. @throws {Refusal} `conflict` when the handover is over or being ended */
export function postMessage(
  unit: HandoverUnit,
  input: { author: 'user' | 'bot'; text: string | null; cards: Card[] },
): Message {
  const { handover } = unit;
  if (isFinal(handover))
    throw new Refusal('conflict', `The handover is ${handover.status}; start a new one to reach an agent.`);
  if (handover.incoming && input.author === 'user')
    throw new Refusal(
      'conflict',
      "The user of this handover writes in the contact centre's own channel; a message in their name would reach the agent twice.",
    );
  if (handover.closing) throw new Refusal('conflict', 'The handover is being closed and takes no more messages.');
  const message = unit.addMessage({ ...input, status: 'pending' });
  unit.command('message', { message });
  return message;
}
