import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseAs, withDefaults, type OutboundMessage, type RawWebhook, type StartRequest } from '#contract';
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

describe('a conversation that 8x8 has already', () => {
  const handed = (changes: object = {}): StartRequest<EightByEightHandoverSettings> => ({
    handoverId: 'ho_1',
    conversation: 'c-1',
    sessionId: 's',
    userId: 'u-42',
    user: { name: 'Ann', properties: { a: '1' } },
    transcript: [],
    copilotUrl: null,
    defaults: {},
    settings: { queueId: '102' },
    ...changes,
  });
  /** 8x8 knows the conversation and its channel, and answers a POST with the status. */
  function known(user: object, status = 201, body: object = {}): void {
    vendor.on(({ method, path }, response) => {
      if (method === 'POST') return response.writeHead(status).end(JSON.stringify(body));
      const channel = { id: 'web-1', webHookId: 'w-1' };
      response.end(JSON.stringify(path.includes('/channels/') ? channel : { id: 'c-1', channelId: 'web-1', user }));
    });
  }
  const called = () => vendor.calls.map(({ method, path }) => `${method} ${path.replace('/chat-gateway/v1', '')}`);

  it('needs a queue and no channel', () => {
    expect(session.validate(handed())).toEqual([]);
    expect(session.validate(handed({ settings: {}, defaults: { channelId: 'channel-1' } }))).toMatchObject([
      { pointer: '/settings/queueId' },
    ]);
  });

  it('is moved with all that 8x8 knows of the customer, and ours laid over it', async () => {
    known({
      name: 'Visitor',
      userId: 'visitor-7',
      phone: ' ',
      ipaddress: '::1',
      additionalProperties: [
        { key: 'page', value: '/prices', id: '1' },
        { key: 'handoverId', value: 'ho_0' },
        { key: 'a', value: 'old' },
      ],
    });
    await session.reassign('c-1', handed());
    expect(called()).toEqual(['GET /conversations/c-1', 'PATCH /conversations/c-1']);
    expect(vendor.calls[1]!.body).toEqual({
      assignment: { type: 'queue', id: '102' },
      user: {
        name: 'Ann',
        userId: 'visitor-7',
        additionalProperties: [
          { key: 'page', value: '/prices' },
          { key: 'a', value: '1' },
          { key: 'handoverId', value: 'ho_1' },
        ],
      },
    });
  });

  it('never has more additional properties than 8x8 takes, ours among them', async () => {
    known({ additionalProperties: Array.from({ length: 40 }, (_, n) => ({ key: `k${n}`, value: 'v' })) });
    await session.reassign('c-1', handed());
    const { user } = vendor.calls[1]!.body as { user: { additionalProperties: { key: string }[] } };
    expect(user.additionalProperties).toHaveLength(30);
    expect(user.additionalProperties.slice(-2).map(({ key }) => key)).toEqual(['a', 'handoverId']);
  });

  it('is left where it is when it was moved for this handover before', async () => {
    known({ additionalProperties: [{ key: 'handoverId', value: 'ho_1' }] });
    await session.reassign('c-1', handed());
    expect(called()).toEqual(['GET /conversations/c-1']);
  });

  it('is asked back for the webhook of its channel, or for the one in the settings', async () => {
    known({});
    await session.handBack('c-1');
    await open({ webhookId: 'w-2' }).handBack('c-1');
    const posts = vendor.calls.filter(({ method }) => method === 'POST');
    expect(posts).toMatchObject([
      { path: '/chat-gateway/v1/conversations/c-1/post-agent-assignment', body: { type: 'webhook', id: 'w-1' } },
      { body: { type: 'webhook', id: 'w-2' } },
    ]);
  });

  it('is asked back once: 8x8 refusing a second time is no failure, any other refusal is one', async () => {
    const said = (message: string) => ({ message: 'Invalid', errors: [{ code: 'invalid_parameter', message }] });
    known({}, 400, said('post agent assignment already exists for conversation c-1 and tenant acme01'));
    await expect(session.handBack('c-1')).resolves.toBeUndefined();
    known({}, 400, said('There is no webhook w-1.'));
    await expect(session.handBack('c-1')).rejects.toMatchObject({ code: 'invalid' });
  });

  it("finds the bot's message below what the user has written since", async () => {
    const said = (type: string, content: string) => ({ text: content, author: { type } });
    const messages = [said('user', 'Hello?'), said('bot', 'Hi')];
    vendor.on((_, response) => response.end(JSON.stringify({ _embedded: { messages }, _links: {} })));
    const wanted: OutboundMessage = { author: 'bot', text: 'Hi', cards: [], attachments: [] };
    await expect(session.findSent('c-1', wanted, 0, ['bot'])).resolves.toBe(true);
    await expect(session.findSent('c-1', wanted, 0, ['user', 'bot'])).resolves.toBe(false);
  });
});
