import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpBudgets } from './admission/limits.js';
import { API_HEADERS, problemHeaders, problemOf } from './problem.js';

/** Answers that are smaller are not counted, in characters. */
const SMALL = 65_536;

const OWN_HEADERS = Object.entries(API_HEADERS);

/** The reference is a page on the origin of the copilot's: it loads only its own files, and nobody may frame it. */
const DOCS_HEADERS = Object.entries({
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
});

/**
 * Gives every answer its headers, unless it says otherwise, as files and pages do; and counts large ones of each caller until they
 * are read.
 */
export function registerAnswers(fastify: FastifyInstance, budgets: HttpBudgets): void {
  fastify.addHook('onSend', (request, reply, payload, next) => {
    complete(reply, OWN_HEADERS);
    const route = request.routeOptions.url;
    if (route === '/docs' || route?.startsWith('/docs/')) complete(reply, DOCS_HEADERS);
    next(
      null,
      typeof payload === 'string' && payload.length > SMALL ? counted(request, reply, payload, budgets) : payload,
    );
  });
}

/** A change that was made is told in any case: refusing its answer would have it made again. */
function counted(request: FastifyRequest, reply: FastifyReply, payload: string, budgets: HttpBudgets): string {
  if (request.method !== 'GET' || !request.admitted?.principal) return payload;
  try {
    request.admitted.holding.take(budgets.answers, payload.length);
    return payload;
  } catch (error) {
    const answer = problemOf(error);
    reply.status(answer.status).headers(problemHeaders(answer));
    return JSON.stringify(answer);
  }
}

function complete(reply: FastifyReply, headers: [string, string][]): void {
  for (const [name, value] of headers) if (!reply.hasHeader(name)) reply.header(name, value);
}
