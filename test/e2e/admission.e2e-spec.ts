import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { begun, IdleSockets } from '../support/idle-sockets.js';
import { until } from '../support/wait.js';
import { BOT_KEY, OTHER_BOT_KEY, startRequest, World } from '../support/world.js';

const CHUNKED = { 'content-length': '', 'transfer-encoding': 'chunked' };

describe('strangers with idle connections', () => {
  let world: World;
  let sockets: IdleSockets;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());
  afterEach(() => sockets.close());

  /** A start, a message, a webhook, an upload and a health check. */
  async function allGoesOn(): Promise<void> {
    const earlier = world.simulator.webhooks.length;
    const { id, conversationId } = await world.active();
    await world.say(id, 'hello');
    await world.uploaded(id, 'content', 'a.txt', 'text/plain');
    await world.simulator.agent.say(conversationId, 'hi', 'agent-ann');
    await until('the words of the agent', async () =>
      (await world.transcript(id)).some(({ text, author }) => text === 'hi' && author.type === 'agent'),
    );
    expect((await fetch(`${world.gateway.url}/health/live`)).status).toBe(200);
    // Refused ones would come again, once the strangers' time is over.
    const statuses = world.simulator.webhooks.slice(earlier).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([204]));
  }

  it.each([
    ['to an address that is none', 200, begun('POST', '/anything')],
    ['to start handovers, without a key', 200, begun('POST', '/v1/handovers')],
    ['to start handovers, with a wrong key', 64, begun('POST', '/v1/handovers', { authorization: 'Bearer wrong' })],
    ['to start handovers, in chunks', 200, begun('POST', '/v1/handovers', CHUNKED).replace(/\{$/, '1\r\n{\r\n')],
    [
      'to upload, without a key',
      200,
      begun('POST', '/v1/handovers/ho_1/attachments', { 'content-type': 'multipart/form-data; boundary=x' }),
    ],
    ['to a webhook of nobody', 200, begun('POST', '/handover/eightByEight/nobody')],
  ])('are sent away when they come %s', async (_, count, text) => {
    sockets = new IdleSockets(world.gateway.url);
    await sockets.open(count, text);
    await until('all to be sent away', async () => sockets.alive === 0);
    expect(sockets.answers.every((answer) => /^HTTP\/1\.1 (401|404|429) /.test(answer))).toBe(true);
    await allGoesOn();
  });

  it.each([
    ['to the webhook of all', 700, begun('POST', '/handover/eightByEight')],
    ['to the webhook of one', 700, begun('POST', '/handover/eightByEight/support-8x8')],
    ['to the webhook, in chunks', 700, begun('POST', '/handover/eightByEight', CHUNKED).replace(/\{$/, '1\r\n{\r\n')],
    ['to the copilot', 700, begun('POST', '/copilot/session')],
    ['with half of their headers', 200, 'POST /v1/handovers HTTP/1.1\r\nhost: gateway\r\nx-slow: '],
    ['with nothing at all', 200, ''],
  ])('hold up nothing when they come %s', async (_, count, text) => {
    sockets = new IdleSockets(world.gateway.url);
    await sockets.open(count, text);
    await allGoesOn();
  });

  it('with a good key take what is their own, and the refusal says whose it is', async () => {
    sockets = new IdleSockets(world.gateway.url);
    await sockets.open(700, begun('POST', '/v1/handovers', { authorization: `Bearer ${OTHER_BOT_KEY}` }));
    await until('some to be refused', async () => sockets.answers.some((answer) => answer.includes(' 429 ')));
    const [refused] = sockets.answers.filter((answer) => answer.includes(' 429 '));
    expect(refused).toMatch(/retry-after: \d+/i);
    expect(JSON.parse(refused!.slice(refused!.indexOf('{')))).toMatchObject({
      status: 429,
      budget: 'requests',
      owner: 'bot:other-bot',
    });
    await allGoesOn();
  });
});

describe('wrong keys', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const guess = (key: string): Promise<Response> =>
    fetch(`${world.gateway.url}/v1/handovers`, { headers: { authorization: `Bearer ${key}` } });

  it('are refused cheaply when there are many, told in one line, and slow down no good one', async () => {
    const answers = await Promise.all(Array.from({ length: 400 }, (_, index) => guess(`wrong-key-${index}`)));
    const statuses = answers.map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(20);
    const tooMany = answers.find(({ status }) => status === 429)!;
    expect(tooMany.headers.get('retry-after')).not.toBeNull();
    expect(await tooMany.json()).toMatchObject({ status: 429, budget: 'wrong keys' });
    expect((await guess(BOT_KEY)).status).toBe(200);
    await world.api('post', '/v1/handovers').send(startRequest()).expect(201);
    const lines = world.logs.filter((line) => line.includes('wrong API keys'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({ address: '127.0.0.1', level: 'warn' });
    expect(world.logs.join('\n')).not.toContain('wrong-key-');
  });
});
