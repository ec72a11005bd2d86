import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Global, Module, ServiceUnavailableException } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import {
  CONTACT_CENTRE,
  CONTRACT_COPY,
  maskSecrets,
  parseAs,
  WEBHOOK_RECEIVER,
  withDefaults,
  type ProviderContext,
  type WebhookReceiver,
} from '#contract';
import { SigningKey, signedWebhook } from './fixtures/signing.js';
import { VendorServer } from '#provider-kit/testing';
import EightByEightModule, { definition, EightByEightProvider } from './index.js';
import { EightByEightHandoverSettings, EightByEightSettings } from './settings.js';

const NOW = 1_800_000_000_000;
const receive = jest.fn<WebhookReceiver['receive']>();
const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn() };

@Global()
@Module({ providers: [{ provide: WEBHOOK_RECEIVER, useValue: { receive } }], exports: [WEBHOOK_RECEIVER] })
class ReceiverModule {}

let app: NestFastifyApplication;
let provider: EightByEightProvider;
let vendor: VendorServer;
let address: string;

beforeAll(async () => {
  vendor = await VendorServer.start();
  const built = await Test.createTestingModule({ imports: [ReceiverModule, EightByEightModule] }).compile();
  app = built.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { bodyParser: false });
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await app.listen(0, '127.0.0.1');
  address = await app.getUrl();
  provider = app.get(EightByEightProvider);
});
afterAll(async () => {
  await app.close();
  await vendor.stop();
});
beforeEach(() => {
  receive.mockReset().mockResolvedValue();
  log.warn.mockClear();
});

const context = (production = false): ProviderContext => ({ name: 'support', production, now: () => NOW, log });
const settings = (changes: object = {}) =>
  withDefaults(EightByEightSettings, parseAs(EightByEightSettings, { apiKey: 'k', ...changes }).value);

