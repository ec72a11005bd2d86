import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  parseAs,
  ProviderError,
  withDefaults,
  type OutboundMessage,
  type RawWebhook,
  type StartRequest,
} from '#contract';
import { AccountApi } from './account-api.js';
import { EightByEightClient } from './client.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';
import { EightByEightSession } from './session.js';
import { EightByEightSettings, type EightByEightHandoverSettings } from './settings.js';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
let vendor: VendorServer;
let now: number;
let session: EightByEightSession;

beforeAll(async () => {
  vendor = await VendorServer.start();
});
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.calls.length = 0;
  now = 0;
  session = open();
});

function open(changes: Partial<EightByEightSettings> = {}): EightByEightSession {
  const { value } = parseAs(EightByEightSettings, { apiKey: 'key', ...changes });
  const client = new EightByEightClient(quickTransport(), {
    baseUrl: vendor.url,
    apiKey: 'key',
    secrets: [],
    now: () => now,
    log,
  });
  const verify = async ({ body }: RawWebhook) => ({ key: null, tenant: null, body });
  return new EightByEightSession(
    withDefaults(EightByEightSettings, value),
    client,
    { authority: 'a', verify },
    () => now,
    { isOpen: null, queue: null },
    new AccountApi(quickTransport(), { baseUrl: vendor.url, apiKey: 'key', secrets: [], now: () => now }),
  );
}

const request = (changes: object = {}): StartRequest<EightByEightHandoverSettings> => ({
  handoverId: 'ho_1',
  sessionId: 's',
  userId: 'u-42',
  user: { name: 'Ann', properties: { a: '1' } },
  transcript: [{ author: 'user', text: 'Hi' }],
  copilotUrl: null,
  defaults: { channelId: 'channel-1' },
  settings: {},
  ...changes,
});
const text = (value: string, author: 'user' | 'bot' = 'user'): OutboundMessage => ({
  author,
  text: value,
  cards: [],
  attachments: [],
});

/** Answers a list, `size` items a page. */
function listing(name: string, items: object[], size: number): void {
  vendor.on(({ path }, response) => {
    const number = Number(new URL(path, vendor.url).searchParams.get('page'));
    const page = { number, totalPages: Math.ceil(items.length / size) };
    response.end(JSON.stringify({ _embedded: { [name]: items.slice(number * size, (number + 1) * size) }, page }));
  });
}

describe('the account', () => {
  it('has its times in milliseconds and holds events to the webhook tenant, else to the tenant', () => {
    expect(session).toMatchObject({ endGraceMs: 10_000, giveUpAfterMs: 86_400_000, tenant: null, webhookToken: null });
    expect(open({ tenant: 'acme01' }).tenant).toBe('acme01');
    expect(open({ tenant: 'acme01', webhookTenant: 'Acme', webhookToken: 't' })).toMatchObject({
      tenant: 'Acme',
      webhookToken: 't',
    });
  });

  it('passes messages of the system on only when told to', () => {
    const event = { eventType: 'MESSAGE', conversationId: 'c', data: { sender: { type: 'system' }, text: 'x' } };
    const webhook = { key: null, tenant: null, body: Buffer.from(JSON.stringify(event)) };
    expect(session.events(webhook)).toMatchObject([{ type: 'ignored' }]);
    expect(open({ systemMessages: true }).events(webhook)).toMatchObject([{ type: 'message', author: 'system' }]);
  });
});

