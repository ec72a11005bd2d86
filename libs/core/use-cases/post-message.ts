import type { Card } from '#contract';
import type { Course } from '../course.js';
import { Refusal } from '../errors.js';
import { isFinal, type Message } from '../handover.js';
import type { HandoverUnit } from '../unit.js';
import { hearUser } from '../watch.js';

/**
 * Takes a message of the user or the bot for the agent.
 * @param course null while the provider is not loaded
 * @throws {Refusal} `conflict` when the handover is over or being ended
 */
export function postMessage(
  unit: HandoverUnit,
  input: { author: 'user' | 'bot'; text: string | null; cards: Card[] },
  course: Course | null,
): Message {
  const { handover } = unit;
  if (isFinal(handover))
    throw new Refusal('conflict', `The handover is ${handover.status}; start a new one to reach an agent.`);
  if (handover.closing) throw new Refusal('conflict', 'The handover is being closed and takes no more messages.');
  const message = unit.addMessage({ ...input, status: 'pending' });
  unit.command('message', { message });
  if (course && input.author === 'user') hearUser(unit, course);
  return message;
}
