import http, { type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { until } from '../support/wait.js';
import { OTHER_BOT_KEY, startRequest, World } from '../support/world.js';

/** What a bot in trouble has under way. It is more than the places of a destination, and than it takes to think that one is down. */
const CONVERSATIONS = 40;
/** Without its own places another bot waits for minutes; with them for less than a second, on a machine that is not busy. */
const GOES_ON_WITHIN_MS = 8_000;
/** All of them failed several times before they arrive. */
jest.setTimeout(300_000);

/** Bot A is `test-bot`, bot B `other-bot`; both use the same provider. */
describe('a bot in trouble slows no other bot of the same provider', () => {
  let slow: Server;
  let world: World;
  /** Events at the callback of bot A that wait for their answer, while it is slow. */
  const held: ServerResponse[] = [];
  const received = new Map<string, Set<number>>();
  let isSlow = false;
  beforeAll(async () => {
    slow = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { data } = JSON.parse(Buffer.concat(chunks).toString()) as {
          data: { handoverId: string; sequence: number };
        };
        if (isSlow) return held.push(response);
        const seen = received.get(data.handoverId) ?? new Set();
        received.set(data.handoverId, seen.add(data.sequence));
        return response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    world = await World.start({
      callbacks: ({ url, secret }) => ({
        'test-bot': {
          callbackUrl: `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`,
          callbackSecret: secret,
        },
        'other-bot': { callbackUrl: url, callbackSecret: secret },
      }),
    });
  });
  afterEach(() => {
    isSlow = false;
    for (const response of held.splice(0)) response.destroy();
    world.simulator.faults.reset();
    world.simulator.breakOffHung();
  });
  afterAll(async () => {
    await world.stop();
    slow.closeAllConnections();
    await new Promise((resolve) => slow.close(resolve));
  });

  const handovers = (): Promise<{ id: string; conversationId: string }[]> =>
    Promise.all(Array.from({ length: CONVERSATIONS }, () => world.handover()));

  /** Calls on these conversations suffer; those on others do not. */
  const trouble = (conversations: { conversationId: string }[], what: string, fault: object): void => {
    const ids = conversations.map(({ conversationId }) => conversationId).join('|');
    world.simulator.faults.set({
      api: [{ match: { method: 'POST', path: `/(${ids})/${what}$` }, fault: fault as never }],
    });
  };

  /** A start, a message and a callback of bot B. */
  const otherGoesOn = async (): Promise<void> => {
    const begun = Date.now();
    const left = (): number => Math.max(1, GOES_ON_WITHIN_MS - (Date.now() - begun));
    const started = await world.api('post', '/v1/handovers', OTHER_BOT_KEY).send(startRequest()).expect(201);
    const { id } = started.body as { id: string };
    await until("the other bot's callback", () => world.bot.types(id).includes('handover.queued'), left());
    await world.api('post', `/v1/handovers/${id}/messages`, OTHER_BOT_KEY).send({ text: 'Hello?' }).expect(202);
    const read = async (): Promise<string> =>
      ((await world.api('get', `/v1/handovers/${id}`, OTHER_BOT_KEY)).body as { conversationId: string })
        .conversationId;
    const conversationId = await read();
    await until("the other bot's message", () => world.userTexts(conversationId).includes('Hello?'), left());
  };

  /** What the bot in trouble posted arrives, each once. */
  const allArrive = async (conversations: { id: string; conversationId: string }[], text: string): Promise<void> => {
    for (const { id, conversationId } of conversations) {
      await until('the message', () => world.userTexts(conversationId).includes(text), 120_000);
      expect(world.userTexts(conversationId)).toEqual([text]);
      await world.delivered(id);
    }
  };

  it.each([
    ['answered 500', { status: 500 }],
    ['answered 503', { status: 503 }],
    ['cut off', { drop: 'before' }],
  ])('while messages in 40 conversations are %s, again and again', async (_, fault) => {
    const conversations = await handovers();
    trouble(conversations, 'messages', fault);
    world.simulator.requests.length = 0;
    await Promise.all(conversations.map(({ id }) => world.say(id, 'poison')));
    const failed = (): number =>
      world.simulator.requests.filter(
        ({ method, path, status }) =>
          method === 'POST' && path.endsWith('/messages') && (status === 0 || status >= 500),
      ).length;
    await until('many to have failed', () => failed() >= CONVERSATIONS / 2);
    for (let round = 0; round < 5; round++) await otherGoesOn();
    world.simulator.faults.reset();
    await allArrive(conversations, 'poison');
  });

  it('while messages in 40 conversations hang until they time out', async () => {
    const conversations = await handovers();
    trouble(conversations, 'messages', { hang: 'before' });
    const earlier = world.logs.length;
    await Promise.all(conversations.map(({ id }) => world.say(id, 'stuck')));
    for (let round = 0; round < 3; round++) await otherGoesOn();
    await until('a time-out', () => world.logs.slice(earlier).some((line) => line.includes('gave no answer')), 60_000);
    for (let round = 0; round < 3; round++) await otherGoesOn();
    world.simulator.faults.reset();
    world.simulator.breakOffHung();
    await allArrive(conversations, 'stuck');
  });

  it('while uploads to 40 conversations hang', async () => {
    const conversations = await handovers();
    const files = await Promise.all(
      conversations.map(({ id }) => world.uploaded(id, 'a bill', 'bill.txt', 'text/plain')),
    );
    trouble(conversations, 'attachments', { hang: 'before' });
    await Promise.all(
      conversations.map(({ id }, index) =>
        world
          .api('post', `/v1/handovers/${id}/messages`)
          .send({ text: 'See this.', attachments: [{ id: files[index] }] }),
      ),
    );
    for (let round = 0; round < 3; round++) await otherGoesOn();
    // Nor does the bot itself wait for its files with what has none.
    const { id, conversationId } = await world.handover();
    await world.say(id, 'Hello?');
    await until('its own message', () => world.userTexts(conversationId).includes('Hello?'), GOES_ON_WITHIN_MS);
    world.simulator.faults.reset();
    world.simulator.breakOffHung();
    await allArrive(conversations, 'See this.');
  });

  it('while its callback is slow and many events wait for it', async () => {
    isSlow = true;
    const conversations = await Promise.all(
      Array.from({ length: 3 * CONVERSATIONS }, async () => ({
        id: await world.requestHandover(),
        conversationId: '',
      })),
    );
    await until('the callback to have all that it may', () => held.length >= 32);
    for (let round = 0; round < 3; round++) await otherGoesOn();
    expect(held.length).toBeLessThanOrEqual(2 * CONVERSATIONS);
    isSlow = false;
    for (const response of held.splice(0)) response.destroy();
    for (const { id } of conversations) {
      await until('the events', () => received.get(id)?.has(1), 120_000);
    }
  });
});
