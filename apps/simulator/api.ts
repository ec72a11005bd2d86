import type { FastifyInstance, FastifyRequest } from 'fastify';
import { API, hal, type ApiParts, type TenantRequest } from './api-parts.js';
import { bodyOf, checkChannel, text } from './checks.js';
import { simulatedId, WEBHOOK_VERSION, type SimulatedWebhook, type TenantState } from './model.js';
import { halPage, type PageQuery } from './paging.js';
import { accessDenied, badRequest, notFound, productMissing, wrongTenant } from './refusal.js';
import { registerConversationRoutes } from './api-conversations.js';
import { registerContactCenterRoutes, registerRealtimeRoutes } from './api-statistics.js';

/** The 8x8 Chat Gateway API, as strict as the real one. */
export function registerApi(server: FastifyInstance, parts: ApiParts): void {
  server.get(`${API}/jwk/:kid/public`, async (request, reply) => {
    const { kid } = request.params as { kid: string };
    const { jwkStatus } = parts.faults.current;
    const jwk = parts.signer.publicKey(kid);
    if (jwkStatus !== null || !jwk)
      return reply.status(jwkStatus ?? 404).send({ message: 'The key is not available.' });
    return reply.send(jwk);
  });
  registerRealtimeRoutes(server, parts);
  void server.register(async (scope) => {
    scope.addHook('preHandler', async (request) => {
      (request as TenantRequest).tenant = authenticate(request, parts);
      refuseUndescribed(request);
    });
    registerWebhookRoutes(scope, parts);
    registerChannelRoutes(scope);
    registerConversationRoutes(scope, parts);
    registerContactCenterRoutes(scope, parts);
  });
}

function authenticate(request: FastifyRequest, { apiKey, tenants, faults }: ApiParts): TenantState {
  if (request.headers['x-api-key'] !== apiKey) throw accessDenied();
  if (request.url.startsWith(API) && faults.current.missingProducts.includes('chat-gateway')) throw productMissing();
  const named = request.headers['x-8x8-tenant'];
  const [only] = tenants.values();
  if (named === undefined && tenants.size === 1) return only!;
  const tenant = tenants.get(String(named));
  if (!tenant) throw wrongTenant(only!.tenant.customerId);
  return tenant;
}

/** 8x8 Chat Gateway documentation: what a list may be asked for. Participants and whatever is no list have no parameters. */
const PAGED = ['page', 'size', 'sort'];
const FILTERED = [...PAGED, 'filter'];
const QUERIES: Record<string, string[]> = {
  [`${API}/webhooks`]: FILTERED,
  [`${API}/channels`]: FILTERED,
  [`${API}/conversations`]: FILTERED,
  [`${API}/conversations/:id/attachments`]: FILTERED,
  [`${API}/conversations/:id/messages`]: PAGED,
  [`${API}/conversations/:id/messages/:messageId/cards`]: PAGED,
};

/** @throws {ApiRefusal} 400 for a parameter that the description does not have */
function refuseUndescribed({ method, url, query, routeOptions }: FastifyRequest): void {
  if (!url.startsWith(API)) return;
  const known = method === 'GET' ? (QUERIES[routeOptions.url ?? ''] ?? []) : [];
  const unknown = Object.keys(query as object).find((name) => !known.includes(name));
  if (unknown !== undefined) throw badRequest('unknown_parameter', `Unrecognized parameter "${unknown}".`);
}

function registerWebhookRoutes(server: FastifyInstance, { deliveries, faults }: ApiParts): void {
  const path = `${API}/webhooks`;
  const find = (request: FastifyRequest): SimulatedWebhook => {
    const { id } = request.params as { id: string };
    const found = (request as TenantRequest).tenant.webhooks.get(id);
    if (!found) throw notFound('Webhook', id);
    return found;
  };
  const read = (body: unknown): Omit<SimulatedWebhook, 'id'> => {
    const other = faults.current.noNotificationVersion ? [] : ['notificationVersion'];
    const fields = bodyOf(body, ['name', 'uri', 'version', ...other]);
    const version = fields.version ?? fields.notificationVersion;
    if (version !== WEBHOOK_VERSION) throw badRequest('invalid_version', `version must be "${WEBHOOK_VERSION}".`);
    return { name: text(fields, 'name'), uri: text(fields, 'uri', 2048), version: WEBHOOK_VERSION };
  };
  server.get(path, async (request, reply) => {
    const { webhooks } = (request as TenantRequest).tenant;
    return hal(reply, 200, halPage('webhooks', [...webhooks.values()], request.query as PageQuery, path));
  });
  server.post(path, async (request, reply) => {
    const webhook = { id: simulatedId(), ...read(request.body) };
    (request as TenantRequest).tenant.webhooks.set(webhook.id, webhook);
    return hal(reply, 200, webhook);
  });
  server.post(`${path}/verify`, async (request, reply) => {
    const body = bodyOf(request.body, ['version', 'uri']);
    const { tenant } = (request as TenantRequest).tenant;
    const target = { url: text(body, 'uri', 2048), tenant: tenant.id, customerId: tenant.customerId };
    const status = await deliveries.once(target, verification(text(body, 'version')));
    if (status === null || status < 200 || status > 299)
      throw badRequest('webhook_not_verified', `The webhook answered ${status ?? 'nothing'}.`);
    return hal(reply, 204);
  });
  server.get(`${path}/:id`, async (request, reply) => hal(reply, 200, find(request)));
  server.put(`${path}/:id`, async (request, reply) =>
    hal(reply, 200, Object.assign(find(request), read(request.body))),
  );
  server.delete(`${path}/:id`, async (request, reply) => {
    const { id, name } = find(request);
    const { webhooks, channels } = (request as TenantRequest).tenant;
    if ([...channels.values()].some(({ webHookId }) => webHookId === id))
      throw badRequest('webhook_in_use', `The webhook ${name} is used by a channel.`);
    webhooks.delete(id);
    return hal(reply, 204);
  });
}

/** The body of a connection test is exactly this: no conversation, no time. */
function verification(version: string): never {
  return { notificationVersion: version, eventType: 'WEB_HOOK_VERIFY' } as never;
}

function registerChannelRoutes(server: FastifyInstance): void {
  const path = `${API}/channels`;
  const find = (request: FastifyRequest): { id: string } => {
    const { id } = request.params as { id: string };
    const found = (request as TenantRequest).tenant.channels.get(id);
    if (!found) throw notFound('Channel', id);
    return found;
  };
  server.get(path, async (request, reply) => {
    const { channels } = (request as TenantRequest).tenant;
    return hal(reply, 200, halPage('channels', [...channels.values()], request.query as PageQuery, path));
  });
  server.post(path, async (request, reply) => {
    const { tenant } = request as TenantRequest;
    const channel = { id: simulatedId(), type: 'ChatAPI', ...checkChannel(request.body, tenant) };
    tenant.channels.set(channel.id, channel);
    return hal(reply, 200, channel);
  });
  server.get(`${path}/:id`, async (request, reply) => hal(reply, 200, find(request)));
  server.put(`${path}/:id`, async (request, reply) => {
    return hal(reply, 200, Object.assign(find(request), checkChannel(request.body, (request as TenantRequest).tenant)));
  });
  server.delete(`${path}/:id`, async (request, reply) => {
    (request as TenantRequest).tenant.channels.delete(find(request).id);
    return hal(reply, 204);
  });
}
