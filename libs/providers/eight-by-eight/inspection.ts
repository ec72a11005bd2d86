import { isPlainObject, type Inspection, type ListedMessage } from '#contract';
import { idAt, listed, timeOf } from '#provider-kit';
import { agentOf, messageFact, type MappingOptions } from './mapping.js';

type Json = Record<string, unknown>;

/**
 * How a conversation stands, from the conversation itself and those who take part in it.
 * 8x8 Chat Gateway documentation: participants include people who have left already, marked as `removed`; a conversation's state is
 * `created`, `active` or `idle`, in capitals or not. So its user is always among them: a list without one tells nothing.
 */
export function inspectionOf(conversation: Json, participants: Json[], at: number | null): Inspection {
  const state = typeof conversation.state === 'string' ? conversation.state.trim().toLowerCase() : null;
  const present = participants.filter(({ removed }) => removed !== true);
  const users = participants.filter(({ type }) => type === 'user');
  const inIt = present.flatMap(({ type, id }) => (type === 'agent' ? (agentOf(id) ?? []) : []));
  const assignment = isPlainObject(conversation.assignment) ? conversation.assignment : {};
  const queueId = assignment.type === 'queue' && inIt.length === 0 ? idAt(assignment.id) : null;
  return {
    state: state === 'idle' ? 'ended' : 'open',
    agents: users.length > 0 ? inIt : null,
    queue: queueId === null || state !== 'active' ? null : { id: queueId, name: null },
    hasUserLeft: users.length > 0 && users.every(({ removed }) => removed === true),
    at,
  };
}

/**
 * A message of the list, as its event would have told it; none where the event would have been ignored, or without an id or a time.
 * 8x8 Chat Gateway documentation: the list names an `author` where the event has a `sender`, and tells times as ISO 8601.
 */
export function listedMessage(item: Json, options: MappingOptions): ListedMessage[] {
  return listed(messageFact({ ...item, sender: item.author }, options), idAt(item.id), listedAt(item));
}

/** When a message of the list was said, epoch milliseconds. */
export function listedAt({ createdAt }: Json): number | null {
  return timeOf(createdAt);
}
