import type { FastifyInstance } from 'fastify';
import { hal, type ApiParts, type TenantRequest } from './api-parts.js';
import type { SimulatedQueue, TenantState } from './model.js';
import { notFound, productMissing } from './refusal.js';

export const STATISTICS = '/cc/v1';

/** The older API of the Contact Center: real-time statistics of queues, and opening hours. Each needs a product of its own. */
export function registerStatisticsRoutes(server: FastifyInstance, { faults }: ApiParts): void {
  const needs = (product: string): void => {
    if (faults.current.missingProducts.includes(product)) throw productMissing();
  };
  const rows = ({ tenant }: TenantRequest): object[] => tenant.tenant.queues.map((queue) => statistics(queue, tenant));
  server.get(`${STATISTICS}/stats/rt/queues`, async (request, reply) => {
    needs('analytics');
    return hal(reply, 200, { queue: rows(request as TenantRequest) });
  });
  server.get(`${STATISTICS}/stats/rt/queue/:id`, async (request, reply) => {
    needs('analytics');
    const { id } = request.params as { id: string };
    const { tenant } = request as TenantRequest;
    const queue = tenant.queue(id);
    if (!queue) throw notFound('Queue', id);
    return hal(reply, 200, { queue: statistics(queue, tenant) });
  });
  server.get(`${STATISTICS}/schedules`, async (request, reply) => {
    needs('schedule');
    const { schedules = [] } = (request as TenantRequest).tenant.tenant;
    return hal(reply, 200, { schedules: { schedule: schedules.map(({ id, name }) => ({ id, name })) } });
  });
  server.get(`${STATISTICS}/schedules/:id/status`, async (request, reply) => {
    needs('schedule');
    const { id } = request.params as { id: string };
    const found = (request as TenantRequest).tenant.tenant.schedules?.find((schedule) => schedule.id === id);
    if (!found) throw notFound('Schedule', id);
    return hal(reply, 200, { 'schedule-status': { status: found.status } });
  });
}

function statistics(queue: SimulatedQueue, { tenant, conversations }: TenantState): object {
  const waiting = [...conversations.values()].filter(({ waitingIn }) => waitingIn === queue.id);
  const { id, name, mediaType = 'chat', assignedAgents = tenant.agents.length } = queue;
  const longest = Math.max(0, ...waiting.map(({ createdAt }) => Math.round((Date.now() - createdAt) / 1_000)));
  return {
    'queue-id': id,
    'queue-name': name,
    'media-type': mediaType,
    'queue-size': waiting.length,
    'longest-wait-time': longest,
    'assigned-agent-count': assignedAgents,
    'enabled-agent-count': queue.enabledAgents ?? assignedAgents,
  };
}
