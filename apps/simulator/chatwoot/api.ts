import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Faults } from '../faults.js';
import { newMessage, type ChatwootCentre, type NewMessage } from './centre.js';
import { readContact, readMessage, readAttributes, type Json } from './checks.js';
import {
  nextId,
  randomId,
  STATUSES,
  type AccountState,
  type ChatwootConversation,
  type ChatwootInbox,
  type Status,
} from './model.js';
import { ChatwootRefusal, notFound, unprocessable } from './refusal.js';
import { conversationView, FILES, messageView } from './views.js';

export const ACCOUNTS = '/api/v1/accounts';
export const PUBLIC = '/public/api/v1/inboxes';
const PAGE_SIZE = 20;
/** Events are sent by background jobs, some time after the answer to the call that caused them, in milliseconds. */
const JOB_MS = 200;

export interface ChatwootParts {
  accounts: AccountState[];
  centre: ChatwootCentre;
  faults: Faults;
}

/** The account that a call is about. */
type Call = { state: AccountState; params: Json; query: Json; body: Json };
type Answer = (call: Call) => unknown;

/** The part of Chatwoot's API that deals with contacts and conversations. As the real one it passes over fields that it does not know. */
export function registerChatwootApi(server: FastifyInstance, parts: ChatwootParts): void {
  const route = (method: 'GET' | 'POST' | 'PUT', path: string, answer: Answer): void => {
    server.route({
      method,
      url: `${ACCOUNTS}/:account${path}`,
      handler: async (request, reply) => reply.send((await answer(callOf(request, parts))) ?? {}),
    });
  };
  registerContacts(route);
  registerConversations(route, parts);
  registerMessages(route, parts);
  registerFiles(server, parts);
  registerClientApi(server, parts);
}

type Route = (method: 'GET' | 'POST' | 'PUT', path: string, answer: Answer) => void;

function callOf(request: FastifyRequest, { accounts }: ChatwootParts): Call {
  const params = request.params as Json;
  const owner = accounts.find(({ account }) => account.token === request.headers.api_access_token);
  if (!owner) throw new ChatwootRefusal(401, { error: 'Invalid Access Token' });
  if (owner.account.id !== Number(params.account))
    throw new ChatwootRefusal(401, { error: 'You are not authorized to access this account' });
  return { state: owner, params, query: request.query as Json, body: (request.body ?? {}) as Json };
}

function registerContacts(route: Route): void {
  const view = ({ sources: _sources, ...contact }: AccountState['contacts'][number]): object => contact;
  route('POST', '/contacts', ({ state, body }) => {
    const contact = { id: nextId(), sources: [], ...readContact(body, state) };
    state.contacts.push(contact);
    return { payload: { contact: view(contact), contact_inbox: null } };
  });
  route('PUT', '/contacts/:id', ({ state, params, body }) => {
    const contact = state.contact(params.id);
    if (!contact) throw notFound();
    return { payload: view(Object.assign(contact, readContact(body, state, contact))) };
  });
  route('POST', '/contacts/filter', ({ state, body }) => {
    const [condition] = (body.payload ?? []) as { attribute_key: string; filter_operator: string; values: string[] }[];
    if (condition?.attribute_key !== 'identifier' || condition.filter_operator !== 'equal_to')
      throw unprocessable('Invalid filter');
    const found = state.contacts.filter(({ identifier }) => identifier === condition.values[0]);
    return { meta: { count: found.length, current_page: 1 }, payload: found.map(view) };
  });
}

function registerConversations(route: Route, { centre, faults }: ChatwootParts): void {
  const find = ({ state, params }: Call): ChatwootConversation => {
    const found = state.conversation(params.id);
    if (!found) throw notFound();
    return found;
  };
  const inboxView = ({ id, name, identifier, webhookUrl }: ChatwootInbox): object => {
    return { id, name, channel_type: 'Channel::Api', inbox_identifier: identifier, webhook_url: webhookUrl ?? null };
  };
  route('GET', '/inboxes', ({ state }) => ({ payload: state.account.inboxes.map(inboxView) }));
  route('GET', '/inboxes/:id', ({ state, params }) => {
    const inbox = state.inbox(params.id);
    if (!inbox) throw notFound();
    return inboxView(inbox);
  });
  route('GET', '/teams/:id', ({ state, params }) => {
    const team = state.team(params.id);
    if (!team) throw notFound();
    return { id: team.id, name: team.name };
  });
  route('POST', '/conversations', async ({ state, body }) => {
    const { conversation, isNew } = openConversation(state, body);
    if (!isNew) return conversationView(state, conversation);
    if (!faults.current.eventsBeforeCreateAnswer) {
      setTimeout(() => void centre.opened(state, conversation), JOB_MS).unref();
    } else {
      await centre.opened(state, conversation);
      await new Promise((resolve) => setTimeout(resolve, JOB_MS));
    }
    return conversationView(state, conversation);
  });
  route('GET', '/conversations/:id', (call) => conversationView(call.state, find(call)));
  route('POST', '/conversations/:id/toggle_status', (call) => {
    const { state, body } = call;
    if (!STATUSES.includes(body.status as Status)) throw unprocessable('Invalid status');
    const conversation = find(call);
    void centre.status(state, conversation, body.status as Status);
    return { payload: { success: true, conversation_id: conversation.id, current_status: body.status } };
  });
  route('POST', '/conversations/:id/assignments', (call) => {
    const { state, body } = call;
    const conversation = find(call);
    if ('assignee_id' in body) void centre.assign(state, conversation, Number(body.assignee_id) || null);
    else void centre.team(state, conversation, Number(body.team_id) || null);
    return state.team(body.team_id) ?? {};
  });
  const change = (path: string, read: (body: Json) => Partial<ChatwootConversation>): void =>
    route('POST', `/conversations/:id/${path}`, (call) => void centre.change(call.state, find(call), read(call.body)));
  change('labels', ({ labels }) => ({ labels: labels as string[] }));
  change('toggle_priority', ({ priority }) => ({ priority: priority as string }));
  change('custom_attributes', ({ custom_attributes }) => ({ customAttributes: custom_attributes as Json }));
}

