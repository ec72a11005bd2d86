import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiFaultKind, Faults } from '../faults.js';

/** A call of the API as it came, and what it was answered; status 0 when the answer was withheld. */
export interface RecordedCall {
  method: string;
  path: string;
  headers: Record<string, unknown>;
  body: unknown;
  status: number;
  at: number;
}

/**
 * Makes calls of an API suffer what the fault switches say, before or after they take effect, and records all of them.
 * @param isApi which addresses belong to the API
 */
export function injectHttpFaults(
  server: FastifyInstance,
  faults: Faults,
  isApi: (url: string) => boolean,
  record: (call: RecordedCall) => void,
): void {
  const hits = new WeakMap<FastifyRequest, ApiFaultKind>();
  const noted = (request: FastifyRequest, status: number): void => {
    const { method, url, headers, body } = request;
    if (isApi(url)) record({ method, path: url.split('?')[0]!, headers, body: body ?? null, status, at: Date.now() });
  };
  const drop = (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    noted(request, 0);
    reply.hijack();
    request.raw.socket.destroy();
    return new Promise(() => undefined);
  };
  server.addHook('preHandler', async (request, reply) => {
    if (!isApi(request.url)) return;
    const { delayMs } = faults.current;
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    const fault = faults.take(request.method, request.url.split('?')[0]!);
    if (!fault) return;
    if ('hang' in fault && fault.hang === 'before') return new Promise(() => undefined);
    if ('drop' in fault && fault.drop === 'before') return drop(request, reply);
    if ('status' in fault && !fault.after) {
      if (fault.retryAfter !== undefined) reply.header('retry-after', String(fault.retryAfter));
      return reply.status(fault.status).send(fault.body ?? { error: 'Injected fault' });
    }
    hits.set(request, fault);
  });
  server.addHook('onSend', async (request, reply, payload) => {
    const fault = hits.get(request);
    if (fault && 'drop' in fault) return drop(request, reply);
    if (fault && 'hang' in fault) return new Promise(() => undefined);
    if (!fault || !('status' in fault)) return payload;
    reply.status(fault.status);
    return JSON.stringify(fault.body ?? { error: 'Injected fault' });
  });
  server.addHook('onResponse', async (request, reply) => noted(request, reply.statusCode));
}
