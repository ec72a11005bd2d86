import http, { type Server } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { OTHER_BOT_KEY, startRequest, World } from '../support/world.js';

describe('one that does not work slows nobody else', () => {
  let dead: Server;
  let world: World;
  const reached = new Set<string>();
  let givenUp = 0;
  beforeAll(async () => {
    // Takes every event and never answers.
    dead = http.createServer((request, response) => {
      reached.add(String(request.headers['webhook-id']));
      response.once('close', () => givenUp++);
    });
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
    world = await World.start({
      callbacks: ({ url, secret }) => ({
        'test-bot': {
          callbackUrl: `http://127.0.0.1:${(dead.address() as AddressInfo).port}/`,
          callbackSecret: secret,
        },
        'other-bot': { callbackUrl: url, callbackSecret: secret },
      }),
    });
  });
  afterAll(async () => {
    await world.stop();
    dead.closeAllConnections();
    await new Promise((resolve) => dead.close(resolve));
  });

  it("another bot's events arrive while a dead callback has more handovers than it may hold calls", async () => {
    await Promise.all(Array.from({ length: 60 }, () => world.requestHandover()));
    await until('the dead callback to be busy', () => reached.size >= 20);
    const started = await world.api('post', '/v1/handovers', OTHER_BOT_KEY).send(startRequest()).expect(201);
    const { id } = started.body as { id: string };
    await world.bot.event(id, 'handover.queued');
    expect(givenUp).toBe(0);
    expect(reached.size).toBeLessThanOrEqual(32);
  });

  it('a stop is not kept waiting by a connection on which nothing comes', async () => {
    const { port } = new URL(world.gateway.url);
    const silent = net.connect(Number(port), '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const closed = new Promise((resolve) => silent.once('close', resolve));
    const begun = Date.now();
    await world.stopGateway();
    expect(Date.now() - begun).toBeLessThan(10_000);
    await closed;
    await world.startGateway();
  });
});
