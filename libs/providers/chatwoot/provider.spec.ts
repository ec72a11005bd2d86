import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CAPABILITIES } from '#contract';
import { context, log, provider, request, sessionFor, settingsFor } from './fixtures/account.js';
import { messageEvent } from './fixtures/webhooks.js';
import { Refusal, VendorServer } from '#provider-kit/testing';
import type { ChatwootSettings } from './settings.js';

let vendor: VendorServer;
beforeAll(async () => {
  vendor = await VendorServer.start('/api/v1/accounts/2');
});
afterAll(() => vendor.stop());
beforeEach(() => void log.warn.mockClear());

const open = (over: Partial<ChatwootSettings> = {}) => sessionFor(vendor.url, over);

describe('a check', () => {
  const inboxes = (over: object = {}) => ({
    payload: [{ id: 7, inbox_identifier: 'box', webhook_url: 'https://here', ...over }],
  });
  const right = { 'GET /inboxes': inboxes(), 'GET /teams/11': {} };
  const seen = { accepted: { count: 1, lastAt: 1 }, refused: [], ignored: [], silentHandovers: 0 };
  const refused = { ...seen, refused: [{ at: 1, flaw: null, message: 'the signature does not fit' }] };

  it.each<[string, Record<string, unknown>, object, string[]]>([
    ['nothing where all is right', right, {}, []],
    ['a wrong token', { 'GET /inboxes': new Refusal(401, {}) }, {}, ['error account']],
    [
      'an inbox of another channel',
      { ...right, 'GET /inboxes': inboxes({ inbox_identifier: undefined }) },
      {},
      ['error inbox'],
    ],
    ['an inbox that is not there', { ...right, 'GET /inboxes': inboxes({ id: 8 }) }, {}, ['error inbox']],
    ['no inbox', right, { defaults: {} }, ['warning inbox']],
    [
      'a webhook that points elsewhere',
      { ...right, 'GET /inboxes': inboxes({ webhook_url: 'https://x' }) },
      {},
      ['warning webhook'],
    ],
    ['a team that is not there', { ...right, 'GET /teams/11': undefined }, {}, ['error team']],
    ['signatures that do not fit', right, { seen: refused }, ['error signature']],
  ])('finds %s', async (_, routes, over, expected) => {
    vendor.routes(routes);
    const context = {
      webhookUrls: ['https://here'],
      defaults: { inboxId: '7', queueId: '11' },
      hasEndpoint: false,
      pinnedTenant: null,
      seen,
      ...over,
    };
    const findings = await open().check(context);
    const wrong = findings.filter(({ level }) => level !== 'ok');
    expect(wrong.map(({ level, check }) => `${level} ${check}`)).toEqual(expected);
    expect(wrong.every(({ action }) => action !== null)).toBe(true);
  });
});

describe('a webhook', () => {
  const event = { headers: {}, body: messageEvent() };

  it('needs a signature where there is a secret, a right path where there is none', async () => {
    await expect(open().verify(event)).rejects.toMatchObject({ reason: 'unauthorized' });
    const session = open({ webhookSecret: undefined, webhookToken: 'path' });
    expect(session.webhookToken).toBe('path');
    expect(await session.verify(event)).toMatchObject({ key: 'message/801', tenant: '2' });
  });

  it("is kept without the copilot's token, which its note repeats", async () => {
    const session = open({ webhookSecret: undefined, webhookToken: 'path' });
    const content = 'Copilot: https://copilot.example/?userId=u&sessionId=s&URLToken=the-token';
    const { body, key } = await session.verify({ headers: {}, body: messageEvent({ content, private: true }) });
    expect(body.toString()).not.toContain('the-token');
    expect([key, session.events({ key, tenant: '2', body })]).toMatchObject(['message/801', [{ type: 'ignored' }]]);
  });

  it('of another account is refused, whoever signed it', async () => {
    const session = open({ webhookSecret: undefined, webhookToken: 'path', accountId: '3' });
    await expect(session.verify(event)).rejects.toMatchObject({ reason: 'unauthorized' });
  });

  it('is verified by each account for itself', () => {
    const other = provider.open(settingsFor(vendor.url), { ...context, name: 'other' });
    expect(other.webhookAuthority).not.toBe(open().webhookAuthority);
  });
});

describe('settings', () => {
  it.each<[Partial<ChatwootSettings>, string]>([
    [{ webhookSecret: undefined }, '/webhookSecret'],
    [{ baseUrl: 'https://user:pass@chat.example' }, '/baseUrl'],
    [{ baseUrl: 'https://chat.example/?a=1' }, '/baseUrl'],
    [{ accountId: '1/contacts' }, '/accountId'],
    [{ apiAccessToken: 'a blank at its end ' }, '/apiAccessToken'],
  ])('%j is refused, naming %s', (over, pointer) => {
    expect(provider.checkSettings(settingsFor(vendor.url, over), context)).toMatchObject([{ pointer }]);
  });

  it('may leave webhooks unproven in development only, with a warning', () => {
    const bare = settingsFor(vendor.url, { webhookSecret: undefined });
    expect(provider.checkSettings(bare, { ...context, production: false })).toEqual([]);
    provider.open(bare, { ...context, production: false });
    expect(log.warn).toHaveBeenCalledWith({ provider: 'support' }, expect.stringContaining('anybody'));
  });

  it('name what a request misses', () => {
    expect(open().validate(request({ defaults: {} }))).toMatchObject([{ pointer: '/settings/inboxId' }]);
    expect(open().validate(request({ user: { properties: { a: 'x'.repeat(1_501) } } }))).toMatchObject([
      { pointer: '/user/properties/a' },
    ]);
    expect(open().validate(request())).toEqual([]);
  });

  it('declare exactly what a session can do', () => {
    const session = open() as unknown as Record<string, unknown>;
    for (const capability of CAPABILITIES)
      expect(typeof session[capability] === 'function').toBe(provider.definition.capabilities.includes(capability));
  });
});
