import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SigningKey, signedWebhook } from './fixtures/signing.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';
import { KeyStore } from './key-store.js';
import { SignatureVerifier } from './signature.js';

const DAY = 86_400_000;
const BODY = Buffer.from('{}');
const first = new SigningKey('key-1');
const second = new SigningKey('key-1');
const small = new SigningKey('small', 1_024);
const unavailable = { name: 'WebhookRejected', reason: 'unavailable' };

let vendor: VendorServer;
let now: number;
let store: KeyStore;

beforeAll(async () => {
  vendor = await VendorServer.start();
});
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.calls.length = 0;
  vendor.answer(200, first.jwk);
  now = 1_000;
  store = new KeyStore(quickTransport(), { baseUrl: vendor.url, now: () => now });
});

describe('fetching', () => {
  it('asks once for a key, and again after a day', async () => {
    await store.get('key-1');
    now += DAY - 1;
    await store.get('key-1');
    expect(vendor.calls).toHaveLength(1);
    now += 1;
    await store.get('key-1');
    expect(vendor.calls).toHaveLength(2);
  });

  it.each(['.', '..'])('asks for no key whose id leads to another place: %s', async (kid) => {
    expect(await store.get(kid)).toBeNull();
    expect(vendor.calls).toEqual([]);
  });

  it('asks once, however many wait for the same key', async () => {
    const found = await Promise.all(Array.from({ length: 30 }, () => store.get('key-1')));
    expect(new Set(found).size).toBe(1);
    expect(vendor.calls).toHaveLength(1);
  });

  it('uses an expired key while its refresh fails, without asking each time', async () => {
    const key = await store.get('key-1');
    now += DAY;
    vendor.answer(503);
    expect((await store.get('key-1'))?.key).toBe(key?.key);
    expect((await store.get('key-1'))?.key).toBe(key?.key);
    expect(vendor.calls).toHaveLength(2);
    now += 30_000;
    vendor.answer(200, second.jwk);
    expect((await store.get('key-1'))?.key.export({ format: 'jwk' }).n).toBe(second.jwk.n);
  });

  it('lets go of an expired key that 8x8 has withdrawn', async () => {
    await store.get('key-1');
    now += DAY;
    vendor.answer(404, { message: 'Resource of type Jwk was not found.' });
    expect(await store.get('key-1')).toBeNull();
  });

  it.each([
    ['500', 500, 'no'],
    ['no JSON', 200, 'hello'],
    ['no key', 200, { kty: 'RSA' }],
    ['another kind of key', 200, { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }],
    ['the key of another id', 200, { ...first.jwk, kid: 'key-2' }],
    ['a redirect', 302, ''],
    ['a 404 of a proxy', 404, '404 page not found'],
  ])(
    'reports an answer that cannot be used as unavailable and keeps nothing of it: %s',
    async (_what, status, body) => {
      vendor.answer(status, body);
      await expect(store.get('key-1')).rejects.toMatchObject(unavailable);
      vendor.answer(200, first.jwk);
      await expect(store.get('key-1')).resolves.toMatchObject({ freshUntil: now + DAY });
    },
  );

  it('does not take a key shorter than 2,048 bits', async () => {
    vendor.answer(200, small.jwk);
    await expect(store.get('small')).rejects.toMatchObject(unavailable);
  });

  it('reports a server that never answers as unavailable', async () => {
    vendor.on(() => undefined);
    const impatient = new KeyStore(quickTransport({ responseTimeoutMs: 50 }), { baseUrl: vendor.url, now: () => now });
    await expect(impatient.get('key-1')).rejects.toMatchObject(unavailable);
  });
});

