import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAs, withDefaults, type CheckContext, type RawWebhook, type StartRequest } from '#contract';
import { quickTransport, VendorServer } from '#provider-kit/testing';
import { AccountApi } from './account-api.js';
import { EightByEightClient } from './client.js';
import { undescribed, type Sent } from './fixtures/description.js';
import { EightByEightSession } from './session.js';
import { EightByEightSettings, type EightByEightHandoverSettings } from './settings.js';
import { channelsOf, remove, webhooksOf, writeChannel, writeWebhook } from './setup/objects.js';
import { smoke } from './setup/smoke.js';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const PAGE = { number: 0, totalPages: 1 };
const CONVERSATION = { id: 'c', state: 'active', channelId: 'channel-1', user: { name: 'Ann' } };
const WEBHOOK = { id: 'w', name: 'a', uri: 'https://gw.example/handover/eightByEight/e', version: 'Chat Gateway v1.0' };
const CHANNEL = {
  id: 'channel-1',
  name: 'a',
  type: 'ChatAPI',
  webHookId: 'w',
  routingOptions: { type: 'queue', id: '1' },
};

let vendor: VendorServer;
beforeAll(async () => {
  vendor = await VendorServer.start('/chat-gateway/v1');
  const users = [{ id: 'u', type: 'user', removed: false }];
  vendor.routes({
    'POST /conversations': { conversationId: 'c' },
    'GET /conversations?page=0&size=100&sort=id:desc': { page: PAGE },
    'GET /conversations?page=0&size=1&sort=id:desc': { page: PAGE },
    'GET /conversations/c': CONVERSATION,
    'PATCH /conversations/c': CONVERSATION,
    'GET /conversations/c/participants': { _embedded: { participants: users }, page: PAGE },
    'GET /conversations/more/participants': {
      _embedded: { participants: users },
      page: { number: 0, size: 20, totalPages: 2 },
    },
    'GET /conversations/more/participants?page=1': {
      _embedded: { participants: [{ id: 'a', type: 'agent', removed: false }] },
      page: { number: 1, size: 20, totalPages: 2 },
    },
    'GET /conversations/more': CONVERSATION,
    'PATCH /conversations/c/participants/user': {},
    'POST /conversations/c/messages': {},
    'GET /conversations/c/messages?page=0&size=50&sort=createdAt:desc': { page: PAGE },
    'POST /conversations/c/attachments': { id: 'f' },
    'GET /channels/channel-1': CHANNEL,
    'POST /conversations/c/post-agent-assignment': {},
    'POST /conversations/c/typing': {},
    'POST /conversations/c/thinking': {},
    'POST /conversations/c/read-receipt': {},
    'GET /webhooks?page=0&size=100': { _embedded: { webhooks: [WEBHOOK] }, page: PAGE },
    'GET /channels?page=0&size=100': { _embedded: { channels: [CHANNEL] }, page: PAGE },
    'POST /webhooks': WEBHOOK,
    'PUT /webhooks/w': WEBHOOK,
    'DELETE /webhooks/w': {},
    'POST /webhooks/verify': {},
    'POST /channels': CHANNEL,
    'PUT /channels/channel-1': CHANNEL,
    'DELETE /channels/channel-1': {},
  });
});
afterAll(() => vendor.stop());

const access = () => ({ baseUrl: vendor.url, apiKey: 'key', tenant: 'acme01', secrets: [], now: () => 0, log });
const api = () => new AccountApi(quickTransport(), access());

function session(): EightByEightSession {
  const { value } = parseAs(EightByEightSettings, { apiKey: 'key', tenant: 'acme01' });
  const verify = async ({ body }: RawWebhook) => ({ key: null, tenant: null, body });
  const client = new EightByEightClient(quickTransport(), access());
  const settings = withDefaults(EightByEightSettings, value);
  return new EightByEightSession(settings, client, { authority: 'a', verify }, () => 0, { isOpen: null, queue: null }, api()); // prettier-ignore
}