describe('the settings', () => {
  it('need nothing but the key', () => {
    expect(parseAs(EightByEightSettings, {}).errors).toEqual([{ pointer: '/apiKey', detail: 'is missing' }]);
    expect(settings()).toMatchObject({
      baseUrl: 'https://api.8x8.com',
      webhookVerification: 'required',
      webhookTolerance: '5m',
      endGrace: '10s',
      giveUpAfter: '24h',
      systemMessages: false,
    });
    expect(parseAs(EightByEightHandoverSettings, {}).errors).toEqual([]);
  });

  it('hide the key and the token of the webhook', () => {
    expect(maskSecrets(EightByEightSettings, { apiKey: 'k', webhookToken: 't', tenant: 'x' })).toEqual({
      apiKey: '••••',
      webhookToken: '••••',
      tenant: 'x',
    });
  });

  it.each([
    [{}, []],
    [{ tenant: 'Acme Ltd' }, []],
    [{ apiKey: 'a\nb' }, ['/apiKey']],
    [{ tenant: 'é' }, ['/tenant']],
    [{ baseUrl: 'https://me:secret@api.8x8.com' }, ['/baseUrl']],
    [{ baseUrl: 'https://api.8x8.com/?a=1' }, ['/baseUrl']],
  ])('%j have errors at %j', (changes, pointers) => {
    expect(provider.checkSettings(settings(changes), context()).map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('let a webhook be a day old at the most', () => {
    const flawsOf = (webhookTolerance: string) =>
      parseAs(EightByEightSettings, { apiKey: 'k', webhookTolerance }).errors.map(({ pointer }) => pointer);
    expect([flawsOf('24h'), flawsOf('25h')]).toEqual([[], ['/webhookTolerance']]);
  });

  it('need key and secret for the real-time statistics, and only for those', () => {
    const pointers = (changes: object) =>
      provider.checkSettings(settings(changes), context()).map(({ pointer }) => pointer);
    expect(pointers({ statistics: 'realtime' })).toEqual(['/realtimeKey', '/realtimeSecret']);
    expect(pointers({ statistics: 'realtime', realtimeKey: 'k', realtimeSecret: 's' })).toEqual([]);
    expect(pointers({ statistics: 'contactCenter' })).toEqual([]);
  });

  it('may not switch verification off in production, and are warned about elsewhere', () => {
    const off = settings({ webhookVerification: 'off' });
    expect(provider.checkSettings(off, context(true))).toMatchObject([{ pointer: '/webhookVerification' }]);
    expect(provider.checkSettings(off, context(false))).toEqual([]);
    expect(provider.open(off, context()).webhookAuthority).toBe('https://api.8x8.com#off');
    expect(log.warn).toHaveBeenCalledWith({ provider: 'support' }, expect.stringContaining('off'));
  });
});

describe('the provider', () => {
  it('is found by its mark and declares what its sessions can do', () => {
    expect(Reflect.getMetadata(CONTACT_CENTRE, EightByEightProvider)).toBe(CONTRACT_COPY);
    const session = provider.open(settings(), context());
    expect(definition.key).toBe('eightByEight');
    expect(definition.capabilities.filter((name) => typeof session[name] !== 'function')).toEqual([]);
    expect(log.warn).not.toHaveBeenCalled();
  });

  it('lets accounts of one address that verify alike share the verification', () => {
    const authority = (changes: object) => provider.open(settings(changes), context()).webhookAuthority;
    expect(authority({ apiKey: 'a' })).toBe(authority({ apiKey: 'b', baseUrl: 'https://API.8x8.com/', tenant: 'x' }));
    expect(authority({})).not.toBe(authority({ webhookTolerance: '1m' }));
    expect(authority({})).not.toBe(authority({ baseUrl: 'https://api.example.com' }));
  });

  it('fetches a key once for all accounts of one address', async () => {
    const key = new SigningKey('key-1');
    vendor.answer(200, key.jwk);
    for (const apiKey of ['a', 'b']) {
      const session = provider.open(settings({ apiKey, baseUrl: `${vendor.url}/` }), context());
      const webhook = signedWebhook(key, Buffer.from('{}'), { at: NOW });
      await expect(session.verify(webhook)).resolves.toMatchObject({ key: 'acme01/event-1' });
      await expect(session.verify({ ...webhook, body: Buffer.from('[]') })).rejects.toMatchObject({
        reason: 'unauthorized',
      });
    }
    expect(vendor.calls.map(({ path }) => path)).toEqual(Array(2).fill('/chat-gateway/v1/jwk/key-1/public'));
  });

  it('takes any headers when verification is off', async () => {
    const session = provider.open(settings({ webhookVerification: 'off' }), context());
    await expect(session.verify({ headers: {}, body: Buffer.from('{}') })).resolves.toMatchObject({ key: null });
    expect(session.isHandshake({ headers: {}, body: Buffer.from('{"eventType":"WEB_HOOK_VERIFY"}') })).toBe(true);
  });
});

describe('the webhook', () => {
  const post = (path: string, body?: Buffer) =>
    fetch(`${address}${path}`, {
      method: 'POST',
      ...(body ? { body: new Uint8Array(body) } : {}),
      headers: { 'content-type': 'application/json', 'x-8x8-retry': '0' },
    });

  it.each([
    ['/handover/eightByEight', undefined, undefined],
    ['/handover/eightByEight/support', 'support', undefined],
    ['/handover/eightByEight/support/s%2Fecret', 'support', 's/ecret'],
  ])('%s hands over the raw bytes and answers 204', async (url, name, token) => {
    const body = Buffer.from('{ "text" : "caf\\u00e9 \ud83d\udc4b" }');
    expect((await post(url, body)).status).toBe(204);
    expect(receive).toHaveBeenCalledTimes(1);
    expect(receive.mock.calls[0]![0]).toMatchObject({
      type: 'eightByEight',
      name,
      token,
      headers: { 'x-8x8-retry': '0' },
    });
    expect(receive.mock.calls[0]![0].body.equals(body)).toBe(true);
  });

  it('hands over an empty body as no bytes', async () => {
    expect((await post('/handover/eightByEight')).status).toBe(204);
    expect(receive.mock.calls[0]![0].body).toEqual(Buffer.alloc(0));
  });

  it('answers 2xx only after it was received', async () => {
    receive.mockRejectedValue(new ServiceUnavailableException());
    expect((await post('/handover/eightByEight', Buffer.from('{}'))).status).toBe(503);
  });
});
