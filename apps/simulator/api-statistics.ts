import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiParts, TenantRequest } from './api-parts.js';
import type { Floor, ScheduleStatus } from './floor.js';
import type { SimulatedQueue, TenantState } from './model.js';
import { accessDenied, ApiRefusal, badRequest, notFound, productMissing } from './refusal.js';

const CONTACT_CENTER = '/cc/v1';
const REGIONS = ['', '/eu', '/au', '/ca'];
const REALTIME = '/analytics/cc/v5/realtime-metrics';
const TOKEN = '/oauth/v2/token';
const METRICS: Record<string, string> = {
  'enabled.rt': 'enabled-agent-count',
  'availableIdle.rt': 'agent-count-waitTransact',
  'handling.rt': 'agent-count-busy',
  'onBreak.rt': 'agent-count-onBreak',
  'interactionsWaitInQueue.rt': 'queue-size',
};

/** Whether an address is one of the APIs beside the Chat Gateway. */
export function isStatisticsPath(url: string): boolean {
  return [CONTACT_CENTER, TOKEN, ...REGIONS.map((region) => region + REALTIME)].some((root) => url.startsWith(root));
}

/** Schedules and statistics of the Contact Center, with the key of the Chat Gateway; the caller has seen to the key and the tenant. */
export function registerContactCenterRoutes(server: FastifyInstance, { floor, faults }: ApiParts): void {
  const needs = (product: string): void => {
    if (faults.current.missingProducts.includes(product)) throw productMissing();
  };
  server.get(`${CONTACT_CENTER}/schedules`, async () => {
    needs('schedule');
    const schedule = [...floor.schedules.keys()].map((id) => ({ id, name: id, 'week-days': { 'week-day': [] } }));
    return { schedules: { schedule } };
  });
  server.get(`${CONTACT_CENTER}/schedules/:id/status`, async (request) => {
    needs('schedule');
    const { id } = request.params as { id: string };
    const status = floor.schedules.get(id);
    if (status === undefined) throw notFound('Schedule', id);
    return { 'schedule-status': { status } };
  });
  server.get(`${CONTACT_CENTER}/stats/rt/queues`, async (request) => {
    needs('analytics');
    const { tenant } = request as TenantRequest;
    return { queue: tenant.tenant.queues.map((queue) => floor.statistics(tenant, queue)) };
  });
  server.get(`${CONTACT_CENTER}/stats/rt/queue/:id`, async (request) => {
    needs('analytics');
    const { tenant } = request as TenantRequest;
    const { id } = request.params as { id: string };
    const queue = tenant.queue(id);
    if (!queue) throw notFound('Queue', id);
    return { queue: floor.statistics(tenant, queue) };
  });
}

/** The real-time metrics of analytics, which have an OAuth of their own. */
export function registerRealtimeRoutes(server: FastifyInstance, parts: ApiParts): void {
  const { floor } = parts;
  server.post(TOKEN, async (request) => {
    const expected = Buffer.from(`${floor.realtimeKey}:${floor.realtimeSecret}`).toString('base64');
    if (request.headers.authorization !== `Basic ${expected}`)
      throw new ApiRefusal(401, { ErrorCode: 'invalid_client', Error: 'Client credentials are invalid' });
    if (request.body !== 'grant_type=client_credentials')
      throw new ApiRefusal(400, { ErrorCode: 'invalid_request', Error: 'grant_type must be client_credentials' });
    return floor.issueToken();
  });
  for (const region of REGIONS) {
    const path = `${region}${REALTIME}/queues`;
    server.get(path, async (request) => {
      const tenant = tenantOf(request, parts);
      return tenant.tenant.queues.map((queue) => metricsOf(request, floor, tenant, queue));
    });
    server.get(`${path}/:id`, async (request) => {
      const tenant = tenantOf(request, parts);
      const queue = tenant.queue((request.params as { id: string }).id);
      if (!queue) throw new ApiRefusal(400, { message: 'Bad request: Invalid queue id.' });
      return [metricsOf(request, floor, tenant, queue)];
    });
  }
}

function tenantOf(request: FastifyRequest, { floor, tenants }: ApiParts): TenantState {
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
  if (!token || !floor.takesToken(token)) throw accessDenied();
  const named = request.headers['x-tenant-info'];
  if (named === undefined && tenants.size === 1) return [...tenants.values()][0]!;
  if (named === undefined) throw new ApiRefusal(400, { message: 'Bad request: X-Tenant-Info header is missing.' });
  const tenant = tenants.get(String(named));
  if (!tenant) throw new ApiRefusal(400, { message: 'Bad request: Invalid value for X-Tenant-Info header.' });
  return tenant;
}

function metricsOf(request: FastifyRequest, floor: Floor, tenant: TenantState, queue: SimulatedQueue): object {
  const asked = (request.query as { metrics?: string | string[] }).metrics ?? Object.keys(METRICS);
  const names = [asked].flat().flatMap((one) => one.split(','));
  const figures = floor.statistics(tenant, queue);
  const metrics = names.map((key) => {
    const figure = METRICS[key];
    if (figure === undefined) throw new ApiRefusal(400, { message: `Bad request: Unknown metric ${key}.` });
    // The vendor's samples have counts as numbers and as text.
    return { key, value: figures[figure] === undefined ? null : String(figures[figure]) };
  });
  return { id: queue.id, name: queue.name, metrics };
}

/** For people and scripts: opens and closes, and says who is there. */
export function registerFloorControl(server: FastifyInstance, floor: Floor): void {
  server.put('/_sim/schedules/:id', async (request, reply) => {
    const { status } = (request.body ?? {}) as { status?: ScheduleStatus };
    if (status !== 0 && status !== -1 && typeof status !== 'string')
      throw badRequest('invalid_parameter', 'status must be 0 (open), -1 (closed) or a text.');
    floor.setSchedule((request.params as { id: string }).id, status);
    return reply.status(204).send();
  });
  server.put('/_sim/queues/:id', async (request, reply) => {
    floor.setQueue((request.params as { id: string }).id, (request.body ?? null) as Record<string, unknown> | null);
    return reply.status(204).send();
  });
}
