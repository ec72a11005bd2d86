import {
  ADAPTIVE_CARD,
  isPlainObject,
  WebhookRejected,
  type Agent,
  type Card,
  type ProviderEvent,
  type ProviderFact,
  type RemoteAttachment,
} from '#contract';
import { cardsText } from './cards.js';
import { propertyEntries, wellFormedJson } from './text.js';
import { at, idAt, ignored, listAt, MAX_ID, nameAt, parseJson, timeOf, urlAt, wellFormed } from '#provider-kit';
import { visitorOf } from './visitor.js';

export interface MappingOptions {
  /** Whether messages of the contact centre itself reach the user. */
  systemMessages: boolean;
}

type Json = Record<string, unknown>;
type Mapper = (data: Json, options: MappingOptions) => ProviderFact;

/** 8x8 Chat Gateway documentation: a webhook of an older version sends these instead of `MEMBERS_CHANGED` and `MESSAGE`. */
const LEGACY = ['AGENT_JOINED', 'AGENT_LEFT', 'TEXT'];

const MAPPERS = new Map<string, Mapper>([
  ['CONVERSATION_UPDATE', conversationUpdate],
  ['QUEUED', queued],
  ['MEMBERS_CHANGED', membersChanged],
  ['TRANSFER', () => ({ type: 'transferred' })],
  ['MESSAGE', messageFact],
  ['ACTIVITY', activity],
]);

/** Whether a body is 8x8's connection test: it belongs to no conversation. Never throws. */
export function isConnectionTest(body: Buffer): boolean {
  if (body.length > 16_384 || !body.includes('WEB_HOOK_VERIFY')) return false;
  const event = parseJson(body);
  return at(event, 'eventType') === 'WEB_HOOK_VERIFY' && (at(event, 'conversationId') ?? null) === null;
}

/**
 * The facts in a webhook's body. Pure. Whatever 8x8 may add is passed over, and what is not understood is `ignored`.
 * @throws {WebhookRejected} `invalid` when it is no event at all
 */
export function mapEvent(body: Buffer, options: MappingOptions): ProviderEvent[] {
  const event = parseJson(body);
  if (!isPlainObject(event)) throw new WebhookRejected('invalid', 'the body is no JSON object');
  const { eventType } = event;
  if (typeof eventType !== 'string') throw new WebhookRejected('invalid', 'the body has no eventType');
  const conversation = conversationOf(event.conversationId);
  const when = timeOf(event.timestamp);
  const mapper = MAPPERS.get(eventType);
  if (!mapper) return [{ conversation: conversation ?? '', at: when, ...ignored(unknownReason(eventType)) }];
  if (conversation === null)
    throw new WebhookRejected('invalid', `the ${eventType} event has no usable conversationId`);
  const data = isPlainObject(event.data) ? event.data : {};
  return [
    {
      conversation,
      at: when,
      ...(eventType === 'CONVERSATION_UPDATE' ? participantsOf(data) : {}),
      ...mapper(data, options),
    },
  ];
}

function participantsOf(data: Json): Pick<ProviderEvent, 'handoverId' | 'visitor'> {
  const [handoverId, visitor] = [handoverOf(data), visitorOf(data)];
  return { ...(handoverId === undefined ? {} : { handoverId }), ...(visitor === undefined ? {} : { visitor }) };
}

function unknownReason(eventType: string): string {
  if (LEGACY.includes(eventType)) {
    return `${eventType} is an event of an older webhook version: set the webhook's version in 8x8 to "Chat Gateway v1.0"`;
  }
  if (eventType === 'WEB_HOOK_VERIFY') return 'connection test';
  return `unknown event type ${wellFormed(eventType.slice(0, 100))}`;
}

function conversationUpdate(data: Json): ProviderFact {
  const state = typeof data.state === 'string' ? data.state.trim().toLowerCase() : null;
  if (state === 'created') return { type: 'created' };
  if (state === 'idle') return { type: 'idle' };
  if (state !== 'active') return ignored('unknown conversation state');
  const assignment = isPlainObject(data.assignment) ? data.assignment : {};
  const id = assignment.type === 'queue' ? idAt(assignment.id) : null;
  return { type: 'assigned', queue: id === null ? null : { id, name: null } };
}

/** What `start` put among the customer's additional properties comes back with every update. */
function handoverOf(data: Json): string | undefined {
  const properties = isPlainObject(data.user) ? data.user.additionalProperties : undefined;
  const entry = propertyEntries(properties)?.find(([key]) => typeof key === 'string' && key.trim() === 'handoverId');
  return idAt(entry?.[1]) ?? undefined;
}

