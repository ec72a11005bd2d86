import { Readable } from 'node:stream';
import net, { type AddressInfo } from 'node:net';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProviderError } from '#contract';
import { quickTransport, VendorServer } from './testing/vendor-server.js';
import type { Transport, TransportLimits } from './transport.js';
import { VendorApi } from './vendor-api.js';

const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn() };
let vendor: VendorServer;

beforeAll(async () => {
  vendor = await VendorServer.start();
});
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.calls.length = 0;
  log.warn.mockClear();
});

function clientOver(transport: Transport, baseUrl: string) {
  return new VendorApi(transport, { vendor: 'Vendor', baseUrl, headers: {}, secrets: [], now: () => 0, log });
}
const clientAt = (baseUrl: string, limits: Partial<TransportLimits> = {}) =>
  clientOver(quickTransport(limits), baseUrl);
const send = (client: VendorApi) => client.call('POST', '/messages', { text: 'Hi' });

async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const outcome = await call.then(
    () => null,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ProviderError);
  return outcome as ProviderError;
}

describe('an id that leads to another place', () => {
  it.each(['.', '..'])('is known to nobody, and nobody is asked: %s', async (id) => {
    const api = clientAt(vendor.url);
    const path = `/chats/${encodeURIComponent(id)}`;
    const file = { filename: 'a', contentType: 'text/plain', size: 1, author: 'user' as const };
    for (const call of [
      api.call('POST', `${path}/messages?x=1`, { text: 'Hi' }),
      api.json('GET', path),
      api.upload(`${path}/files`, { ...file, content: () => Readable.from([Buffer.from('a')]) }, 'file'),
      api.download(`${path}/content`, AbortSignal.timeout(1_000)),
    ])
      expect(await failureOf(call)).toMatchObject({ code: 'not_found', retry: 'never' });
    expect(vendor.calls).toEqual([]);
  });

  it.each(['...', '.a', 'a..b', '%2e%2e', '../x'])('is none of these: %s', async (id) => {
    vendor.answer(200, {});
    await clientAt(vendor.url).json('GET', `/chats/${encodeURIComponent(id)}`);
    expect(vendor.calls).toMatchObject([{ path: `/chats/${encodeURIComponent(id)}` }]);
  });
});

describe('a call that is not answered', () => {
  const servers: net.Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  async function rawServer(onConnection: (socket: net.Socket) => void): Promise<string> {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  async function unusedPort(): Promise<string> {
    const url = await rawServer(() => undefined);
    await new Promise((resolve) => servers.pop()!.close(resolve));
    return url;
  }

  it('is certainly not done when the connection is refused', async () => {
    expect(await failureOf(send(clientAt(await unusedPort())))).toMatchObject({ code: 'unreachable', retry: 'safe' });
    expect(log.warn.mock.calls[0]![0]).toMatchObject({ status: null, code: 'ECONNREFUSED' });
  });

  it('is certainly not done when the name does not exist', async () => {
    expect(await failureOf(send(clientAt('http://nowhere.invalid')))).toMatchObject({ code: 'unreachable' });
  });

  it('is certainly not done when TLS fails', async () => {
    const url = await rawServer((socket) => socket.end('this is not TLS\r\n\r\n'));
    expect(await failureOf(send(clientAt(url.replace('http', 'https'))))).toMatchObject({ code: 'unreachable' });
  });

  it('is certainly not done when the connection never comes to stand', async () => {
    const url = await rawServer(() => undefined);
    const client = clientAt(url.replace('http', 'https'), { connectTimeoutMs: 50 });
    expect(await failureOf(send(client))).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('TIMEOUT'),
    });
  });

  it('may be done when the answer takes too long', async () => {
    vendor.on(() => undefined);
    expect(await failureOf(send(clientAt(vendor.url, { responseTimeoutMs: 50 })))).toMatchObject({
      code: 'unknown_outcome',
    });
    expect(vendor.calls).toHaveLength(1);
  });

  it('may be done when the answer stops in the middle', async () => {
    vendor.on((_call, response) => {
      response.writeHead(202, { 'content-length': '100' });
      response.write('{"conv');
    });
    const client = clientAt(vendor.url, { responseTimeoutMs: 100 });
    expect(await failureOf(send(client))).toMatchObject({ code: 'unknown_outcome' });
  });

  it('may be done when the connection breaks after the request', async () => {
    vendor.on((_call, _response, request) => request.socket.resetAndDestroy());
    expect(await failureOf(send(clientAt(vendor.url)))).toMatchObject({
      code: 'unknown_outcome',
      retry: 'after_readback',
    });
  });

  it('may be done when the connection breaks in the middle of the answer', async () => {
    const url = await rawServer((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 202 Acc', () => socket.resetAndDestroy())),
    );
    expect(await failureOf(send(clientAt(url)))).toMatchObject({ code: 'unknown_outcome' });
  });

  it('may be done when the server has meanwhile closed a connection kept alive', async () => {
    const url = await rawServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n');
        socket.once('data', () => socket.resetAndDestroy());
      });
    });
    const client = clientOver(quickTransport({}, { connections: 1 }), url);
    await send(client);
    expect(await failureOf(send(client))).toMatchObject({ code: 'unknown_outcome' });
  });

  it('may be done when the answer is no HTTP', async () => {
    const url = await rawServer((socket) => socket.once('data', () => socket.end('hello')));
    expect(await failureOf(send(clientAt(url)))).toMatchObject({ code: 'unknown_outcome' });
  });

  it('may be done when the answer is larger than can be read', async () => {
    vendor.answer(202, 'x'.repeat(200_000));
    expect(await failureOf(send(clientAt(vendor.url)))).toMatchObject({ code: 'unknown_outcome' });
  });

  it('may be done when the connection breaks after TLS stands, and not before', async () => {
    const psk = Buffer.from('00112233', 'hex');
    const server = tls.createServer({ ciphers: 'PSK', maxVersion: 'TLSv1.2', pskCallback: () => psk }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.destroy());
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const over = (pskCallback: () => { psk: Buffer; identity: string }) => {
      const connect = {
        ciphers: 'PSK',
        maxVersion: 'TLSv1.2' as const,
        pskCallback,
        checkServerIdentity: () => undefined,
      };
      return clientOver(quickTransport({}, { connect }), url);
    };
    const rightKey = over(() => ({ psk, identity: 'gateway' }));
    const wrongKey = over(() => ({ psk: Buffer.from('ff', 'hex'), identity: 'gateway' }));
    expect(await failureOf(send(rightKey))).toMatchObject({ code: 'unknown_outcome' });
    expect(await failureOf(send(wrongKey))).toMatchObject({ code: 'unreachable' });
  });
});
