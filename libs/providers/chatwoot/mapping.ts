import { WebhookRejected, type Agent, type ProviderEvent, type ProviderFact, type Queue } from '#contract';
import { at, idAt, ignored, listAt, nameAt, parseJson, textAt, timeOf, urlAt } from '#provider-kit';

const STATUSES = ['open', 'pending', 'resolved', 'snoozed'];
/** Chatwoot source: a conversation has a number. */
const IS_ID = /^[1-9]\d{0,18}$/;
const LISTED_TYPES: Record<number, string> = { 1: 'outgoing', 3: 'template' };

/**
 * The facts in a webhook's body. Pure. What is not understood is `ignored`.
 * @param prefix what goes before the number of a conversation
 * @throws {WebhookRejected} `invalid` when it is no event at all
 */
export function mapEvent(
  body: Buffer,
  prefix: string,
  { systemMessages }: { systemMessages: boolean },
): ProviderEvent[] {
  const event = parseJson(body);
  const name = textAt(event, 'event');
  if (name === null) throw new WebhookRejected('invalid', 'the body is no event of Chatwoot: it names none');
  const isConversation = name.startsWith('conversation_') && !name.startsWith('conversation_typing');
  const conversation = isConversation ? event : at(event, 'conversation');
  const given = idAt(conversation, 'id');
  const id = given !== null && IS_ID.test(given) ? given : null;
  const when = timeOf(name === 'message_created' ? at(event, 'created_at') : at(conversation, 'updated_at'), 1_000);
  const handoverId = textAt(conversation, 'custom_attributes', 'handoverId');
  const about = {
    conversation: id === null ? '' : prefix + id,
    at: when,
    ...(handoverId === null ? {} : { handoverId }),
  };
  return factsOf(name, event, id !== null, systemMessages).map((fact) => ({ ...about, ...fact }));
}

function factsOf(name: string, event: unknown, isOfConversation: boolean, systemMessages: boolean): ProviderFact[] {
  if (!isOfConversation) return [ignored(`${name.slice(0, 100)} is about no conversation`)];
  switch (name) {
    case 'message_created':
      return [messageFact(event, systemMessages)];
    case 'conversation_created':
    case 'conversation_updated':
    case 'conversation_status_changed':
      return course(event);
    case 'conversation_typing_on':
    case 'conversation_typing_off':
      return [typing(event, name)];
    default:
      return [ignored(`${name.slice(0, 100)} events are of no interest`)];
  }
}

/**
 * A message of an agent's, from an event or a list. Private notes come through the same event, and so does what contacts write, ours included: only what
 * is marked as public and as outgoing is meant for the user.
 */
export function messageFact(event: unknown, systemMessages: boolean): ProviderFact {
  if (at(event, 'private') !== false) return ignored('a private note');
  const given = at(event, 'message_type');
  // Chatwoot API documentation: webhooks name the type; lists number it.
  const type = typeof given === 'number' ? LISTED_TYPES[given] : given;
  if (type !== 'outgoing' && type !== 'template') return ignored('not written to the user');
  const isAgent = type === 'outgoing' && at(event, 'sender', 'type') === 'user';
  if (!isAgent && !systemMessages) return ignored('written by a bot or by Chatwoot itself');
  const content = at(event, 'content');
  const text = textAt(type === 'outgoing' && typeof content === 'string' ? asWritten(content) : content);
  const attachments = listAt(event, 'attachments').flatMap((file) => {
    const [id, url] = [idAt(file, 'id'), urlAt(file, 'data_url')];
    return id === null || url === null ? [] : [{ id, filename: filenameOf(url), contentType: null, url }];
  });
  if (text === null && attachments.length === 0) return ignored('an empty message');
  const agent = isAgent ? agentOf(at(event, 'sender')) : null;
  const id = idAt(event, 'id');
  return {
    type: 'message',
    ...(id === null ? {} : { id }),
    author: isAgent ? 'agent' : 'system',
    agent,
    text,
    cards: [],
    attachments,
  };
}

