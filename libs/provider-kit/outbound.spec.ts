import http from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { request, type Dispatcher } from 'undici';
import { outbound } from './outbound.js';

const VARIABLES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy'];
const before = Object.fromEntries(VARIABLES.map((name) => [name, process.env[name]]));
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const name of VARIABLES) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await Promise.all(closing.splice(0).map((close) => close()));
});

function wayOut(environment: Record<string, string> = {}): Dispatcher {
  for (const name of VARIABLES) delete process.env[name];
  Object.assign(process.env, environment);
  const dispatcher = outbound({ connect: { timeout: 2_000 }, connections: 4 });
  closing.push(() => dispatcher.destroy());
  return dispatcher;
}

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket.on('error', () => undefined)));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

describe('a way out through a proxy', () => {
  /** A proxy that brings everything to one port, whatever the name, and notes what was asked of it. */
  async function proxy(): Promise<{ url: string; asked: string[]; port: number }> {
    const target = await listen(http.createServer((_, response) => response.end('there')));
    const asked: string[] = [];
    const server = http.createServer();
    server.on('connect', ({ url = '' }, socket: Socket) => {
      asked.push(url);
      const onwards = net.connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onwards.pipe(socket).pipe(onwards);
      });
      onwards.on('error', () => undefined);
      socket.on('error', () => undefined).on('close', () => onwards.destroy());
    });
    return { url: `http://127.0.0.1:${await listen(server)}`, asked, port: target };
  }

  it('takes names that only the proxy knows', async () => {
    const { url, asked } = await proxy();
    const { body } = await request('http://bot.invalid/events', { dispatcher: wayOut({ HTTP_PROXY: url }) });
    expect([await body.text(), asked]).toEqual(['there', ['bot.invalid:80']]);
  });

  it.each(['127.0.0.0/8', '10.0.0.0/8, 127.0.0.1/32', '::1/128 127.0.0.0/16', '127.0.0.1', '*'])(
    'is not taken to what NO_PROXY names: %s',
    async (list) => {
      const { url, asked, port } = await proxy();
      const dispatcher = wayOut({ HTTP_PROXY: url, NO_PROXY: list });
      const { body } = await request(`http://127.0.0.1:${port}/`, { dispatcher });
      expect([await body.text(), asked]).toEqual(['there', []]);
    },
  );

  it.each(['10.0.0.0/8', 'fd00::/8', '127.0.0.0/33', 'nonsense/8', ''])(
    'is taken to what NO_PROXY does not name: %j',
    async (list) => {
      const { url, asked, port } = await proxy();
      const dispatcher = wayOut({ http_proxy: url, no_proxy: list });
      await (await request(`http://127.0.0.1:${port}/`, { dispatcher })).body.dump();
      expect(asked).toEqual([`127.0.0.1:${port}`]);
    },
  );
});

describe('informational answers', () => {
  const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

  /** Answers each request with these pieces, each by itself. */
  async function server(pieces: string[]): Promise<string> {
    const port = await listen(
      net.createServer((socket) => {
        socket.setNoDelay(true).on('data', () => void send(socket, pieces));
      }),
    );
    return `http://127.0.0.1:${port}/`;
  }
  async function send(socket: Socket, pieces: string[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise((resolve) => socket.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it.each([
    ['one', [CONTINUE, ANSWER]],
    ['one, with the answer', [CONTINUE + ANSWER]],
    ['one with headers', ['HTTP/1.1 100 Continue\r\nserver: a\r\n\r\n', ANSWER]],
    ['several', [CONTINUE, CONTINUE, 'HTTP/1.1 102 Processing\r\n\r\n', CONTINUE, ANSWER]],
    ['hints', ['HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n', ANSWER]],
    ['hints and another one at once', [`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${CONTINUE}${ANSWER}`]],
    ['one without a reason', ['HTTP/1.1 100 \r\n\r\n', ANSWER]],
    [
      'one in pieces',
      ['HTT', 'P/1.1 1', '00 Cont', 'inue\r\n', '\r\nHTTP/1.', '1 200 OK\r\ncontent-length: 2\r\n\r\nok'],
    ],
    ['none', ['H', ANSWER.slice(1)]],
  ])('are read over: %s', async (_, pieces) => {
    const [url, dispatcher] = [await server(pieces), wayOut()];
    for (const call of [1, 2, 3]) {
      const { statusCode, body } = await request(url, { method: 'POST', body: `call ${call}`, dispatcher });
      expect([statusCode, await body.text()]).toEqual([200, 'ok']);
    }
  });

  it('are nothing but text in a body', async () => {
    const url = await server([`HTTP/1.1 200 OK\r\ncontent-length: ${CONTINUE.length}\r\n\r\n`, CONTINUE]);
    const { body } = await request(url, { dispatcher: wayOut() });
    expect(await body.text()).toBe(CONTINUE);
  });

  it('without an end are none', async () => {
    const url = await server(['HTTP/1.1 100 Continue\r\n', 'x'.repeat(70_000)]);
    await expect(request(url, { dispatcher: wayOut() })).rejects.toThrow();
  });
});
