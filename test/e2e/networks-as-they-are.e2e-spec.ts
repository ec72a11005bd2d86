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

const unchanged = (chunk: Buffer): Buffer => chunk;

/** Passes on what comes, and what is answered; both may be changed. */
function join(client: Socket, port: number, change = unchanged, changeAsked = unchanged): void {
  const onwards = net.connect(port, '127.0.0.1').on('error', () => client.destroy());
  client.on('data', (chunk: Buffer) => onwards.write(changeAsked(chunk))).on('end', () => onwards.end());
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
      join(socket, bot);
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

describe('a proxy that asks with whole addresses, as RFC 9112 lets it', () => {
  it('brings a signed webhook like any other', async () => {
    const whole = (chunk: Buffer): Buffer =>
      Buffer.from(chunk.toString('latin1').replace(/^POST \//, 'POST http://gw.example.com/'), 'latin1');
    const proxy = net.createServer((client) => join(client, portOf(world!.gateway.url), unchanged, whole));
    const url = `http://127.0.0.1:${await listen(proxy)}/handover/eightByEight/support-8x8`;
    world = await World.start();
    const { id, conversationId } = await world.active();
    const data = { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text: 'by a whole address' };
    const event = { eventType: 'MESSAGE', conversationId, timestamp: Date.now(), data };
    expect(await world.simulator.emit(event, { url, tenant: 'acme01' })).toEqual({ status: 204 });
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['by a whole address']);
  });
});
