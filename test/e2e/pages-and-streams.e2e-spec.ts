import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { BOT_KEY, World } from '../support/world.js';

const CARD_BYTES = 400_000;
const card = (): object => ({
  contentType: 'application/vnd.example.large',
  content: { text: 'x'.repeat(CARD_BYTES) },
});

describe('pages of large rows', () => {
  let world: World;
  let id: string;
  beforeAll(async () => {
    world = await World.start();
    id = await world.requestHandover();
    for (let index = 0; index < 8; index++)
      await world
        .api('post', `/v1/handovers/${id}/messages`)
        .send({ text: `m${index}`, cards: [card()] })
        .expect(202);
  });
  afterAll(() => world.stop());

  it('end at bytes as well as at the limit, and `next` goes on without a gap', async () => {
    const texts: string[] = [];
    let pages = 0;
    for (let cursor: string | null = '0'; cursor !== null; pages++) {
      const answer = await world.api('get', `/v1/handovers/${id}/messages?limit=200&cursor=${cursor}`).expect(200);
      const body = answer.body as { data: { text: string }[]; next: string | null };
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThan(2 * 1_048_576);
      texts.push(...body.data.map(({ text }) => text));
      cursor = body.next;
    }
    expect(texts).toEqual(['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7']);
    expect(pages).toBe(4);
  });

  it('do so in lists of handovers', async () => {
    for (let index = 0; index < 4; index++)
      await world.requestHandover({ userId: 'u-large', metadata: { text: 'x'.repeat(CARD_BYTES) } });
    const answer = await world.api('get', '/v1/handovers?userId=u-large').expect(200);
    const first = answer.body as { data: { id: string }[]; next: string };
    expect(first.data).toHaveLength(2);
    const second = await world.api('get', `/v1/handovers?userId=u-large&cursor=${first.next}`).expect(200);
    expect((second.body as { data: unknown[]; next: null }).data).toHaveLength(2);
    expect((second.body as { next: null }).next).toBeNull();
  });
});

describe('event streams', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it('cost the database nothing while nothing happens, and tell at once what does', async () => {
    const { id, conversationId } = await world.active();
    const stop = new AbortController();
    const texts: string[] = [];
    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const answer = await fetch(`${world.gateway.url}/v1/handovers/${id}/events`, {
          headers: { authorization: `Bearer ${BOT_KEY}` },
          signal: stop.signal,
        });
        expect(answer.status).toBe(200);
        texts[index] = '';
        void (async () => {
          for await (const chunk of answer.body!) texts[index] += Buffer.from(chunk).toString();
        })().catch(() => undefined);
      }),
    );
    await until('all to be up to date', async () => texts.every((text) => text.includes('event: handover.active')));
    await world.simulator.agent.say(conversationId, 'to all streams', 'agent-ann');
    await until('all to hear it', async () => texts.every((text) => text.includes('to all streams')));
    stop.abort();
  });

  it('with an empty Last-Event-ID begin at the first event', async () => {
    const { id } = await world.active();
    const stop = new AbortController();
    const answer = await fetch(`${world.gateway.url}/v1/handovers/${id}/events`, {
      headers: { authorization: `Bearer ${BOT_KEY}`, 'last-event-id': '', accept: 'text/event-stream' },
      signal: stop.signal,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    stop.abort();
  });
});

describe('what odd clients send', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it.each(['2026-11-23T10:00:00,5Z', '9999-12-31T23:59:59-12:00', '2016-12-31T23:59:60Z', '0001-01-01T00:00:00Z'])(
    'a time %s is a 400',
    async (at) => {
      const body = { sessionId: 's', userId: 'u', transcript: [{ author: 'user', text: 't', at }] };
      const answer = await world.api('post', '/v1/handovers').send(body).expect(400);
      expect((answer.body as { errors: { pointer: string }[] }).errors[0]!.pointer).toBe('/transcript/0/at');
    },
  );

  it.each([
    '/handover/eightByEight/support-8x8/',
    '//handover/eightByEight/support-8x8',
    '/handover//eightByEight//support-8x8//',
    '/handover/eightByEight/',
  ])('a webhook at %s is one', async (path) => {
    const answer = await fetch(world.gateway.url + path, { method: 'POST', body: '{}' });
    expect(answer.status).toBe(401);
  });

  it('an empty Idempotency-Key is none', async () => {
    const id = await world.requestHandover();
    await world.api('post', `/v1/handovers/${id}/messages`).set('idempotency-key', '').send({ text: 'a' }).expect(202);
  });

  it('a file named as .NET does has its name', async () => {
    const id = await world.requestHandover();
    const name = `=?utf-8?B?${Buffer.from('Übersicht.txt').toString('base64')}?=`;
    const form = [
      '--x',
      `Content-Disposition: form-data; name="file"; filename="${name}"; filename*=utf-8''%C3%9Cbersicht.txt`,
      'Content-Type: text/plain',
      '',
      'content',
      '--x--',
      '',
    ].join('\r\n');
    const headers = { authorization: `Bearer ${BOT_KEY}`, 'content-type': 'multipart/form-data; boundary=x' };
    const path = `/v1/handovers/${id}/attachments`;
    const answer = await fetch(world.gateway.url + path, { method: 'POST', body: form, headers });
    expect(await answer.json()).toMatchObject({ filename: 'Übersicht.txt' });
  });

  it('answers are for their caller alone, and the reference cannot be framed', async () => {
    const list = await world.api('get', '/v1/handovers').expect(200);
    expect(list.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    const docs = await fetch(`${world.gateway.url}/docs`);
    expect(docs.status).toBe(200);
    expect(docs.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });
});
