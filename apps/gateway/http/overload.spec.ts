import { afterEach, describe, expect, it } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { refuseOverload } from './overload.js';

describe('under overload', () => {
  let server: FastifyInstance;
  afterEach(() => server.close());

  async function start(limits: { requests: number; bytes: number }): Promise<{ url: string; release(): void }> {
    server = Fastify();
    const waiting: (() => void)[] = [];
    refuseOverload(server, limits);
    server.post('/work', () => new Promise((resolve) => waiting.push(() => resolve({ done: true }))));
    server.get('/health/live', async () => ({ status: 'ok' }));
    const url = await server.listen();
    return { url, release: () => waiting.splice(0).forEach((answer) => answer()) };
  }
  const post = (url: string, text: string) =>
    fetch(`${url}/work`, {
      method: 'POST',
      body: JSON.stringify(text),
      headers: { 'content-type': 'application/json' },
    });

  async function filled(url: string, text: string): Promise<Response> {
    for (;;) {
      const answer = await Promise.race([
        post(url, text),
        new Promise<null>((resolve) => setTimeout(resolve, 20, null)),
      ]);
      if (answer) return answer;
    }
  }

  it.each([
    ['too many requests', { requests: 3, bytes: 1_000_000 }, 'x'],
    ['too large bodies', { requests: 1_000, bytes: 3_000 }, 'x'.repeat(900)],
  ])('%s are refused with 503 and when to come again, and what was accepted is finished', async (_, limits, text) => {
    const { url, release } = await start(limits);
    const accepted = [post(url, text), post(url, text), post(url, text)];
    const refused = await filled(url, text);
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ status: 503 });
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    release();
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200]);
    const later = post(url, text);
    const timer = setInterval(release, 5);
    expect((await later).status).toBe(200);
    clearInterval(timer);
  });
});
