import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refuseMalformed } from './malformed-request.js';

describe('a request that never becomes one', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer({ requestTimeout: 100, headersTimeout: 50, connectionsCheckingInterval: 20 });
    server.on('request', (request) => request.resume());
    server.on('clientError', (error, socket) => refuseMalformed(error, socket as Socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => void server.close());

  it.each([
    ['is no HTTP', 'HELLO\r\n\r\n', 400, 'HTTP/1.1'],
    ['has a method that does not exist', 'GRAB / HTTP/1.1\r\nhost: x\r\n\r\n', 400, 'HTTP/1.1'],
    ['has too many headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431, '16 KiB'],
    ['does not come in time', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf', 408, 'two minutes'],
  ])('%s: a problem says so, and the connection ends', async (_, request, status, detail) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(request);
    const [head, body] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).toContain('content-type: application/problem+json');
    expect(head).toContain(`content-length: ${Buffer.byteLength(body!)}`);
    expect(JSON.parse(body!)).toMatchObject({ type: 'about:blank', status, detail: expect.stringContaining(detail) });
  });
});