function openConversation(state: AccountState, body: Json): { conversation: ChatwootConversation; isNew: boolean } {
  const inbox = state.inbox(body.inbox_id);
  const contact = state.contact(body.contact_id);
  if (!inbox || !contact) throw notFound();
  const sourceId = String(body.source_id ?? randomId());
  const isSame = (source: { inboxId: number; sourceId: string }): boolean =>
    source.inboxId === inbox.id && source.sourceId === sourceId;
  if (state.contacts.some((other) => other !== contact && other.sources.some(isSame)))
    throw unprocessable('source_id should be unique');
  if (!contact.sources.some(isSame)) contact.sources.push({ inboxId: inbox.id, sourceId });
  const last = state.conversations.findLast((one) => isSame({ inboxId: one.inboxId, sourceId: one.sourceId }));
  if (inbox.lockToSingleConversation && last) return { conversation: last, isNew: false };
  const now = Date.now();
  const conversation: ChatwootConversation = {
    id: state.conversations.length + 1,
    accountId: state.account.id,
    inboxId: inbox.id,
    contactId: contact.id,
    sourceId,
    status: STATUSES.includes(body.status as Status) ? (body.status as Status) : 'open',
    assigneeId: state.agent(Number(body.assignee_id))?.id ?? null,
    teamId: body.team_id === undefined ? null : Number(body.team_id),
    priority: null,
    labels: [],
    customAttributes: readAttributes(body.custom_attributes),
    messages: body.message ? [newMessage(readMessage(body.message as Json, state))] : [],
    signals: [],
    createdAt: now,
    updatedAt: now,
  };
  state.conversations.push(conversation);
  return { conversation, isNew: true };
}

function registerMessages(route: Route, { centre }: ChatwootParts): void {
  const path = '/conversations/:id/messages';
  const find = ({ state, params }: Call): ChatwootConversation => {
    const found = state.conversation(params.id);
    if (!found) throw notFound();
    return found;
  };
  route('POST', path, (call) => {
    const { state, body } = call;
    const conversation = find(call);
    const message: NewMessage = readMessage(body, state);
    void centre.said(state, conversation, message);
    return messageView(state, conversation, conversation.messages.at(-1)!);
  });
  route('GET', path, (call) => {
    const conversation = find(call);
    const before = Number(call.query.before ?? Infinity);
    const page = conversation.messages.filter(({ id }) => id < before).slice(-PAGE_SIZE);
    return { meta: {}, payload: page.map((message) => messageView(call.state, conversation, message)) };
  });
}

/** Files: uploaded with the token, fetched without one. */
function registerFiles(server: FastifyInstance, parts: ChatwootParts): void {
  server.post(`${ACCOUNTS}/:account/upload`, async (request) => {
    const { state } = callOf(request, parts);
    const headers = { 'content-type': request.headers['content-type'] ?? '' };
    const form = await new Response(new Uint8Array(request.body as Buffer), { headers }).formData().catch(() => null);
    const file = form?.get('attachment');
    if (!(file instanceof File)) throw unprocessable('No file or URL provided');
    const { blobId } = state.keep(file.name, file.type, Buffer.from(await file.arrayBuffer()));
    return { file_url: `${state.origin}${FILES}/${blobId}`, blob_id: blobId };
  });
  server.get(`${FILES}/:blob/*`, async (request, reply) => {
    const { blob } = request.params as { blob: string };
    const file = parts.accounts.map(({ files }) => files.get(blob)).find((one) => one !== undefined);
    if (!file) throw notFound();
    return reply.type(file.contentType).send(file.content);
  });
}

/** What contacts may do; their source id is all that they prove themselves by. */
function registerClientApi(server: FastifyInstance, { accounts, centre }: ChatwootParts): void {
  const find = (request: FastifyRequest): { state: AccountState; found: ChatwootConversation[] } => {
    const { inbox, source } = request.params as Json;
    const state = accounts.find(({ account }) => account.inboxes.some(({ identifier }) => identifier === inbox));
    const inboxId = state?.account.inboxes.find(({ identifier }) => identifier === inbox)?.id;
    const isKnown = state?.contacts.some(({ sources }) =>
      sources.some((one) => one.inboxId === inboxId && one.sourceId === source),
    );
    if (!state || !isKnown) throw notFound();
    return { state, found: state.conversations.filter((one) => one.inboxId === inboxId && one.sourceId === source) };
  };
  const path = `${PUBLIC}/:inbox/contacts/:source/conversations`;
  server.get(path, async (request) => find(request).found.map(({ id, status }) => ({ id, status, messages: [] })));
  const asContact = (
    what: string,
    act: (state: AccountState, conversation: ChatwootConversation, body: Json) => unknown,
  ): void => {
    server.post(`${path}/:id/${what}`, async (request) => {
      const { state, found } = find(request);
      const conversation = found.find(({ id }) => id === Number((request.params as Json).id));
      if (!conversation) throw notFound();
      act(state, conversation, request.body as Json);
      return {};
    });
  };
  asContact('toggle_typing', (state, conversation, { typing_status }) => {
    const user = { id: conversation.contactId, name: state.contact(conversation.contactId)!.name };
    conversation.signals.push('typing');
    return centre.typing(state, conversation, user, typing_status === 'on');
  });
  asContact('update_last_seen', (_state, { signals }) => signals.push('read'));
}
