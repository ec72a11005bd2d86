import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseAs, withDefaults } from '#contract';
import { AccountApi } from './account-api.js';
import { EightByEightClient } from './client.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';
import { inspectionOf, listedMessage } from './inspection.js';
import { EightByEightSession } from './session.js';
import { EightByEightSettings } from './settings.js';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const AGENTS_ONLY = { systemMessages: false };

const agent = (id: string, removed = false): Record<string, unknown> => ({
  id,
  type: 'agent',
  removed,
  language: 'en',
});
const user = (removed = false): Record<string, unknown> => ({ id: 'u', type: 'user', removed });

describe('how a conversation stands', () => {
  it.each([
    ['active', 'open'],
    ['ACTIVE', 'open'],
    ['created', 'open'],
    ['idle', 'ended'],
    [' Idle', 'ended'],
    [undefined, 'open'],
  ])('a state of %p is %s', (state, expected) => {
    expect(inspectionOf({ state }, [], null).state).toBe(expected);
  });

  it('has in it whoever was not removed, and no bot', () => {
    const seen = inspectionOf({ state: 'active' }, [user(), agent('a'), agent('b', true), { type: 'bot', id: 'x' }], 7);
    expect(seen).toEqual({
      state: 'open',
      agents: [{ id: 'a', name: null }],
      queue: null,
      hasUserLeft: false,
      at: 7,
    });
  });

  it('tells nothing of agents where not even the user is listed', () => {
    expect(inspectionOf({ state: 'active' }, [], null).agents).toBeNull();
    expect(inspectionOf({ state: 'active' }, [agent('a')], null).agents).toBeNull();
  });

  it('waits in the queue that it is assigned to as long as nobody is in', () => {
    const conversation = { state: 'active', assignment: { type: 'queue', id: 101 } };
    expect(inspectionOf(conversation, [user(), agent('a', true)], null).queue).toEqual({ id: '101', name: null });
    expect(inspectionOf(conversation, [agent('a')], null).queue).toBeNull();
    expect(inspectionOf({ ...conversation, state: 'created' }, [], null).queue).toBeNull();
    expect(inspectionOf({ state: 'active', assignment: { type: 'agent', id: 'a' } }, [], null).queue).toBeNull();
  });

  it('has lost its user when all of them are removed, not when none is listed', () => {
    expect(inspectionOf({}, [user(true)], null).hasUserLeft).toBe(true);
    expect(inspectionOf({}, [user(true), user()], null).hasUserLeft).toBe(false);
    expect(inspectionOf({}, [], null).hasUserLeft).toBe(false);
  });
});

describe('a message of the list', () => {
  const item = {
    id: 'm-1',
    text: 'Hi',
    createdAt: '2026-11-25T12:00:00Z',
    author: { id: 'a', type: 'agent' },
    attachments: [{ id: 'f', filename: 'a.pdf', sizeInBytes: 3 }],
  };

  it('says what its event says', () => {
    expect(listedMessage(item, AGENTS_ONLY)).toEqual([
      {
        type: 'message',
        id: 'm-1',
        at: Date.parse('2026-11-25T12:00:00Z'),
        author: 'agent',
        agent: { id: 'a', name: null },
        text: 'Hi',
        cards: [],
        attachments: [{ id: 'f', filename: 'a.pdf', contentType: null }],
      },
    ]);
  });

  it('may tell its time as a number', () => {
    expect(listedMessage({ ...item, createdAt: 1_713_100_000_000 }, AGENTS_ONLY)).toMatchObject([
      { at: 1_713_100_000_000 },
    ]);
  });

  it.each([
    ['the user said it', { author: { type: 'user' } }],
    ['the bot said it', { author: { type: 'bot' } }],
    ['the system said it', { author: { type: 'system' } }],
    ['its author is not told', { author: null }],
    ['it has no id', { id: null }],
    ['its time is none', { createdAt: 'yesterday' }],
    ['it is empty', { text: '', attachments: [] }],
  ])('is passed over when %s', (_, change) => {
    expect(listedMessage({ ...item, ...change }, AGENTS_ONLY)).toEqual([]);
  });

  it('of the system counts where such messages are passed on', () => {
    expect(listedMessage({ ...item, author: { type: 'system' } }, { systemMessages: true })).toHaveLength(1);
  });
});

