import type { ConvertedMessage, MessageContent } from '#contract';
import type { Course } from '../course.js';
import { Refusal } from '../errors.js';
import { isFinal, type Attachment, type Handover, type Message } from '../handover.js';
import type { HandoverUnit } from '../unit.js';
import { hearUser } from '../watch.js';

/** @throws {Refusal} `conflict` when the handover is over or being ended, so that nothing of the bot's would reach an agent */
export function refuseIfOver({ status, closing }: Handover): void {
  if (isFinal({ status }))
    throw new Refusal('conflict', `The handover is ${status}; start a new one to reach an agent.`);
  if (closing) throw new Refusal('conflict', 'The handover is being closed and takes no more messages.');
}

/** A message for the agent, its files, and how the contact centre shows it. */
export interface PostInput extends Pick<ConvertedMessage, 'parts' | 'losses'> {
  content: MessageContent;
  attachments: Attachment[];
}

/**
 * Takes a message of the user or the bot for the agent. Each part in which the contact centre shows it is sent by a command of its own;
 * its files go with the first.
 * @param course null while the provider is not loaded
 * @throws {Refusal} `conflict` when the handover is over or being ended
 */
export function postMessage(
  unit: HandoverUnit,
  { content, attachments, parts, losses }: PostInput,
  course: Course | null,
): Message {
  const { handover } = unit;
  refuseIfOver(handover);
  if (handover.incoming && content.author === 'user')
    throw new Refusal(
      'conflict',
      "The user of this handover writes in the contact centre's own channel; a message in their name would reach the agent twice.",
    );
  const conversion = losses.length > 0 ? { losses } : null;
  const message = unit.addMessage({ ...content, attachments, status: 'pending', conversion });
  for (const [index, as] of parts.entries()) {
    const payload = as === content ? undefined : { part: index + 1, parts: parts.length, as };
    unit.command('message', { message, payload });
  }
  if (course && content.author === 'user') hearUser(unit, course);
  return message;
}
