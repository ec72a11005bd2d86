import type { TenantState } from './model.js';
import { badMessage, badRequest, notFound } from './refusal.js';

type Json = Record<string, unknown>;

const USER_FIELDS = [
  'name',
  'userId',
  'email',
  'phone',
  'company',
  'caseId',
  'language',
  'additionalProperties',
  'customerId',
  'ipaddress',
  'timezoneOffset',
];
const MAX_ADDITIONAL_PROPERTIES = 30;
const MAX_HISTORY = 200;
const QUICK_REPLIES = 'application/8x8.quick.replies';
const CARD_TYPES = [
  'application/vnd.microsoft.card.adaptive',
  QUICK_REPLIES,
  'Interactive',
  'Location',
  'Template',
  'Suggestions',
  'Buttons',
  'Carousel',
];

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws {ApiRefusal} when a body is no object or has a field that the schema does not know */
export function bodyOf(value: unknown, known: string[]): Json {
  if (!isObject(value)) throw badRequest('invalid_json', 'The body must be a JSON object.');
  for (const field of Object.keys(value)) {
    if (!known.includes(field)) throw badRequest('unknown_property', `Unrecognized property "${field}".`);
  }
  return value;
}

export function text(body: Json, field: string, max = 255): string {
  const value = body[field];
  if (typeof value !== 'string' || value.trim() === '' || value.length > max) {
    throw badRequest('invalid_parameter', `<<${field}>>: must be a text of 1 to ${max} characters.`);
  }
  return value;
}

/** @throws {ApiRefusal} for anything outside the schema of a user */
export function checkUser(value: unknown): Json {
  const user = bodyOf(value, USER_FIELDS);
  for (const field of USER_FIELDS.filter((name) => name !== 'additionalProperties')) {
    if (user[field] !== undefined) text(user, field, 4096);
  }
  if (user.email !== undefined && !/^[^@\s]+@[^@\s]+$/.test(user.email as string))
    throw badRequest('invalid_email', 'email is not an e-mail address.');
  const properties = user.additionalProperties;
  if (properties === undefined) return user;
  if (!Array.isArray(properties)) throw badRequest('invalid_parameter', 'additionalProperties must be a list.');
  if (properties.length > MAX_ADDITIONAL_PROPERTIES)
    throw badRequest('too_many_properties', `At most ${MAX_ADDITIONAL_PROPERTIES} additionalProperties.`);
  for (const property of properties) {
    const entry = bodyOf(property, ['key', 'value']);
    text(entry, 'key');
    text(entry, 'value', 4096);
  }
  return user;
}

/** @throws {ApiRefusal} `invalid_queue` for one that the tenant does not have */
export function checkAssignment(value: unknown, state: TenantState): { type: string; id: string } {
  const assignment = bodyOf(value, ['type', 'id']);
  const type = assignment.type ?? 'queue';
  if (type !== 'queue' && type !== 'script')
    throw badRequest('invalid_assignment', 'Only a queue or a script can be requested.');
  const id = text(assignment, 'id');
  if (type === 'queue' && !state.queue(id)) throw badRequest('invalid_queue', `Queue ID ${id} is invalid.`);
  return { type, id };
}

export function checkHistory(value: unknown): { authorType: string; text?: string }[] {
  const { messages } = bodyOf(value, ['messages']);
  if (!Array.isArray(messages)) throw badRequest('invalid_parameter', 'history.messages must be a list.');
  if (messages.length > MAX_HISTORY)
    throw badRequest('too_many_messages', `At most ${MAX_HISTORY} messages of history.`);
  return messages.map((message) => checkMessage(message) as { authorType: string; text?: string });
}

/** @param files what was uploaded to the conversation @throws {ApiRefusal} in the shape that this endpoint has of its own */
export function checkMessage(value: unknown, files: { id: string }[] = []): Json {
  if (!isObject(value)) throw badMessage('The message must be a JSON object.');
  const unknown = Object.keys(value).find(
    (field) => !['authorType', 'text', 'attachments', 'cards', 'externalProvider'].includes(field),
  );
  if (unknown) throw badMessage(`Unrecognized property "${unknown}".`);
  const { authorType, text: content, externalProvider, attachments, cards } = value;
  if (authorType !== 'user' && authorType !== 'bot') throw badMessage('authorType must be one of user, bot, agent');
  if (externalProvider !== undefined && content !== undefined) throw badMessage('Either text or externalProvider.');
  if (externalProvider === undefined && (typeof content !== 'string' || content === ''))
    throw badMessage('text is required.');
  for (const list of [attachments, cards]) {
    if (list !== undefined && (!Array.isArray(list) || !list.every(isObject)))
      throw badMessage('attachments and cards must be lists of objects.');
  }
  for (const { contentType, content } of (cards ?? []) as Json[]) {
    if (contentType !== undefined && !CARD_TYPES.includes(contentType as string))
      throw badMessage('contentType of a card must be one of the known ones.');
    if (!isObject(content)) throw badMessage('content of a card must be an object.');
    if (contentType === QUICK_REPLIES) checkQuickReplies(content);
  }
  for (const attachment of (attachments ?? []) as Json[]) {
    const extra = Object.keys(attachment).find((field) => field !== 'id');
    if (extra) throw badMessage(`Unrecognized property "${extra}".`);
    if (!files.some(({ id }) => id === attachment.id))
      throw badMessage(`There is no attachment ${String(attachment.id)}.`);
  }
  return value;
}

/** @throws {ApiRefusal} for what is not `{"options":[{"title":"one","data":{"postback":"1"}}]}` */
function checkQuickReplies(content: Json): void {
  const only = (value: Json, known: string[]): boolean => Object.keys(value).every((name) => known.includes(name));
  const isText = (value: unknown): boolean => typeof value === 'string';
  const isData = (data: unknown): boolean => isObject(data) && only(data, ['postback']) && isText(data.postback ?? '');
  const isOption = (option: unknown): boolean =>
    isObject(option) && only(option, ['title', 'data']) && isText(option.title) && isData(option.data ?? {});
  const { options } = content;
  if (!only(content, ['options']) || !Array.isArray(options) || !options.every(isOption))
    throw badMessage('quick replies must be options with a title and data.');
}

/** @throws {ApiRefusal} for a channel's or webhook's body */
export function checkChannel(
  value: unknown,
  state: TenantState,
): { name: string; webHookId: string; routingOptions: { type: string; id: string } } {
  const body = bodyOf(value, ['name', 'webHookId', 'webhookId', 'routingOptions', 'type']);
  if (body.type !== undefined && body.type !== 'ChatAPI')
    throw badRequest('invalid_type', 'Only ChatAPI channels can be created.');
  const name = text(body, 'name');
  const webHookId = text(body, body.webHookId === undefined ? 'webhookId' : 'webHookId');
  if (!state.webhooks.has(webHookId)) throw notFound('Webhook', webHookId);
  const routing = bodyOf(body.routingOptions, ['type', 'id']);
  if (routing.type !== 'queue') throw badRequest('invalid_parameter', 'routingOptions.type must be queue.');
  const id = text(routing, 'id');
  if (!state.queue(id)) throw badRequest('invalid_queue', `Queue ID ${id} is invalid.`);
  return { name, webHookId, routingOptions: { type: 'queue', id } };
}
