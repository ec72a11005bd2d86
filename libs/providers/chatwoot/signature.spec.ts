import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { json, messageEvent, conversationEvent } from './fixtures/webhooks.js';
import { checkSignature, identify } from './signature.js';

const NOW = 1_700_000_000_000;
const SECRET = 'the secret of the inbox';
const BODY = messageEvent({ content: 'Grüße 👩‍👩‍👧‍👦' });

/** By the definition, spelled out: nothing of the code under test. */
function signed(body: Buffer, secret = SECRET, seconds = String(NOW / 1_000)) {
  const signature = createHmac('sha256', secret).update(Buffer.concat([Buffer.from(`${seconds}.`), body]));
  return { 'x-chatwoot-timestamp': seconds, 'x-chatwoot-signature': `sha256=${signature.digest('hex')}` };
}
const check = (headers: Record<string, string | string[] | undefined>, body = BODY) =>
  checkSignature({ headers, body }, SECRET, 300_000, NOW);

describe('a signature', () => {
  it('fits a body byte for byte', () => {
    expect(() => check(signed(BODY))).not.toThrow();
  });

  it('is the one of a known vector', () => {
    const headers = {
      'x-chatwoot-timestamp': '1700000000',
      'x-chatwoot-signature': 'sha256=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03',
    };
    expect(() => checkSignature({ headers, body: Buffer.from('{"a":1}') }, 'key', 300_000, NOW)).not.toThrow();
  });

  const flipped = Buffer.from(BODY);
  flipped[10]! ^= 1;
  const good = signed(BODY);
  it.each<[string, Record<string, string | string[] | undefined>, Buffer?]>([
    ['a changed bit', good, flipped],
    ['a body with more at its end', good, Buffer.concat([BODY, Buffer.from(' ')])],
    ['another secret', signed(BODY, 'another')],
    ['no headers', {}],
    ['no signature', { ...good, 'x-chatwoot-signature': undefined }],
    ['no timestamp', { ...good, 'x-chatwoot-timestamp': undefined }],
    ['a fresh timestamp that was not signed', { ...good, 'x-chatwoot-timestamp': '1700000001' }],
    ['a signature without its prefix', { ...good, 'x-chatwoot-signature': good['x-chatwoot-signature'].slice(7) }],
    ['an empty signature', { ...good, 'x-chatwoot-signature': '' }],
    ['two signatures', { ...good, 'x-chatwoot-signature': [good['x-chatwoot-signature'], 'x'] }],
    ['a timestamp that is no number', signed(BODY, SECRET, '1e9')],
    ['an old one', signed(BODY, SECRET, String(NOW / 1_000 - 301))],
    ['one of the future', signed(BODY, SECRET, String(NOW / 1_000 + 301))],
  ])('is refused with %s', (_, headers, body = BODY) => {
    expect(() => check(headers, body)).toThrow(expect.objectContaining({ reason: 'unauthorized' }));
  });

  it.each([-300, 300])('is good up to the tolerance: %d s', (seconds) => {
    expect(() => check(signed(BODY, SECRET, String(NOW / 1_000 + seconds)))).not.toThrow();
  });
});

describe('what an event is known by', () => {
  it('is the id of a message, however it comes', () => {
    const again = messageEvent({ content: 'Grüße 👩‍👩‍👧‍👦', conversation: { id: 57, unread_count: 1 } });
    expect(identify(BODY)).toMatchObject({ key: 'message/801', tenant: '2' });
    expect(identify(again).key).toBe('message/801');
  });

  it('is its content otherwise: the same from both webhooks, another after each change', () => {
    const event = conversationEvent('conversation_updated');
    expect(identify(Buffer.from(event)).key).toBe(identify(event).key);
    expect(identify(conversationEvent('conversation_updated', { updated_at: 1 })).key).not.toBe(identify(event).key);
    expect(identify(conversationEvent('conversation_status_changed')).key).not.toBe(identify(event).key);
    expect(identify(messageEvent({ event: 'message_updated' })).key).not.toBe('message/801');
  });

  it('needs no JSON', () => {
    expect(identify(Buffer.from('{')).key).toMatch(/^[0-9a-f]{64}$/);
    expect(identify(json(null)).tenant).toBeNull();
  });
});
