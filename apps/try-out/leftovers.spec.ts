import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closeLeftovers } from './leftovers.js';

let server: Server;

async function gateway(answer: (call: string) => object, status = 200): Promise<[url: string, calls: string[]]> {
  const calls: string[] = [];
  server = createServer((request, response) => {
    const call = `${request.method} ${request.url}`;
    if (request.headers.authorization === 'Bearer k') calls.push(call);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer(call)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [`http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls];
}

afterEach(() => server.close().closeAllConnections());

describe('leftovers of an earlier try-out', () => {
  it('closes every open handover, page by page', async () => {
    const [url, calls] = await gateway((call) => {
      if (call.includes('cursor=n%3D1')) return { data: [{ id: 'ho_2' }], next: null };
      if (call.includes('status=queued')) return { data: [{ id: 'ho_1' }], next: 'n=1' };
      return { data: [], next: null };
    });
    expect(await closeLeftovers(url, 'k')).toBe(2);
    expect(calls).toEqual([
      'GET /v1/handovers?status=requested&limit=200',
      'GET /v1/handovers?status=queued&limit=200',
      'POST /v1/handovers/ho_1/close',
      'GET /v1/handovers?status=queued&limit=200&cursor=n%3D1',
      'POST /v1/handovers/ho_2/close',
      'GET /v1/handovers?status=active&limit=200',
    ]);
  });

  it('says what the gateway refused', async () => {
    const [url] = await gateway(() => ({ detail: 'no such key' }), 401);
    await expect(closeLeftovers(url, 'k')).rejects.toThrow(
      '401 to /v1/handovers?status=requested&limit=200: no such key',
    );
  });
});
