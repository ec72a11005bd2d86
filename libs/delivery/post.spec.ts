import http, { type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { post } from './post.js';

describe('a callback', () => {
  let agent: Agent;
  let server: Server;
  beforeEach(() => {
    agent = new Agent();
  });
  afterEach(async () => {
    await agent.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function serve(listener: RequestListener): Promise<URL> {
    server = http.createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events?bot=a`);
  }

  it('gets the body and tells its status and headers', async () => {
    const seen: string[] = [];
    const url = await serve((request, response) => {
      request.setEncoding('utf8').on('data', (part: string) => seen.push(part));
      request.on('end', () => response.writeHead(503, { 'Retry-After': '7' }).end('busy'));
      seen.push(`${request.method} ${request.url} ${request.headers['x-one']}`);
    });
    expect(await post(agent, url, { 'x-one': '1' }, 'grüße 🙂', 1_000)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '7' },
    });
    expect(seen).toEqual(['POST /events?bot=a 1', 'grüße 🙂']);
  });

  it.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    [
      'never comes to the end of its answer',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100' });
        const timer = setInterval(() => response.write('x'), 20);
        response.once('close', () => clearInterval(timer));
      },
    ],
  ])('that %s is given up in time', async (_, listener) => {
    const url = await serve(listener);
    await expect(post(agent, url, {}, '', 100)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('that answers without end has answered', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200);
      const write = (): void =>
        void (response.destroyed || (response.write('x'.repeat(65_536)) && setImmediate(write)));
      response.on('drain', write);
      write();
    });
    expect(await post(agent, url, {}, '', 5_000)).toMatchObject({ status: 200 });
  });

  it('that breaks the connection has not', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(post(agent, url, {}, '', 1_000)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });
});