/**
 * Chatwoot source: its editor keeps Shift+Enter as Markdown's hard break, a backslash before the line break. Events of newer versions have it
 * without, lists never. A backslash that is escaped by another one is no such break.
 */
function asWritten(text: string): string {
  return text.replaceAll(/(?<!\\)((?:\\\\)*)\\(\r?\n)/g, '$1$2');
}

/** Writing a note is no typing that the user may see; the contact's is our own. */
function typing(event: unknown, name: string): ProviderFact {
  const agent = agentOf(at(event, 'user'));
  if (at(event, 'is_private') !== false || at(event, 'user', 'type') !== 'user')
    return ignored('typing, not for the user');
  return { type: 'typing', typing: name === 'conversation_typing_on', agent };
}

/**
 * The course of a conversation: who has it now, and who had it before. An event has the whole conversation as it is, so most of it is
 * told again and again, which changes nothing. Who takes a conversation over directly comes before the other one leaves:
 * it never waits.
 */
function course(conversation: unknown): ProviderFact[] {
  const status = at(conversation, 'status');
  if (typeof status !== 'string' || !STATUSES.includes(status)) return [ignored('an unknown conversation status')];
  const assignee = assigneeOf(conversation);
  if (status === 'resolved') return [...(assignee ? [left(assignee)] : []), { type: 'idle' }];
  const present = agentIn(conversation);
  const previous = idAt(changeOf(conversation, 'assignee_id'), 'previous_value');
  const lost = present ? null : assignee;
  const gone = previous !== null && previous !== present?.id ? { id: previous, name: null } : lost;
  const queue = queueOf(conversation);
  const waits = present === null || changeOf(conversation, 'team_id') !== undefined;
  return [
    ...(gone ? [{ type: 'transferred' } as const] : []),
    ...(gone && !present ? [left(gone)] : []),
    waits ? { type: 'queued', queue } : { type: 'assigned', queue },
    ...(present ? [{ type: 'agent.joined', agent: present } as const] : []),
    ...(gone && present ? [left(gone)] : []),
  ];
}

/** The human agent whom a conversation is with; while it is pending it is with nobody. */
export function agentIn(conversation: unknown): Agent | null {
  return at(conversation, 'status') === 'pending' ? null : assigneeOf(conversation);
}

function assigneeOf(conversation: unknown): Agent | null {
  const isBot = at(conversation, 'meta', 'assignee_type') === 'AgentBot';
  return isBot ? null : agentOf(at(conversation, 'meta', 'assignee'));
}

/** Chatwoot source, conversation events: `changed_attributes` is a list of objects with one attribute each, or null. */
function changeOf(conversation: unknown, attribute: string): unknown {
  const changed = listAt(conversation, 'changed_attributes').find((one) => Object.hasOwn(one, attribute));
  return changed?.[attribute];
}

/** The team that a conversation is for; without one, the inbox itself is where it waits. */
export function queueOf(conversation: unknown): Queue {
  const team = idAt(conversation, 'meta', 'team', 'id');
  if (team !== null) return { id: team, name: textAt(conversation, 'meta', 'team', 'name') };
  return { id: `inbox-${idAt(conversation, 'inbox_id') ?? 'unknown'}`, name: null };
}

function agentOf(user: unknown): Agent | null {
  const [id, type] = [idAt(user, 'id'), at(user, 'type')];
  if (id === null || (type !== undefined && type !== 'user')) return null;
  return { id, name: nameAt(user, 'available_name') ?? nameAt(user, 'name') };
}

function filenameOf(url: string): string {
  const last = new URL(url).pathname.split('/').at(-1)!;
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // A name that is not encoded stays as it is.
  }
  return nameAt(name.replaceAll(/[/\\]/g, '_')) ?? 'file';
}

const left = (agent: Agent): ProviderFact => ({ type: 'agent.left', agent });
