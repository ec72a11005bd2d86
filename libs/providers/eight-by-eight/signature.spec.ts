import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RawWebhook, VerifiedWebhook } from '#contract';
import { SigningKey, signedWebhook, type SigningOptions } from './fixtures/signing.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';
import { KeyStore } from './key-store.js';
import { SignatureVerifier, withoutVerification } from './signature.js';

const NOW = 1_800_000_000_000;
const TOLERANCE = 300_000;
const BODY = Buffer.from('{"eventType":"TRANSFER","conversationId":"ID-0","timestamp":1}');

const key = new SigningKey('key-1');
let vendor: VendorServer;
let verifier: SignatureVerifier;

beforeAll(async () => {
  vendor = await VendorServer.start();
});
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.calls.length = 0;
  vendor.answer(200, key.jwk);
  verifier = verifierAt(NOW);
});

function verifierAt(now: number): SignatureVerifier {
  const keys = new KeyStore(quickTransport(), { baseUrl: vendor.url, now: () => now });
  return new SignatureVerifier(keys, TOLERANCE, () => now);
}

const signed = (body = BODY, options: SigningOptions = {}) => signedWebhook(key, body, { at: NOW, ...options });
const withHeaders = (webhook: RawWebhook, headers: RawWebhook['headers']): RawWebhook => ({
  ...webhook,
  headers: { ...webhook.headers, ...headers },
});
const unauthorized = { name: 'WebhookRejected', reason: 'unauthorized' };

async function expectRefused(webhook: RawWebhook, keyFetches = 1): Promise<void> {
  await expect(verifier.verify(webhook)).rejects.toMatchObject(unauthorized);
  expect(vendor.calls.length).toBeLessThanOrEqual(keyFetches);
}

describe('the recorded vector', () => {
  const path = new URL('./fixtures/signature-vector.json', import.meta.url);
  const vector = JSON.parse(readFileSync(path, 'utf8')) as {
    bodyHex: string;
    headers: Record<string, string>;
    jwk: object;
  };
  const webhook = { headers: vector.headers, body: Buffer.from(vector.bodyHex, 'hex') };

  it('verifies', async () => {
    vendor.answer(200, vector.jwk);
    await expect(verifierAt(1_713_100_000_123).verify(webhook)).resolves.toMatchObject({
      key: 'acmecorp01/g4nqGuj8TpCa6tiZ3DeeNw',
      tenant: 'acmecorp01',
    });
  });

  it('does not verify with one byte of the body changed', async () => {
    vendor.answer(200, vector.jwk);
    const body = Buffer.from(webhook.body);
    body[20]! ^= 1;
    await expect(verifierAt(1_713_100_000_123).verify({ ...webhook, body })).rejects.toMatchObject(unauthorized);
  });
});

describe('a webhook signed by 8x8', () => {
  it('is taken, with a key of tenant and event, and asks for the key without credentials', async () => {
    const verified: VerifiedWebhook = await verifier.verify(signed());
    expect(verified).toEqual({ key: 'acme01/event-1', tenant: 'acme01', body: BODY });
    expect(vendor.calls).toMatchObject([{ method: 'GET', path: '/chat-gateway/v1/jwk/key-1/public' }]);
    expect(vendor.calls[0]!.headers).not.toHaveProperty('x-api-key');
  });

  it('has the same key on every delivery', async () => {
    const first = await verifier.verify(signed());
    const second = await verifier.verify(signed(BODY, { retry: 3, at: NOW + 1_000 }));
    expect(second.key).toBe(first.key);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['emoji and umlauts', Buffer.from('{"text":"Grüße 👋 €"}')],
    ['escaped characters', Buffer.from('{"text":"caf\\u00e9 \\/ 1.0"}')],
    ['blanks and an odd order of keys', Buffer.from('{ "b" : 1.0,\n "a":12345678901234567890 }')],
    ['compressed bytes', gzipSync(BODY)],
    ['a megabyte', Buffer.alloc(1024 * 1024, 'x')],
  ])('is proven over its raw bytes: %s', async (_what, body) => {
    await expect(verifier.verify(signed(body))).resolves.toMatchObject({ body });
  });

  it.each([NOW - TOLERANCE, NOW + TOLERANCE])('may be as old or as far ahead as the tolerance', async (at) => {
    await expect(verifier.verify(signed(BODY, { at }))).resolves.toMatchObject({ tenant: 'acme01' });
  });

  it('takes the key from a JSON string that contains it', async () => {
    vendor.answer(200, JSON.stringify(JSON.stringify(key.jwk)));
    await expect(verifier.verify(signed())).resolves.toMatchObject({ tenant: 'acme01' });
  });
});

