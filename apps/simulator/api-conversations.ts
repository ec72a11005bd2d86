import type { FastifyInstance, FastifyRequest } from 'fastify';
import { API, conversationOf as find, conversationView, hal, type ApiParts, type TenantRequest } from './api-parts.js';
import { bodyOf, checkAssignment, checkHistory, checkMessage, checkUser, isObject, text } from './checks.js';
import { attachmentView, registerAttachments } from './api-attachments.js';
import { newConversation, type SimulatedConversation, type SimulatedMessage, type TenantState } from './model.js';
import { halPage, type PageQuery } from './paging.js';
import { badRequest, badSignal, entityNotFound, notFound } from './refusal.js';

const PATH = `${API}/conversations`;

/** Conversations, what is said in them, and who takes part. */
export function registerConversationRoutes(server: FastifyInstance, parts: ApiParts): void {
  registerLifecycle(server, parts);
  registerMessages(server, parts);
  registerAttachments(server);
  registerSignals(server, parts);
}

function registerLifecycle(server: FastifyInstance, { centre, faults }: ApiParts): void {
  server.get(PATH, async (request, reply) => {
    const all = [...(request as TenantRequest).tenant.conversations.values()].map(conversationView);
    return hal(reply, 200, halPage('conversations', all, request.query as PageQuery, PATH));
  });
  server.post(PATH, async (request, reply) => {
    const { tenant } = request as TenantRequest;
    const conversation = create(request.body, tenant);
    tenant.conversations.set(conversation.id, conversation);
    const told = centre.opened(conversation.id);
    if (faults.current.eventsBeforeCreateAnswer) await told;
    return hal(reply, 202, { conversationId: conversation.id, createdAt: conversation.createdAt });
  });
  server.get(`${PATH}/:id`, async (request, reply) => hal(reply, 200, conversationView(find(request))));
  const change = async (request: FastifyRequest, known: string[]): Promise<object> => {
    const conversation = find(request);
    const body = bodyOf(request.body, known);
    const { tenant } = request as TenantRequest;
    const assignment = body.assignment === undefined ? null : checkAssignment(body.assignment, tenant);
    if (body.user !== undefined) conversation.user = { ...conversation.user, ...checkUser(body.user) };
    if (body.channelId !== undefined) conversation.channelId = channelOf(text(body, 'channelId'), tenant);
    if (assignment) void centre.reassigned(conversation.id, assignment);
    else if (body.user !== undefined) void centre.userChanged(conversation.id);
    return conversationView(conversation);
  };
  server.patch(`${PATH}/:id`, async (request, reply) => hal(reply, 202, await change(request, ['user', 'assignment'])));
  server.put(`${PATH}/:id`, async (request, reply) =>
    hal(reply, 202, await change(request, ['user', 'assignment', 'channelId'])),
  );
  server.get(`${PATH}/:id/interactions`, async (request, reply) => {
    const { id, createdAt, endedAt } = find(request);
    const interaction = { id: `int-${id}-chat-00`, startTime: createdAt, ...(endedAt ? { endTime: endedAt } : {}) };
    return hal(
      reply,
      200,
      halPage('interactions', [interaction], request.query as PageQuery, `${PATH}/${id}/interactions`),
    );
  });
  server.get(`${PATH}/:id/participants`, async (request, reply) => {
    const { id, participants } = find(request);
    const all = participants.map((participant) => ({ ...participant, language: 'en' }));
    const isAll = { size: String(Math.max(1, all.length)) };
    return hal(reply, 200, halPage('participants', all, isAll, `${PATH}/${id}/participants`));
  });
  server.patch(`${PATH}/:id/participants/user`, async (request, reply) => {
    const conversation = find(request);
    const body = bodyOf(request.body, ['removed']);
    if (body.removed !== true) throw badRequest('invalid_parameter', 'removed must be true.');
    if (conversation.state !== 'idle') void centre.userLeft(conversation.id);
    return hal(reply, 204);
  });
}

function create(value: unknown, tenant: TenantState): SimulatedConversation {
  const body = bodyOf(value, ['channelId', 'user', 'assignment', 'history']);
  const channelId = channelOf(text(body, 'channelId'), tenant);
  const user = checkUser(body.user);
  const queue = tenant.channels.get(channelId)!.routingOptions;
  const assignment = body.assignment === undefined ? { ...queue } : checkAssignment(body.assignment, tenant);
  const history = body.history === undefined ? [] : checkHistory(body.history);
  return newConversation({ tenant: tenant.tenant.id, channelId, user, assignment, history, request: value });
}

function channelOf(id: string, tenant: TenantState): string {
  if (!tenant.channels.has(id)) throw notFound('Channel', id);
  return id;
}

