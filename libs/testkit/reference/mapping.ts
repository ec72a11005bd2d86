import { createHmac, timingSafeEqual } from 'node:crypto';
import { isPlainObject, WebhookRejected, type ProviderEvent, type ProviderFact, type RawWebhook } from '#contract';

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
  const agent = { id: String(event.agent), name: null };
  switch (event.type) {
    case 'queued':
      return { type: 'queued', queue: { id: String(event.queue), name: null } };
    case 'joined':
      return { type: 'agent.joined', agent };
    case 'left':
      return { type: 'agent.left', agent };
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
        text: String(event.text),
        cards: [],
        attachments: [],
      };
    case 'typing':
      return { type: 'typing', typing: event.on === true, agent };
    default:
      return { type: 'ignored', reason: 'an unknown event' };
  }
}

const refuse = (why: string): WebhookRejected => new WebhookRejected('unauthorized', why);
