import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sessionFor } from './fixtures/account.js';
import { ANN, conversation, SUPPORT } from './fixtures/webhooks.js';
import { Refusal, VendorServer, type ReceivedCall } from '#provider-kit/testing';
import { inspectionOf } from './inspection.js';
import type { ChatwootSettings } from './settings.js';

let vendor: VendorServer;
beforeAll(async () => {
  vendor = await VendorServer.start('/api/v1/accounts/2');
});
afterAll(() => vendor.stop());

const open = (over: Partial<ChatwootSettings> = {}) => sessionFor(vendor.url, over);
const CONVERSATION = '/conversations/57';
const gone = new Refusal(404, { error: 'Resource could not be found' });

describe('an inspection', () => {
  it.each([
    [
      'waits for a team',
      {},
      { team: SUPPORT },
      { state: 'open', agents: [], queue: { id: '11', name: 'support' }, waits: true },
    ],
    ['waits in its inbox', {}, {}, { state: 'open', agents: [], queue: { id: 'inbox-7', name: null }, waits: true }],
    [
      'is with an agent',
      {},
      { assignee: ANN },
      { state: 'open', agents: [{ id: '3', name: 'Ann' }], queue: null, waits: false },
    ],
    ['is snoozed', { status: 'snoozed' }, { assignee: ANN }, { state: 'open', agents: [{ id: '3', name: 'Ann' }] }],
    [
      'is pending',
      { status: 'pending' },
      { assignee: ANN },
      { state: 'open', agents: [], queue: { id: 'inbox-7' }, waits: true },
    ],
    ['is with a bot', {}, { assignee: ANN, assignee_type: 'AgentBot' }, { state: 'open', agents: [], waits: true }],
    [
      'is resolved',
      { status: 'resolved' },
      { assignee: ANN },
      { state: 'ended', agents: [], queue: null, waits: false },
    ],
  ])('shows a conversation that %s', (_, over, meta, expected) => {
    expect(inspectionOf(conversation(over, meta))).toMatchObject({ ...expected, hasUserLeft: false, at: null });
  });

  it('takes a conversation for gone only where the account is in order', async () => {
    vendor.routes({ [`GET ${CONVERSATION}`]: gone, 'GET /inboxes': { payload: [] } });
    expect((await open().inspect!('host/2/57')).state).toBe('gone');
    vendor.routes({ [`GET ${CONVERSATION}`]: gone, 'GET /inboxes': gone });
    await expect(open().inspect!('host/2/57')).rejects.toMatchObject({ code: 'not_found' });
    vendor.routes({ [`GET ${CONVERSATION}`]: new Refusal(401, { error: 'Invalid Access Token' }) });
    await expect(open().inspect!('host/2/57')).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('has its turn every so often, or never', () => {
    expect(open({ reconcile: '5m' }).reconcileMs).toBe(300_000);
    expect(open({ reconcile: 'off' }).reconcileMs).toBeNull();
  });
});

describe('the messages of a conversation', () => {
  const at = (id: number): number => 1_700_000_000 + id;
  const item = (id: number, over: object = {}): object => {
    return { id, content: `${id}`, message_type: 1, private: false, sender: ANN, created_at: at(id), ...over };
  };
  /** Two at a time, as the list has them. */
  const pages = (items: { id?: number }[]): void =>
    vendor.on(({ path }: ReceivedCall, response) => {
      const before = Number(new URL(path, vendor.url).searchParams.get('before') ?? Infinity);
      const payload = items.filter(({ id }) => id! < before).slice(-2);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ payload }));
    });
  const texts = (messages: { text: string | null }[]): (string | null)[] => messages.map(({ text }) => text);

  it('are those of agents, in order and with their ids', async () => {
    pages([
      item(1),
      item(2, { private: true }),
      item(3, { message_type: 0 }),
      item(4, { message_type: 2 }),
      item(5, { message_type: 3, sender: null }),
      item(6, { sender: { id: 1, type: 'agent_bot' } }),
      item(7),
    ] as { id: number }[]);
    const { messages, from } = await open().messagesSince!('host/2/57', null);
    expect(texts(messages)).toEqual(['1', '7']);
    expect(messages[1]).toMatchObject({ id: '7', at: at(7) * 1_000, author: 'agent', agent: { id: '3', name: 'Ann' } });
    expect(from).toBeNull();
    expect(texts((await open({ systemMessages: true }).messagesSince!('host/2/57', null)).messages)).toEqual([
      '1',
      '5',
      '6',
      '7',
    ]);
  });

  it('are read as far back as asked for', async () => {
    pages([1, 2, 3, 4, 5, 6].map((id) => item(id)) as { id: number }[]);
    const since = at(5) * 1_000;
    const { messages, from } = await open().messagesSince!('host/2/57', since);
    expect(texts(messages)).toEqual(['3', '4', '5', '6']);
    expect(from).toBe(since);
  });

  it('that are too many are told as such', async () => {
    let now = 0;
    pages([1, 2, 3, 4, 5, 6].map((id) => item(id)) as { id: number }[]);
    const session = sessionFor(vendor.url, {}, () => (now += 7_000));
    const { messages, from } = await session.messagesSince!('host/2/57', null);
    expect(texts(messages)).toEqual(['3', '4', '5', '6']);
    expect(from).toBe((at(3) + 1) * 1_000);
  });
});