const request: StartRequest<EightByEightHandoverSettings> = {
  handoverId: 'ho_1',
  sessionId: 's',
  userId: 'u-42',
  user: {
    ...{ name: 'Ann', email: 'ann@example.com', phone: '1', company: 'Acme', language: 'de', customerId: 'c-1' },
    ...{ caseId: 'k-1', properties: { a: '1' } },
  },
  transcript: Array.from({ length: 300 }, (_, at) => ({
    author: at % 2 ? ('bot' as const) : ('user' as const),
    text: 'Hi',
  })),
  copilotUrl: 'https://copilot.example/',
  defaults: { channelId: 'channel-1', queueId: '1' },
  settings: { jsonProperties: { user: { timezoneOffset: 60, ipaddress: '10.0.0.1' } } },
};
const card = {
  contentType: 'application/8x8.quick.replies',
  content: { options: [{ title: 'one', data: { postback: '1' } }] },
};
const file = { filename: 'a.txt', contentType: 'text/plain', size: 1, author: 'user' as const };
const sent = (text: string, over: object = {}) => ({
  author: 'user' as const,
  text,
  cards: [],
  attachments: [],
  ...over,
});

describe('the description of the API', () => {
  it('has all that a handover sends', async () => {
    const one = session();
    await one.start(request);
    await one.findStarted('ho_1');
    await one.send('c', sent('Hi'));
    await one.send('c', sent('Choose', { author: 'bot', cards: [card] }));
    await one.send('c', sent('', { attachments: [{ id: 'f', filename: 'a.txt' }] }));
    await one.findSent('c', sent('Hi'), 0);
    await one.upload('c', { ...file, content: () => Readable.from([Buffer.from('a')]) });
    await one.update('c', { request, userChanged: true, queueId: '2' });
    await one.update('c', { request: { ...request, conversation: 'c' } as never, userChanged: true });
    await one.reassign('c', request);
    await one.handBack('c');
    await one.inspect('c');
    await one.inspect('gone').catch(() => undefined);
    await one.messagesSince('c', null);
    await one.typing('c', 'user');
    await one.thinking('c', 30);
    await one.read('c', new Date(0));
    await one.end('c');
    expect(vendor.calls.length).toBeGreaterThan(20);
    expect(vendor.calls.flatMap((call) => undescribed(call))).toEqual([]);
  });

  it('has all that the doctor and the setup send', async () => {
    vendor.calls.length = 0;
    const defaults = { channelId: 'channel-1', queueId: '1' };
    const context = { defaults, webhookUrls: [WEBHOOK.uri], seen: null } as unknown as CheckContext<EightByEightHandoverSettings>; // prettier-ignore
    await session().check(context);
    const account = api();
    await webhooksOf(account);
    await channelsOf(account);
    for (const id of [null, 'w']) await writeWebhook(account, 'a', WEBHOOK.uri, id);
    for (const id of [null, 'channel-1']) await writeChannel(account, { name: 'a', webhookId: 'w', queueId: '1' }, id);
    await remove(account, 'channel', 'channel-1');
    await remove(account, 'webhook', 'w');
    await smoke(account, { channelId: 'channel-1', queueId: '1' }, null, 1_000);
    expect(vendor.calls.length).toBeGreaterThan(12);
    expect(vendor.calls.flatMap((call) => undescribed(call))).toEqual([]);
  });

  it('knows no pages of participants, so a further one is asked for only where an answer says that there is one', async () => {
    vendor.calls.length = 0;
    expect(await session().inspect('more')).toMatchObject({ agents: [{ id: 'a' }] });
    expect(vendor.calls.map(({ path }) => path.split('/').at(-1))).toEqual([
      'more',
      'participants',
      'participants?page=1',
    ]);
  });

  it.each<[string, Partial<Sent>]>([
    [
      'GET /conversations/{id}/participants: query page',
      { method: 'GET', path: '/chat-gateway/v1/conversations/c/participants?page=0' },
    ],
    ['POST /conversations/{id}/messages: body.at', { body: { authorType: 'user', text: 'Hi', at: 1 } }],
    ['POST /conversations/{id}/messages: body.authorType is not one of bot, user', { body: { authorType: 'agent' } }],
    [
      'POST /conversations/{id}/messages: header idempotency-key',
      { headers: { 'idempotency-key': 'k' }, body: { authorType: 'user' } },
    ],
  ])('lacks what is outside of it: %s', (flaw, over) => {
    const call = { method: 'POST', path: '/chat-gateway/v1/conversations/c/messages', headers: {}, body: undefined };
    expect(undescribed({ ...call, ...over })).toEqual([flaw]);
  });
});
