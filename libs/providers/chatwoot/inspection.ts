import type { Inspection, ListedMessage } from '#contract';
import { at, idAt, listed, timeOf } from '#provider-kit';
import { agentIn, messageFact, queueOf } from './mapping.js';

/**
 * How a conversation stands. Chatwoot tells no time that says until when this is so, and no contact ever leaves. An agent's removal
 * ends nothing: only what is resolved is over.
 */
export function inspectionOf(conversation: unknown): Inspection {
  const isOver = at(conversation, 'status') === 'resolved';
  const agent = isOver ? null : agentIn(conversation);
  return {
    state: isOver ? 'ended' : 'open',
    agents: agent ? [agent] : [],
    queue: isOver || agent ? null : queueOf(conversation),
    waits: !isOver && agent === null,
    hasUserLeft: false,
    at: null,
  };
}

/** A message of the list, as its event would have told it; none where the event would have been ignored. */
export function listedMessage(item: Record<string, unknown>, systemMessages: boolean): ListedMessage[] {
  return listed(messageFact(item, systemMessages), idAt(item, 'id'), listedAt(item));
}

/** When a message of the list was written, epoch milliseconds. Chatwoot source: the list tells seconds. */
export const listedAt = ({ created_at }: Record<string, unknown>): number | null => timeOf(created_at, 1_000);