describe('unknown key ids', () => {
  beforeEach(() => vendor.answer(404, { message: 'Resource of type Jwk was not found.' }));

  it('are remembered for a minute', async () => {
    expect(await store.get('nobody')).toBeNull();
    now += 59_999;
    expect(await store.get('nobody')).toBeNull();
    expect(vendor.calls).toHaveLength(1);
    now += 1;
    vendor.answer(200, { ...first.jwk, kid: 'nobody' });
    expect(await store.get('nobody')).not.toBeNull();
  });

  it('lead to a bounded number of look-ups, however many are made up', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 500 }, (_, index) => store.get(`k${index}`, `t${index}`)),
    );
    expect(vendor.calls).toHaveLength(20);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
    expect(results.at(-1)).toMatchObject({ reason: unavailable });
  });

  it('of one tenant leave the look-ups of others, and those of all strangers the ones of an expected tenant', async () => {
    const flood = (tenant: (index: number) => string) =>
      Promise.allSettled(
        Array.from({ length: 100 }, (_, index) => store.get(`${tenant(index)}-${index}`, tenant(index))),
      );
    vendor.answer(404, { message: 'Resource of type Jwk was not found.' });
    await flood(() => 'evil');
    expect(vendor.calls).toHaveLength(5);
    vendor.answer(200, { ...first.jwk, kid: 'new' });
    expect(await store.get('new', 'other')).not.toBeNull();
    store.expect('acme');
    vendor.answer(404, { message: 'Resource of type Jwk was not found.' });
    await flood((index) => `evil-${index}`);
    expect(vendor.calls).toHaveLength(20);
    await expect(store.get('newer', 'nobody')).rejects.toMatchObject(unavailable);
    vendor.answer(200, { ...first.jwk, kid: 'newer' });
    expect(await store.get('newer', 'acme')).not.toBeNull();
  });

  it('do not keep a known key from working, and leave room for new ones after a while', async () => {
    vendor.answer(200, first.jwk);
    await store.get('key-1');
    vendor.answer(404, { message: 'Resource of type Jwk was not found.' });
    await Promise.allSettled(Array.from({ length: 100 }, (_, index) => store.get(`k${index}`, `t${index}`)));
    expect(await store.get('key-1')).not.toBeNull();
    now += 10_000;
    vendor.answer(200, { ...first.jwk, kid: 'new' });
    expect(await store.get('new')).not.toBeNull();
  });
});

describe('a key that stops verifying', () => {
  const webhook = (key: SigningKey) => signedWebhook(key, BODY, { at: now });
  let verifier: SignatureVerifier;
  beforeEach(() => {
    verifier = new SignatureVerifier(store, 300_000, () => now);
  });

  it('is fetched anew once, so that a rotation under the same id needs no restart', async () => {
    await verifier.verify(webhook(first));
    vendor.answer(200, second.jwk);
    await expect(verifier.verify(webhook(second))).resolves.toMatchObject({ tenant: 'acme01' });
    expect(vendor.calls).toHaveLength(2);
  });

  it('is fetched anew at most once in 10 s under a flood of forgeries, which are all refused', async () => {
    await verifier.verify(webhook(first));
    const forged = webhook(second);
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => verifier.verify(forged)));
    expect(results.every((result) => result.status === 'rejected' && result.reason.reason === 'unauthorized')).toBe(
      true,
    );
    await expect(verifier.verify(forged)).rejects.toMatchObject({ reason: 'unauthorized' });
    expect(vendor.calls).toHaveLength(2);
    now += 10_000;
    await expect(verifier.verify(forged)).rejects.toMatchObject({ reason: 'unauthorized' });
    expect(vendor.calls).toHaveLength(3);
  });

  it('keeps working for what it did sign while the key server is down', async () => {
    await verifier.verify(webhook(first));
    vendor.answer(500);
    await expect(verifier.verify(webhook(second))).rejects.toMatchObject({ reason: 'unauthorized' });
    await expect(verifier.verify(webhook(first))).resolves.toMatchObject({ tenant: 'acme01' });
  });

  it('works beside the new one after a rotation to another id', async () => {
    const next = new SigningKey('key-2');
    vendor.on(({ path }, response) => response.end(JSON.stringify(path.includes('key-2') ? next.jwk : first.jwk)));
    await verifier.verify(webhook(first));
    await verifier.verify(webhook(next));
    await verifier.verify(webhook(first));
    expect(vendor.calls).toHaveLength(2);
  });
});