function queued(data: Json): ProviderFact {
  const id = idAt(data.queueId);
  if (id === null) return ignored('queued without a queue id');
  return { type: 'queued', queue: { id, name: nameAt(data.queueName) } };
}

function membersChanged(data: Json): ProviderFact {
  const { memberType, change } = data;
  if (memberType === 'user' && change === 'left') return { type: 'user.left' };
  if (memberType !== 'agent') return ignored('a member who is no agent');
  if (change !== 'joined' && change !== 'left') return ignored('an unknown change of members');
  const agent = agentOf(data.id);
  return agent ? { type: `agent.${change}`, agent } : ignored('an agent without an id');
}

/**
 * 8x8 Chat Gateway documentation: our own messages come back as events too; only the sender's type tells whose one is. `isEcho` says
 * that a bot sent it, whatever the type.
 */
export function messageFact(data: Json, options: MappingOptions): ProviderFact {
  const sender = isPlainObject(data.sender) ? data.sender : {};
  const author = sender.type;
  if (author === 'user' && data.isEcho !== true) {
    const content = contentOf(data);
    return content ? { type: 'user.message', ...content } : ignored('an empty message');
  }
  if (author !== 'agent' && !(author === 'system' && options.systemMessages)) {
    return ignored(typeof author === 'string' ? `sender type ${wellFormed(author.slice(0, 50))}` : 'no sender');
  }
  const content = contentOf(data);
  if (!content) return ignored('an empty message');
  const agent = author === 'agent' ? agentOf(sender.id) : null;
  return { type: 'message', author: author as 'agent' | 'system', agent, ...content };
}

function contentOf(data: Json): { text: string | null; cards: Card[]; attachments: RemoteAttachment[] } | null {
  const cards = listAt(data.cards).flatMap(cardOf);
  const text = typeof data.text === 'string' && data.text !== '' ? wellFormed(data.text) : cardsText(cards);
  const attachments = listAt(data.attachments).flatMap(attachmentOf);
  return text === null && cards.length === 0 && attachments.length === 0 ? null : { text, cards, attachments };
}

/** A card that is not as 8x8 describes it still counts, as far as it can be read: its message must not be lost with it. */
function cardOf({ contentType, content = null }: Json): Card[] {
  if (typeof contentType !== 'string' && content === null) return [];
  const isAdaptive = isPlainObject(content) && content.type === 'AdaptiveCard';
  const unnamed = isAdaptive ? ADAPTIVE_CARD : 'application/json';
  const type = typeof contentType === 'string' ? wellFormed(contentType) : unnamed;
  return [{ contentType: type, content: readable(content) }];
}

/** null for what is nested too deeply. */
function readable(content: unknown): unknown {
  try {
    return wellFormedJson(content);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function attachmentOf(attachment: Json): RemoteAttachment[] {
  const id = idAt(attachment.id);
  const filename = nameAt(attachment.fileName) ?? nameAt(attachment.filename);
  const url = urlAt(attachment, 'preSignedUrl');
  if (id === null && filename === null && url === null) return [];
  return [{ id, filename: filename ?? 'file', contentType: null, ...(url === null ? {} : { url }) }];
}

function activity(data: Json): ProviderFact {
  const name = nameAt(data.name);
  if (name === null) return ignored('an activity without a name');
  if (name === 'typing') return typing(data.value);
  return { type: 'activity', name, value: readable(data.value ?? null) };
}

/** 8x8 Chat Gateway documentation: the users who type at the moment; an empty list says that nobody does any more. */
function typing(value: unknown): ProviderFact {
  const users = isPlainObject(value) ? value.users : undefined;
  if (!Array.isArray(users)) return ignored('typing, without a list of users');
  const [agent] = listAt(users).filter(({ type }) => type === 'agent');
  if (!agent && users.length > 0) return ignored('typing of somebody who is no agent');
  return { type: 'typing', typing: agent !== undefined, agent: agentOf(agent?.id) };
}

/** An agent by id; 8x8 Chat Gateway documentation: events and lists tell no name. */
export function agentOf(id: unknown): Agent | null {
  const known = idAt(id);
  return known === null ? null : { id: known, name: null };
}

function conversationOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID && wellFormed(value) === value
    ? value
    : null;
}