function registerMessages(server: FastifyInstance, { centre }: ApiParts): void {
  server.post(`${PATH}/:id/messages`, async (request, reply) => {
    const conversation = find(request);
    const message = checkMessage(request.body, conversation.attachments) as {
      authorType: 'user' | 'bot';
      text?: string;
      cards?: unknown[];
      attachments?: { id: string }[];
    };
    const author = message.authorType === 'user' ? conversation.participants[0]!.id : 'bot';
    const files = (message.attachments ?? []).map(({ id }) => conversation.attachments.find((one) => one.id === id)!);
    void centre.say(conversation.id, message.authorType, author, { ...message, attachments: files });
    return hal(reply, 202);
  });
  server.get(`${PATH}/:id/messages`, async (request, reply) => {
    const { id, messages } = find(request);
    const all = messages.map(messageView);
    return hal(
      reply,
      200,
      halPage('messages', all, request.query as PageQuery, `${PATH}/${id}/messages`, 'createdAt:desc'),
    );
  });
  const one = (request: FastifyRequest): SimulatedMessage => {
    const { messageId } = request.params as { messageId: string };
    const found = find(request).messages.find(({ id }) => id === messageId);
    if (!found) throw notFound('Message', messageId);
    return found;
  };
  server.get(`${PATH}/:id/messages/:messageId`, async (request, reply) => hal(reply, 200, messageView(one(request))));
  server.get(`${PATH}/:id/messages/:messageId/cards`, async (request, reply) => {
    const cards = (one(request).cards ?? []).map((card, index) => ({
      id: String(index),
      ...(card as object),
      actionSubmitted: false,
      actionExecuted: false,
    }));
    return hal(reply, 200, halPage('cards', cards, request.query as PageQuery, request.url));
  });
}

function messageView({
  id,
  text: content,
  createdAt,
  authorType,
  authorId,
  attachments,
  cards,
}: SimulatedMessage): object {
  return {
    id,
    text: content,
    createdAt,
    author: { id: authorId, type: authorType, removed: false, language: 'en' },
    attachments: attachments?.map(attachmentView),
    cards,
  };
}

function registerSignals(server: FastifyInstance, { centre }: ApiParts): void {
  const findEntity = (request: FastifyRequest): SimulatedConversation => {
    const { id } = request.params as { id: string };
    const found = (request as TenantRequest).tenant.conversations.get(id);
    if (!found) throw entityNotFound('Conversation', id);
    return found;
  };
  const fieldsOf = (body: unknown, known: string[]): Record<string, unknown> => {
    if (!isObject(body)) throw badSignal('The body must be a JSON object.');
    const unknown = Object.keys(body).find((field) => !known.includes(field));
    if (unknown) throw badSignal(`Unrecognized property "${unknown}".`);
    return body;
  };
  const authorOf = ({ authorType }: Record<string, unknown>): 'user' | 'bot' => {
    if (authorType !== 'user' && authorType !== 'bot') throw badSignal('authorType must be user or bot.');
    return authorType;
  };
  server.post(`${PATH}/:id/typing`, async (request, reply) => {
    const { id } = findEntity(request);
    const authorType = authorOf(fieldsOf(request.body, ['authorType']));
    centre.signalled(id, { kind: 'typing', authorType });
    return hal(reply, 204);
  });
  server.post(`${PATH}/:id/thinking`, async (request, reply) => {
    const { id } = findEntity(request);
    const body = fieldsOf(request.body ?? {}, ['authorType', 'maxThinkingTimeSeconds']);
    const { authorType = 'bot', maxThinkingTimeSeconds: maxSeconds = 60 } = body;
    if (authorType !== 'bot') throw badSignal('authorType must be bot.');
    if (typeof maxSeconds !== 'number' || !Number.isInteger(maxSeconds) || maxSeconds < 1 || maxSeconds > 600)
      throw badSignal('maxThinkingTimeSeconds must be 1 to 600.');
    centre.signalled(id, { kind: 'thinking', authorType, maxSeconds });
    return hal(reply, 204);
  });
  server.post(`${PATH}/:id/read-receipt`, async (request, reply) => {
    const { id } = findEntity(request);
    const body = fieldsOf(request.body, ['authorType', 'readAt']);
    const authorType = authorOf(body);
    const { readAt } = body;
    if (typeof readAt !== 'number' || !Number.isInteger(readAt))
      throw badSignal('readAt must be a time in milliseconds.');
    centre.signalled(id, { kind: 'read-receipt', authorType, readAt });
    return hal(reply, 204);
  });
  server.post(`${PATH}/:id/post-agent-assignment`, async (request, reply) => {
    const conversation = findEntity(request);
    if (conversation.postAgentAssignment) {
      throw badSignal(
        `post agent assignment already exists for conversation ${conversation.id} and tenant ${conversation.tenant}`,
      );
    }
    const body = request.body;
    const known = ['type', 'id', 'configuration'];
    if (isObject(body) && Object.keys(body).some((name) => !known.includes(name)))
      throw badSignal('Unrecognized property.');
    if (!isObject(body) || body.type !== 'webhook' || typeof body.id !== 'string')
      throw badSignal('type must be webhook, id a webhook.');
    if (!(request as TenantRequest).tenant.webhooks.has(body.id)) throw badSignal(`There is no webhook ${body.id}.`);
    if (conversation.state === 'idle') throw badSignal('The conversation is not live.');
    conversation.postAgentAssignment = { type: 'webhook', id: body.id };
    return hal(reply, 201, {});
  });
}