describe('a session that is asked', () => {
  let vendor: VendorServer;
  let session: EightByEightSession;
  let now: number;
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
    const options = { baseUrl: vendor.url, apiKey: 'key', secrets: [], now: () => now, log };
    const verify = async () => ({ key: null, tenant: null, body: Buffer.alloc(0) });
    return new EightByEightSession(
      withDefaults(EightByEightSettings, value),
      new EightByEightClient(quickTransport(), options),
      { authority: 'a', verify },
      () => now,
      { isOpen: null, queue: null },
      new AccountApi(quickTransport(), { ...options, secrets: [] }),
    );
  }

  /** Messages `count - 1` to 0, newest first, 50 a page, one a minute. Each page takes its time. */
  function saying(count: number, pageTakesMs = 0): void {
    vendor.on(({ path }, response) => {
      now += pageTakesMs;
      const page = Number(new URL(path, vendor.url).searchParams.get('page'));
      const newest = count - 1 - page * 50;
      const messages = Array.from({ length: Math.min(50, newest + 1) }, (_, index) => ({
        id: `m${newest - index}`,
        text: 'Hi',
        createdAt: (newest - index) * 60_000,
        author: { type: 'agent', id: 'a' },
      }));
      const totalPages = Math.ceil(count / 50);
      response.end(JSON.stringify({ _embedded: { messages }, page: { number: page, totalPages } }));
    });
  }

  it('is asked every 60 s, as often as is set, or not at all', () => {
    expect(session.reconcileMs).toBe(60_000);
    expect(open({ reconcile: '5m' }).reconcileMs).toBe(300_000);
    expect(open({ reconcile: 'off' }).reconcileMs).toBeNull();
  });

  it('tells how the conversation stands by the clock of 8x8', async () => {
    vendor.on(({ path }, response) => {
      response.setHeader('Date', 'Wed, 25 Nov 2026 12:00:00 GMT');
      const participants = { _embedded: { participants: [user(), agent('a')] }, page: { number: 0, totalPages: 1 } };
      response.end(JSON.stringify(path.includes('participants') ? participants : { id: 'c/1', state: 'active' }));
    });
    await expect(session.inspect('c/1')).resolves.toMatchObject({
      state: 'open',
      agents: [{ id: 'a', name: null }],
      at: Date.parse('2026-11-25T12:00:00Z'),
    });
    expect(vendor.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /chat-gateway/v1/conversations/c%2F1',
      'GET /chat-gateway/v1/conversations/c%2F1/participants',
    ]);
  });

  it('calls a conversation gone only when the account is in order', async () => {
    const answer = (listStatus: number): void =>
      vendor.on(({ path }, response) => {
        response.statusCode = path.includes('?') ? listStatus : 404;
        response.end(JSON.stringify(response.statusCode === 200 ? { page: {} } : { message: 'Resource not found' }));
      });
    answer(200);
    await expect(session.inspect('c')).resolves.toMatchObject({ state: 'gone', agents: null });
    answer(404);
    await expect(session.inspect('c')).rejects.toMatchObject({ code: 'not_found' });
    answer(500);
    await expect(session.inspect('c')).rejects.toMatchObject({ code: 'unknown_outcome' });
  });

  it('lists everything, oldest first', async () => {
    saying(120);
    const list = await session.messagesSince('c', null);
    expect(list.from).toBeNull();
    expect(list.messages.map(({ id }) => id)).toEqual(Array.from({ length: 120 }, (_, index) => `m${index}`));
    expect(vendor.calls).toHaveLength(3);
  });

  it('reads no further than to what is known', async () => {
    saying(120);
    const list = await session.messagesSince('c', 100 * 60_000);
    expect(list.from).toBe(100 * 60_000);
    expect(list.messages.map(({ id }) => id)).toContain('m100');
    expect(vendor.calls).toHaveLength(1);
  });

  it('reads on when the first page only just reaches the time', async () => {
    saying(120);
    await session.messagesSince('c', 70 * 60_000);
    expect(vendor.calls).toHaveLength(2);
  });

  it('says how far back a list goes that is too long', async () => {
    saying(2_100);
    const list = await session.messagesSince('c', null);
    expect(vendor.calls).toHaveLength(40);
    expect(list.from).toBe(100 * 60_000 + 1);
  });

  it('stops reading when its time is over', async () => {
    saying(500, 10_000);
    const list = await session.messagesSince('c', null);
    expect(vendor.calls).toHaveLength(2);
    expect(list.from).toBe(400 * 60_000 + 1);
  });

  it('lists a message once that moved on to the next page meanwhile', async () => {
    vendor.on(({ path }, response) => {
      const page = Number(new URL(path, vendor.url).searchParams.get('page'));
      const ids = page === 0 ? ['m2', 'm1'] : ['m1', 'm0'];
      const messages = ids.map((id) => ({
        id,
        text: 'Hi',
        createdAt: Number(id[1]),
        author: { type: 'agent', id: 'a' },
      }));
      response.end(JSON.stringify({ _embedded: { messages }, page: { number: page, totalPages: 2 } }));
    });
    expect((await session.messagesSince('c', null)).messages.map(({ id }) => id)).toEqual(['m0', 'm1', 'm2']);
  });
});
