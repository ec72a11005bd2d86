import { createHmac, timingSafeEqual } from 'node:crypto';
import {
  isPlainObject,
  WebhookRejected,
  type ProviderEvent,
  type ProviderFact,
  type RawWebhook,
  type RemoteAttachment,
} from '#contract';

const TOLERANCE_MS = 300_000;

/** Parley signs time and body: HMAC-SHA256, in hexadecimal. */
export function checkSignature({ headers, body }: RawWebhook, key: string, now: number): void {
  const { 'x-parley-time': time, 'x-parley-signature': given } = headers;
  if (typeof time !== 'string' || typeof given !== 'string') throw refuse('it is not signed');
  const expected = Buffer.from(signatureOf(time, body, key));
  const actual = Buffer.from(given);
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) throw refuse('its signature is wrong');
  if (Math.abs(now - Number(time)) > TOLERANCE_MS) throw refuse('it is too old');
}

export function signatureOf(time: string, body: Buffer, key: string): string {
  return createHmac('sha256', key).update(`${time}.`).update(body).digest('hex');
}

/** The event in a body. @throws {WebhookRejected} when it is none */
export function readEvent(body: Buffer): Record<string, unknown> {
  let event: unknown;
  try {
    event = JSON.parse(body.toString('utf8'));
  } catch {
    event = null;
  }
  if (isPlainObject(event) && typeof event.id === 'string') return event;
  throw new WebhookRejected('invalid', 'it is no event of Parley');
}

/** @param prefix what goes before the number of a chat */
export function mapEvent(body: Buffer, prefix: string): ProviderEvent[] {
  const event = readEvent(body);
  const { chat, ref, at } = event;
  const about = { conversation: typeof chat === 'string' ? prefix + chat : '', at: typeof at === 'number' ? at : null };
  return [{ ...about, ...(typeof ref === 'string' ? { handoverId: ref } : {}), ...factOf(event) }];
}

function factOf(event: Record<string, unknown>): ProviderFact {
  const agent = agentOf(event.agent);
  if (!agent && OF_AGENTS.includes(String(event.type))) return { type: 'ignored', reason: 'not of an agent' };
  switch (event.type) {
    case 'queued':
      return { type: 'queued', queue: { id: String(event.queue), name: null } };
    case 'joined':
      return { type: 'agent.joined', agent: agent! };
    case 'left':
      return { type: 'agent.left', agent: agent! };
    case 'transferred':
      return { type: 'transferred' };
    case 'closed':
      return { type: 'idle' };
    case 'message':
      if (event.from !== 'agent' || event.internal === true) return { type: 'ignored', reason: 'not for the user' };
      return {
        type: 'message',
        ...(typeof event.message === 'string' ? { id: event.message } : {}),
        author: 'agent',
        agent,
        text: event.text === '' ? null : String(event.text),
        cards: [],
        attachments: filesOf(event.files),
      };
    case 'typing':
      return { type: 'typing', typing: event.on === true, agent };
    default:
      return { type: 'ignored', reason: 'an unknown event' };
  }
}

const OF_AGENTS = ['joined', 'left'];

/** People have numbers at Parley, and so has our own app, which is nobody. */
export function agentOf(agent: unknown): { id: string; name: string | null } | null {
  if (!isPlainObject(agent) || agent.app === true) return null;
  return { id: String(agent.id), name: typeof agent.name === 'string' ? agent.name : null };
}

export function filesOf(files: unknown): RemoteAttachment[] {
  const list = Array.isArray(files) ? files.filter(isPlainObject) : [];
  return list.map(({ id, name }) => ({ id: String(id), filename: String(name), contentType: null }));
}

const refuse = (why: string): WebhookRejected => new WebhookRejected('unauthorized', why);
