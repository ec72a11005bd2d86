import http from 'node:http';
import net, { type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { World } from '../support/world.js';

const closing: (() => unknown)[] = [];
let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
  await Promise.all(closing.splice(0).map((close) => close()));
});

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** Passes on what comes; `change` may add to what is answered. */
function join(client: Socket, port: number, change: (chunk: Buffer) => Buffer): void {
  const onwards = net.connect(port, '127.0.0.1').on('error', () => client.destroy());
  client.pipe(onwards);
  onwards.on('data', (chunk: Buffer) => client.write(change(chunk))).on('end', () => client.end());
  client.on('close', () => onwards.destroy());
}

const portOf = (url: string): number => Number(new URL(url).port);

describe('a network whose only way out is a proxy', () => {
  it('has the events of callbacks go through it, to names that only the proxy knows', async () => {
    let bot = 0;
    const asked = new Set<string>();
    const proxy = http.createServer();
    proxy.on('connect', ({ url = '' }, socket: Socket) => {
      asked.add(url);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      join(socket, bot, (chunk) => chunk);
    });
    const proxyUrl = `http://127.0.0.1:${await listen(proxy)}`;
    world = await World.start({
      asProcess: true,
      env: { HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl, NO_PROXY: '127.0.0.1' },
      callbacks: ({ url, secret: callbackSecret }) => {
        bot = portOf(url);
        return { 'test-bot': { callbackUrl: 'http://bot.invalid/events', callbackSecret }, 'other-bot': {} };
      },
    });
    const { id, conversationId } = await world.active();
    await world.simulator.agent.say(conversationId, 'through the proxy', 'agent-ann');
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['through the proxy']);
    expect([...asked]).toEqual(['bot.invalid:80']);
  });
});

describe('servers that say 100 Continue without being asked', () => {
  /** Stands in front of one, and says it before each answer. */
  async function front(target: () => number): Promise<string> {
    const server = net.createServer((client) =>
      join(client, target(), (chunk) =>
        chunk.toString('latin1', 0, 9) === 'HTTP/1.1 '
          ? Buffer.concat([Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'), chunk])
          : chunk,
      ),
    );
    return `http://127.0.0.1:${await listen(server)}`;
  }

  it('are understood: the contact centre is called once, and a callback hears each event once', async () => {
    let bot = 0;
    const [baseUrl, botUrl] = [await front(() => portOf(world!.simulator.url)), await front(() => bot)];
    world = await World.start({
      settings: { baseUrl },
      callbacks: ({ url, secret: callbackSecret }) => {
        bot = portOf(url);
        return { 'test-bot': { callbackUrl: `${botUrl}/events`, callbackSecret }, 'other-bot': {} };
      },
    });
    const { id, conversationId } = await world.active();
    await world.say(id, 'hello');
    await world.delivered(id);
    await world.bot.event(id, 'handover.active');
    expect(world.userTexts(conversationId)).toEqual(['hello']);
    expect(world.simulator.conversations()).toHaveLength(1);
    const ids = world.bot.deliveries.filter(({ event }) => event.data.handoverId === id).map(({ id: key }) => key);
    expect(ids).toEqual([...new Set(ids)]);
  });
});
