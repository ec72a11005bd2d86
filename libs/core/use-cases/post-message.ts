import type { ConvertedMessage, OutboundMessage } from '#contract';
import type { Course } from '../course.js';
import { Refusal } from '../errors.js';
import { isFinal, type Message } from '../handover.js';
import type { HandoverUnit } from '../unit.js';
import { hearUser } from '../watch.js';

/**
 * Takes a message of the user or the bot for the agent. Each part in which the contact centre shows it is sent by a command of its own.
 * @param course null while the provider is not loaded
 * @throws {Refusal} `conflict` when the handover is over or being ended
 */
export function postMessage(
  unit: HandoverUnit,
  input: OutboundMessage,
  { parts, losses }: Pick<ConvertedMessage, 'parts' | 'losses'>,
  course: Course | null,
): Message {
  const { handover } = unit;
  if (isFinal(handover))
    throw new Refusal('conflict', `The handover is ${handover.status}; start a new one to reach an agent.`);
  if (handover.closing) throw new Refusal('conflict', 'The handover is being closed and takes no more messages.');
  const conversion = losses.length > 0 ? { losses } : null;
  const message = unit.addMessage({ ...input, status: 'pending', conversion });
  for (const [index, as] of parts.entries()) {
    const payload = as === input ? undefined : { part: index + 1, parts: parts.length, as };
    unit.command('message', { message, payload });
  }
  if (course && input.author === 'user') hearUser(unit, course);
  return message;
}