describe('a webhook is refused', () => {
  it.each([NOW - TOLERANCE - 1, NOW + TOLERANCE + 1])('when it is too old or too far ahead', async (at) => {
    await expectRefused(signed(BODY, { at }));
  });

  it.each(['x-8x8-tenant-id', 'x-8x8-customer-id', 'x-8x8-event-id', 'x-8x8-retry', 'x-8x8-transmission-time'])(
    'when %s is another than the signed one, missing, doubled or joined',
    async (name) => {
      const value = signed().headers[name] as string;
      const other = /^\d/.test(value) ? String(Number(value) + 1) : `${value}x`;
      await expectRefused(withHeaders(signed(), { [name]: other }));
      vendor.calls.length = 0;
      await expectRefused(withHeaders(signed(), { [name]: undefined }), 0);
      await expectRefused(withHeaders(signed(), { [name]: [value, value] }), 0);
      await expectRefused(withHeaders(signed(), { [name]: `${value}, ${value}` }), 0);
    },
  );

  it.each(['', '1.5', '-1', '0x10', '1e3', ' ', '٣', '00', '99999999999999999999'])(
    'when a number is no plain integer: "%s"',
    async (value) => {
      await expectRefused(withHeaders(signed(), { 'x-8x8-retry': value }), 0);
      await expectRefused(withHeaders(signed(), { 'x-8x8-transmission-time': value }), 0);
    },
  );

  it.each(['a"b', 'a\\b', 'a\u0001b', 'é', 'x'.repeat(256), 'a,b', '<a>', ''])(
    'when an id has characters that serialisers write differently: %j',
    async (value) => {
      await expectRefused(signed(BODY, { eventId: value }), 0);
      await expectRefused(signed(BODY, { tenant: value }), 0);
    },
  );

  it('when a tenant could be taken for the beginning of an event id', async () => {
    await expectRefused(signed(BODY, { tenant: 'acme01/event' }), 0);
  });

  it('when any bit of the signature is flipped', async () => {
    const [protectedPart, , signature] = (signed().headers['x-8x8-signature'] as string).split('.');
    const bytes = Buffer.from(signature!, 'base64url');
    for (const index of [0, 100, 255]) {
      const flipped = Buffer.from(bytes);
      flipped[index]! ^= 1;
      const header = `${protectedPart}..${flipped.toString('base64url')}`;
      await expect(verifier.verify(withHeaders(signed(), { 'x-8x8-signature': header }))).rejects.toMatchObject(
        unauthorized,
      );
    }
  });

  it('when the last character of the signature differs in bits that carry nothing', async () => {
    const header = signed().headers['x-8x8-signature'] as string;
    const last = { A: 'B', Q: 'R', g: 'h', w: 'x' }[header.at(-1)!]!;
    await expectRefused(withHeaders(signed(), { 'x-8x8-signature': header.slice(0, -1) + last }), 0);
  });

  it.each([
    [{ alg: 'none' }],
    [{ alg: 'HS256' }],
    [{ alg: 'RS512' }],
    [{ b64: true }],
    [{ b64: 'false' }],
    [{ b64: undefined }],
    [{ crit: [] }],
    [{ crit: ['b64', 'exp'] }],
    [{ crit: 'b64' }],
    [{ crit: undefined }],
    [{ kid: '../../secrets' }],
    [{ kid: 'a/b' }],
    [{ kid: 'a%2fb' }],
    [{ kid: '' }],
    [{ kid: 7 }],
    [{ kid: 'k'.repeat(129) }],
  ])('when its protected header says %j, before any key is fetched', async (header) => {
    await expectRefused(signed(BODY, { header }), 0);
  });

  it.each(['', 'a', 'a.b', 'a.b.c', '..', 'a..', '..a', 'a..b..c', 'e30..AAAA', '%%..AAAA', 'a..b, a..b'])(
    'when the signature is malformed: "%s"',
    async (value) => {
      await expectRefused(withHeaders(signed(), { 'x-8x8-signature': value }), 0);
    },
  );

  it('when the signature header is missing or doubled', async () => {
    const header = signed().headers['x-8x8-signature'] as string;
    await expectRefused(withHeaders(signed(), { 'x-8x8-signature': undefined }), 0);
    await expectRefused(withHeaders(signed(), { 'x-8x8-signature': [header, header] }), 0);
  });

  it('when the payload is attached instead of detached', async () => {
    const [protectedPart, , signature] = (signed().headers['x-8x8-signature'] as string).split('.');
    await expectRefused(withHeaders(signed(), { 'x-8x8-signature': `${protectedPart}.e30.${signature}` }), 0);
  });

  it('when another key signed it under the same id', async () => {
    await expect(verifier.verify(signedWebhook(new SigningKey('key-1'), BODY, { at: NOW }))).rejects.toMatchObject(
      unauthorized,
    );
  });

  it('for now, when the key server is down', async () => {
    vendor.answer(500, 'down');
    await expect(verifier.verify(signed())).rejects.toMatchObject({ reason: 'unavailable' });
  });

  it('when 8x8 does not know its key', async () => {
    vendor.answer(404, { message: 'Resource of type Jwk was not found.' });
    await expectRefused(signed());
  });
});

describe('with verification off', () => {
  it('the event id is the key, with the tenant where there is one', () => {
    const headers = { 'x-8x8-event-id': 'e1', 'x-8x8-tenant-id': 'acme01' };
    expect(withoutVerification({ headers, body: BODY })).toEqual({ key: 'acme01/e1', tenant: 'acme01', body: BODY });
    expect(withoutVerification({ headers: { 'x-8x8-event-id': 'e1' }, body: BODY })).toMatchObject({
      key: '-/e1',
      tenant: null,
    });
    expect(withoutVerification({ headers: {}, body: BODY })).toEqual({ key: null, tenant: null, body: BODY });
  });
});
