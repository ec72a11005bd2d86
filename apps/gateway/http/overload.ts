import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem, problemHeaders } from './problem.js';

/** Requests under way at the same time, event streams not counted. */
const MAX_REQUESTS = 1_000;
/** What their bodies may take in memory together, in bytes. */
const MAX_BYTES = 64 * 1_048_576;
/** What a body of unknown length is taken for. */
const UNKNOWN_LENGTH = 1_048_576;

/**
 * Refuses requests with 503 and Retry-After before they fill the memory: when the database is slow or the callers are too many,
 * what is accepted is finished and the rest comes again. Health checks are always answered.
 */
export function refuseOverload(fastify: FastifyInstance, limits = { requests: MAX_REQUESTS, bytes: MAX_BYTES }): void {
  let requests = 0;
  let bytes = 0;
  fastify.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const size = sizeOf(request);
    if (request.url.startsWith('/health/') || size === null) return;
    if (requests >= limits.requests || bytes + size > limits.bytes) {
      const answer = problem(503, 'The gateway has too much to do at the moment. Try again.');
      // The body was not read, so nothing else can come over this connection.
      return reply
        .status(503)
        .headers({ ...problemHeaders(answer), connection: 'close' })
        .send(JSON.stringify(answer));
    }
    requests += 1;
    bytes += size;
    reply.raw.once('close', () => {
      requests -= 1;
      bytes -= size;
    });
  });
}

/** Bytes of the body to come; null for requests that are not counted. */
function sizeOf(request: FastifyRequest): number | null {
  if (request.method === 'GET' && request.url.split('?')[0]!.endsWith('/events')) return null;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (length !== undefined) return Math.min(Number(length) || 0, UNKNOWN_LENGTH);
  return encoding === undefined ? 0 : UNKNOWN_LENGTH;
}
