import { readFileSync } from 'node:fs';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { problemHeaders, problemOf } from '../problem.js';
import { CopilotAccess, type CopilotLink } from './copilot-access.js';

const PAGE = new URL('./page/', import.meta.url);
const SCRIPTS = ['main.js', 'feed.js', 'view.js', 'tiles.js', 'markdown.js', 'card.js', 'dom.js'];
const STYLES = ['copilot.css'];

/**
 * Nothing but the page's own files is loaded, and no text becomes HTML. Agent desktops show the page in a frame, from origins
 * that the gateway does not know; nothing on it can be clicked to anybody's harm, so any page that came over TLS may frame it.
 */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self' https:",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * Serves the copilot's page at `/copilot/`: the same bytes to everybody, with 403 where the link opens nothing. What it shows it
 * fetches itself.
 */
export function serveCopilotPage(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  const access = app.get(CopilotAccess);
  const page = readFileSync(new URL('index.html', PAGE));
  fastify.get('/copilot/', async (request: FastifyRequest, reply: FastifyReply) => {
    try {
      const status = (await access.isValid(linkOf(request))) ? 200 : 403;
      return await reply.status(status).headers(HEADERS).type('text/html; charset=utf-8').send(page);
    } catch (error) {
      const problem = problemOf(error);
      return reply.status(problem.status).headers(problemHeaders(problem)).send(JSON.stringify(problem));
    }
  });
  const types = [
    ...SCRIPTS.map((file) => [file, 'text/javascript; charset=utf-8'] as const),
    ...STYLES.map((file) => [file, 'text/css; charset=utf-8'] as const),
  ];
  for (const [file, type] of types) {
    const content = readFileSync(new URL(file, PAGE));
    fastify.get(`/copilot/${file}`, (_request: FastifyRequest, reply: FastifyReply) =>
      reply.headers(HEADERS).type(type).send(content),
    );
  }
}

function linkOf(request: FastifyRequest): CopilotLink {
  const query = new URL(request.url, 'http://gateway').searchParams;
  const [userId = '', sessionId = '', urlToken = ''] = ['userId', 'sessionId', 'URLToken'].map(
    (name) => query.get(name) ?? '',
  );
  return { userId, sessionId, urlToken };
}