describe('start', () => {
  it('creates the conversation and returns its id', async () => {
    vendor.answer(202, { conversationId: 'c-1' });
    await expect(session.start(request())).resolves.toBe('c-1');
    expect(vendor.calls).toMatchObject([
      {
        method: 'POST',
        path: '/chat-gateway/v1/conversations',
        body: {
          channelId: 'channel-1',
          user: {
            name: 'Ann',
            userId: 'u-42',
            additionalProperties: [
              { key: 'a', value: '1' },
              { key: 'handoverId', value: 'ho_1' },
            ],
          },
          history: { messages: [{ authorType: 'user', text: 'Hi' }] },
        },
      },
    ]);
  });

  it.each([
    [400, /Queue ID 112.*Check channelId, queueId/],
    [401, /Check apiKey/],
    [403, /Chat Gateway.*tenant/],
    [404, /Check channelId, queueId and tenant/],
  ])('says what to do about a %i', async (status, message) => {
    vendor.answer(status, { message: 'Queue ID 112 is invalid.' });
    await expect(session.start(request())).rejects.toThrow(message);
  });

  it('tells no token of a link that 8x8 repeats', async () => {
    const copilotUrl = 'https://copilot.example.com/?userId=u&sessionId=s&URLToken=hidden-token';
    vendor.answer(400, { message: `The value ${copilotUrl} is invalid.`, code: copilotUrl });
    await expect(session.start(request({ copilotUrl }))).rejects.toThrow(/URLToken=•••• is invalid/);
    expect(JSON.stringify(vendor.calls)).toContain('hidden-token');
    const webhook = { headers: {}, body: Buffer.from(JSON.stringify({ value: copilotUrl })) };
    expect((await session.verify(webhook)).body.toString()).toMatch(/URLToken=••••"}$/);
  });

  it('sends nothing that it would have to report as wrong', async () => {
    const wrong = request({ user: { email: 'nobody' } });
    expect(session.validate(wrong)).toEqual([{ pointer: '/user/email', detail: 'must be an e-mail address' }]);
    await expect(session.start(wrong)).rejects.toMatchObject({ code: 'invalid' });
    expect(vendor.calls).toEqual([]);
  });
});

describe('reading back a start', () => {
  const conversation = (id: string, additionalProperties: unknown) => ({
    id,
    state: 'active',
    user: { additionalProperties },
  });
  const others = Array.from({ length: 250 }, (_, index) =>
    conversation(`c${index}`, [{ key: 'handoverId', value: 'ho_0' }]),
  );

  it.each([[[{ key: 'handoverId', value: 'ho_1' }]], [{ handoverId: 'ho_1' }]])(
    'finds it on any page by %j',
    async (properties) => {
      listing('conversations', [...others, conversation('mine', properties)], 100);
      await expect(session.findStarted('ho_1')).resolves.toBe('mine');
      expect(vendor.calls.map(({ path }) => path)).toEqual(
        [0, 1, 2].map((page) => `/chat-gateway/v1/conversations?page=${page}&size=100&sort=id:desc`),
      );
    },
  );

  it('finds nothing when it is on no page, and minds no garbage', async () => {
    listing(
      'conversations',
      [...others, { id: 'x' }, { id: 'y', user: 7 }, conversation('z', [null]), conversation('w', 'x')],
      100,
    );
    await expect(session.findStarted('ho_1')).resolves.toBeNull();
  });

  it('claims nothing about a list that it could not read to its end', async () => {
    vendor.on((_call, response) => {
      now += 1_000;
      response.end(JSON.stringify({ page: { number: 0, totalPages: 1_000_000 } }));
    });
    await expect(session.findStarted('ho_1')).rejects.toMatchObject({ code: 'unknown_outcome' });
    expect(vendor.calls.length).toBeLessThan(20);
  });

  it('does not take a failed page for an empty one', async () => {
    vendor.answer(500);
    await expect(session.findStarted('ho_1')).rejects.toBeInstanceOf(ProviderError);
  });
});

describe('send', () => {
  const card = (content: unknown) => ({ contentType: 'application/vnd.microsoft.card.adaptive', content });
  const textBlock = {
    type: 'AdaptiveCard',
    body: [{ type: 'Container', items: [{ type: 'TextBlock', text: 'Choose' }] }],
  };

  it.each([
    [text('Hello', 'bot'), { authorType: 'bot', text: 'Hello' }],
    [
      { ...text('Look'), cards: [card(textBlock)] },
      { authorType: 'user', text: 'Look', cards: [card(textBlock)] },
    ],
    [
      { author: 'bot', text: null, cards: [card(textBlock)], attachments: [] },
      { authorType: 'bot', text: 'Choose', cards: [card(textBlock)] },
    ],
    [
      { author: 'bot', text: ' ', cards: [card(null)], attachments: [] },
      { authorType: 'bot', text: '[card]', cards: [card(null)] },
    ],
    [
      { ...text('Look'), attachments: [{ id: 'f1', filename: 'a.pdf' }] },
      { authorType: 'user', text: 'Look', attachments: [{ id: 'f1' }] },
    ],
    [
      {
        author: 'user',
        text: null,
        cards: [],
        attachments: [
          { id: 'f1', filename: 'a.pdf' },
          { id: 'f2', filename: 'b.pdf' },
        ],
      },
      { authorType: 'user', text: 'a.pdf, b.pdf', attachments: [{ id: 'f1' }, { id: 'f2' }] },
    ],
  ] as [OutboundMessage, object][])('sends %j with a text in any case', async (message, body) => {
    vendor.answer(202);
    await session.send('c-1', message);
    expect(vendor.calls.map((call) => call.body)).toEqual([body]);
  });
});

describe('reading back a message', () => {
  const said = (type: string, content: string) => ({ text: content, author: { id: 'x', type } });

  it.each([
    ['it is the newest', [said('user', 'Hi')], 0, true],
    ['the conversation is empty', [], 0, false],
    ['the newest is another text', [said('user', 'Bye'), said('user', 'Hi')], 0, false],
    ['the newest is by another author', [said('bot', 'Hi')], 0, false],
    ['an agent answered since', [said('agent', 'Yes?'), said('system', 'x'), said('user', 'Hi')], 0, true],
    ['only the equal one before it is there', [said('user', 'Hi'), said('user', 'Bye')], 1, false],
    ['both equal ones are there', [said('user', 'Hi'), said('agent', 'Yes?'), said('user', 'Hi')], 1, true],
    [
      'an equal one is there, but not in one run',
      [said('user', 'Hi'), said('user', 'Bye'), said('user', 'Hi')],
      1,
      false,
    ],
    ['line ends and blanks changed on the way', [said('user', ' Hi\r\n')], 0, true],
    ['garbage lies in between', [{}, { author: 'x' }, said('user', 'Hi')], 0, true],
  ])('when %s', async (_what, items, identicalBefore, found) => {
    listing('messages', items, 50);
    await expect(session.findSent('c-1', text('Hi'), identicalBefore)).resolves.toBe(found);
    expect(vendor.calls[0]!.path).toBe(
      '/chat-gateway/v1/conversations/c-1/messages?page=0&size=50&sort=createdAt:desc',
    );
  });

  it('goes on over pages as long as the run does', async () => {
    listing('messages', [...Array.from({ length: 60 }, () => said('user', 'Hi')), said('user', 'Bye')], 50);
    await expect(session.findSent('c-1', text('Hi'), 59)).resolves.toBe(true);
    await expect(session.findSent('c-1', text('Hi'), 60)).resolves.toBe(false);
  });

  it('knows a message with files by them, whatever its text, and takes none of them for a text alone', async () => {
    const withFile = (id: string) => ({ ...said('user', 'a.pdf'), attachments: [{ id, filename: 'a.pdf' }] });
    const message = (id: string) => ({ ...text('a.pdf'), attachments: [{ id, filename: 'a.pdf' }] });
    listing('messages', [said('user', 'later'), withFile('f2'), said('agent', 'Hm'), withFile('f1')], 50);
    await expect(session.findSent('c-1', message('f1'), 0)).resolves.toBe(true);
    await expect(session.findSent('c-1', message('f3'), 0)).resolves.toBe(false);
    listing('messages', [withFile('f1')], 50);
    await expect(session.findSent('c-1', text('a.pdf'), 0)).resolves.toBe(false);
  });

  it('looks for a message with files among those that can be newer, and no further', async () => {
    const items = Array.from({ length: 5_000 }, () => said('user', 'Hi'));
    listing('messages', items, 50);
    const message = { ...text('Hi'), attachments: [{ id: 'f1', filename: 'a.pdf' }] };
    await expect(session.findSent('c-1', message, 0)).resolves.toBe(false);
    expect(vendor.calls).toHaveLength(5);
  });
});

describe('end', () => {
  it('takes the user out', async () => {
    vendor.answer(204);
    await session.end('c-1');
    expect(vendor.calls).toMatchObject([
      { method: 'PATCH', path: '/chat-gateway/v1/conversations/c-1/participants/user', body: { removed: true } },
    ]);
  });

  it('is done when the conversation is gone, but not when it was refused', async () => {
    vendor.answer(404, {});
    await expect(session.end('c-1')).resolves.toBeUndefined();
    vendor.answer(403, {});
    await expect(session.end('c-1')).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('update', () => {
  const user = {
    name: 'Ann',
    userId: 'u-42',
    additionalProperties: [
      { key: 'a', value: '1' },
      { key: 'handoverId', value: 'ho_1' },
    ],
  };
  const assignment = { type: 'queue', id: '102' };

  it.each([
    [{ userChanged: true }, { user }],
    [{ userChanged: false, queueId: '102' }, { assignment }],
    [
      { userChanged: true, queueId: '102' },
      { user, assignment },
    ],
  ])('%j sends what changed, the customer always in full', async (change, body) => {
    vendor.answer(202, {});
    await session.update('c-1', { request: request(), ...change });
    expect(vendor.calls).toMatchObject([{ method: 'PATCH', path: '/chat-gateway/v1/conversations/c-1' }]);
    expect(vendor.calls[0]!.body).toEqual(body);
  });

  it('sends nothing when nothing changed', async () => {
    await session.update('c-1', { request: request(), userChanged: false });
    expect(vendor.calls).toEqual([]);
  });
});
