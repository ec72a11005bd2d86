import type { IncomingMessage } from 'node:http';
import { Refusal, repairHalfPairs } from '#core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parse } from 'secure-json-parse';
import { arrivingBody } from './admission/arriving-body.js';
import type { HttpBudgets } from './admission/limits.js';
import type { WaitingRoom } from './admission/waiting-room.js';

/** Where bodies are counted while they come in. */
export interface BodyRooms {
  budgets: HttpBudgets;
  unproven: WaitingRoom;
}

/** Deepest nesting of a JSON body. */
const MAX_DEPTH = 64;
/** The routes that take forms. */
const UPLOADS = ['/v1/handovers/:id/attachments', '/v1/conversations/:id/attachments'];

/**
 * One parser for all bodies. Webhooks stay bytes: their signature covers bytes, and nothing unproven is parsed. Everything
 * else must be JSON in UTF-8 that the database can store; half a surrogate pair, as a text cut within an emoji has it, becomes U+FFFD.
 */
export function registerBodyParser(fastify: FastifyInstance, rooms: BodyRooms): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', async (request: FastifyRequest, payload: IncomingMessage) => {
    const { admitted } = request;
    // Health checks and what is refused at once have no use for one.
    if (!admitted) throw unsupportedType();
    const body = await arrivingBody(payload, admitted, rooms);
    if (admitted.isWebhook) return body;
    await rooms.budgets.largeBodies.turn(admitted.holding.owner, body.length);
    return parseJson(request.headers['content-type'], body);
  });
  // A form is not read here: its file goes on as it comes.
  fastify.addContentTypeParser('multipart/form-data', (request: FastifyRequest, payload, done) => {
    if (!UPLOADS.includes(request.routeOptions.url ?? '')) return done(unsupportedType());
    try {
      request.admitted!.holding.take(rooms.budgets.uploads);
      done(null, payload);
    } catch (error) {
      done(error as Error);
    }
  });
}

/** @throws {Refusal} for what is not JSON, too deep, or not storable */
export function parseJson(contentType: string | undefined, body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(contentType ?? '')) {
    throw unsupportedType();
  }
  const text = decode(body);
  if (depthOf(text) > MAX_DEPTH) throw refuse(`JSON may be nested ${MAX_DEPTH} levels deep at the most.`);
  let value: unknown;
  try {
    value = parse(text, /\\ud/i.test(text) ? repairHalfPairs : null, {
      protoAction: 'error',
      constructorAction: 'ignore',
    });
  } catch (error) {
    const { message } = error as Error;
    throw refuse(
      /forbidden prototype/.test(message)
        ? 'The body has a key "__proto__", which is accepted nowhere. Rename it.'
        : `The body is not valid JSON: ${message.replace(/".*$/s, '').trim()}`,
    );
  }
  if (text.includes('\\u0000')) refuseNul(value, '');
  return value;
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw refuse('The body is not valid UTF-8.');
  }
}

/** The deepest nesting, read off the text so that a hostile body is refused before it is parsed. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (char === '"') index = endOfString(text, index);
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}

/** Where the string that begins at `from` ends: at the next quote before which the backslashes come in pairs. */
function endOfString(text: string, from: number): number {
  let end = from;
  for (;;) {
    end = text.indexOf('"', end + 1);
    if (end < 0) return text.length;
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}

/** PostgreSQL cannot store NUL characters in text. */
function refuseNul(value: unknown, pointer: string): void {
  if (typeof value === 'string' && value.includes('\0')) {
    throw new Refusal('invalid', 'The request has invalid fields; see errors.', [
      { pointer, detail: 'must not contain NUL characters (\\u0000)' },
    ]);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    refuseNul(key, `${pointer}/${key.replaceAll('\0', '')}`);
    refuseNul(item, `${pointer}/${key}`);
  }
}

function unsupportedType(): Error {
  return Object.assign(new Error('unsupported media type'), { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' });
}

function refuse(detail: string): Refusal {
  return new Refusal('invalid', detail);
}
