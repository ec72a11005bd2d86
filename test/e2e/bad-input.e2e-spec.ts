import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World, startRequest } from '../support/world.js';

describe('bad input', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it.each([
    ['not JSON', '{'],
    ['an empty body', ''],
    ['JSON that is no object', '[]'],
    ['text', '"x"'],
    ['null', 'null'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['JSON nested too deep', `{"metadata":${'['.repeat(70)}${']'.repeat(70)}}`],
    ['a hundred thousand brackets', '['.repeat(100_000)],
    ['a NUL character', '{"sessionId":"a\\u0000b","userId":"u"}'],
    ['__proto__', '{"__proto__":{"x":1},"sessionId":"s","userId":"u"}'],
    ['constructor', '{"constructor":{"prototype":{"x":1}},"sessionId":"s","userId":"u"}'],
  ])('refuses %s with 400', async (_, body) => {
    const { status, problem } = await world.raw('POST', '/v1/handovers', body);
    expect([status, problem.status]).toEqual([400, 400]);
    expect(problem.detail.length).toBeGreaterThan(10);
  });

  it('refuses a body over 1 MiB with 413 and one of another type with 415', async () => {
    expect((await world.raw('POST', '/v1/handovers', `{"metadata":"${'x'.repeat(1_048_576)}"}`)).status).toBe(413);
    expect(
      (await world.raw('POST', '/v1/handovers', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status,
    ).toBe(415);
  });

  it('answers unknown routes and impossible addresses with a problem', async () => {
    expect((await world.raw('GET', '/nowhere')).status).toBe(404);
    expect((await world.raw('DELETE', '/v1/handovers')).status).toBe(404);
    expect((await world.raw('GET', '/v1/handovers/%zz')).status).toBe(400);
    expect((await world.raw('GET', '/v1/handovers/a%00b')).status).toBe(400);
    expect((await world.raw('GET', `/v1/handovers/${'x'.repeat(400)}`)).status).toBe(404);
    expect((await world.raw('GET', '/v1/handovers/ho_%F0%9F%99%82')).status).toBe(404);
  });

  it('answers headers that are too large with a problem', async () => {
    expect((await world.raw('GET', '/v1/handovers', undefined, { x: 'x'.repeat(20_000) })).status).toBe(431);
  });

  it('keeps metadata with big numbers and odd keys readable', async () => {
    const body = `{"provider":"support-8x8","sessionId":"odd","userId":"u","metadata":{"n":1e400,"then":{"x":1},"toString":1}}`;
    const { status, problem } = await world.raw('POST', '/v1/handovers', body);
    expect(status).toBe(201);
    await world.api('get', `/v1/handovers/${(problem as unknown as { id: string }).id}`).expect(200);
  });

  it('takes half a surrogate pair, in whatever value or key, and answers with what is kept in its place', async () => {
    const half = `{"\\ud800":"\\udc00","whole":"\\ud83d\\ude42"}`;
    const kept = { '\ufffd': '\ufffd', whole: '🙂' };
    const user = { name: 'Ann \ufffd', properties: kept };
    const start = `{"provider":"support-8x8","sessionId":"half","userId":"u","metadata":${half},"user":{"name":"Ann \\ud800","properties":${half}}}`;
    const started = await world.raw('POST', '/v1/handovers', start);
    expect(started).toMatchObject({ status: 201, problem: { metadata: kept, user } });
    const { id } = started.problem as unknown as { id: string };
    const changed = await world.raw(
      'PATCH',
      `/v1/handovers/${id}`,
      `{"metadata":[${half}],"user":{"properties":${half}}}`,
    );
    expect(changed).toMatchObject({ status: 200, problem: { metadata: [kept] } });
    expect((await world.api('get', `/v1/handovers/${id}`)).body).toMatchObject({ metadata: [kept], user });
    const card = `{"contentType":"application/vnd.microsoft.card.adaptive","content":{"type":"AdaptiveCard","version":"1.3","body":[],"x":${half}}}`;
    const say = () =>
      world.raw('POST', `/v1/handovers/${id}/messages`, `{"text":"cut \\ud83d","cards":[${card}]}`, {
        'idempotency-key': 'half',
      });
    const said = await say();
    expect(said).toMatchObject({ status: 202, problem: { text: 'cut \ufffd', cards: [{ content: { x: kept } }] } });
    expect(await say()).toEqual(said);
  });

  it('refuses a message that says nothing', async () => {
    const id = await world.requestHandover();
    for (const body of [{}, { text: '' }, { text: ' \n\t' }, { author: 'user' }, { cards: [] }]) {
      const { status, problem } = await world.raw('POST', `/v1/handovers/${id}/messages`, JSON.stringify(body));
      expect([body, status, problem.errors?.[0]?.pointer]).toEqual([body, 400, '/text']);
    }
    expect(await world.transcript(id)).toEqual([]);
  });

  it('names the type that a field should have, and nothing within what is of another one', async () => {
    const start = await world.raw(
      'POST',
      '/v1/handovers',
      JSON.stringify(startRequest({ user: null, transcript: {} })),
    );
    expect(start.problem.errors).toEqual([
      { pointer: '/user', detail: 'must be an object' },
      { pointer: '/transcript', detail: 'must be a list' },
    ]);
    const id = await world.requestHandover();
    const change = await world.raw('PATCH', `/v1/handovers/${id}`, '{"user":[],"settings":{"queueId":101}}');
    expect(change.problem.errors).toEqual([
      { pointer: '/user', detail: 'must be an object' },
      { pointer: '/settings/queueId', detail: 'must be a string' },
    ]);
    const blank = await world.raw('PATCH', `/v1/handovers/${id}`, '{"settings":{"queueId":" "}}');
    expect(blank.problem.errors).toEqual([{ pointer: '/settings/queueId', detail: 'must not be blank' }]);
    const say = await world.raw('POST', `/v1/handovers/${id}/messages`, '{"cards":{}}');
    expect(say.problem.errors).toEqual([{ pointer: '/cards', detail: 'must be a list' }]);
  });

  it('refuses headers that make no sense', async () => {
    const id = await world.requestHandover();
    expect((await world.raw('GET', `/v1/handovers/${id}/events`, undefined, { 'last-event-id': 'x' })).status).toBe(
      400,
    );
    expect(
      (await world.raw('POST', '/v1/handovers', JSON.stringify(startRequest()), { 'idempotency-key': 'x'.repeat(256) }))
        .status,
    ).toBe(400);
  });

  it.each([
    ['/settings/channelId', { settings: { channelId: 7 } }],
    ['/settings/nope', { settings: { nope: 1 } }],
    ['/settings/queueId', { settings: { queueId: '' } }],
    ['/provider', { provider: 'nobody' }],
    ['/user/email', { user: { email: 'nonsense' } }],
    [
      '/user/properties',
      { user: { properties: Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`k${index}`, 'v'])) } },
    ],
    ['/user/properties', { user: { properties: { a: 1 } } }],
    ['/transcript/1/text', { transcript: [{ author: 'user', text: 'x' }, { author: 'bot' }] }],
    ['/transcript/0/at', { transcript: [{ author: 'user', text: 'x', at: 'yesterday' }] }],
    ['/transcript/0/author', { transcript: [{ author: 'customer', text: 'x' }] }],
  ])('names %s', async (pointer, over) => {
    const { status, problem } = await world.raw('POST', '/v1/handovers', JSON.stringify(startRequest(over)));
    expect([status, problem.errors?.map((error) => error.pointer)]).toEqual([400, expect.arrayContaining([pointer])]);
  });

  describe('values of a wrong type', () => {
    const WRONG: unknown[] = [
      null,
      true,
      false,
      0,
      -1,
      1.5,
      1e308,
      '',
      'x'.repeat(300),
      '\u202e',
      [],
      [[]],
      [null],
      [1],
      {},
      { a: {} },
      { length: 1 },
      'null',
      '2026-13-45T99:99:99Z',
    ];
    const full = (): Record<string, unknown> => ({
      ...startRequest(),
      user: {
        name: 'n',
        email: 'a@b.example',
        phone: '1',
        company: 'c',
        language: 'en',
        customerId: '1',
        caseId: '1',
        properties: { a: 'b' },
      },
      transcript: [{ author: 'user', text: 't', at: '2026-11-23T10:00:00.000Z' }],
      settings: {
        channelId: 'channel-1',
        queueId: '101',
        jsonProperties: { user: { additionalProperties: [{ key: 'a', value: 'b' }] } },
      },
      metadata: { any: 1 },
    });

    /** Every value in a document, by its path. */
    function paths(value: unknown, path: (string | number)[] = []): (string | number)[][] {
      if (typeof value !== 'object' || value === null) return [path];
      return [
        path,
        ...Object.entries(value).flatMap(([key, item]) =>
          paths(item, [...path, Array.isArray(value) ? Number(key) : key]),
        ),
      ];
    }

    function replaced(document: unknown, path: (string | number)[], value: unknown): unknown {
      if (path.length === 0) return value;
      const [head, ...rest] = path;
      const copy = structuredClone(document) as Record<string | number, unknown>;
      copy[head!] = replaced(copy[head!], rest, value);
      return copy;
    }

    it.each([
      ['POST', '/v1/handovers', full],
      ['PATCH', '/v1/handovers/:id', () => ({ user: full().user, metadata: 1, settings: { queueId: '101' } })],
      [
        'POST',
        '/v1/handovers/:id/messages',
        () => ({ text: 't', author: 'user', cards: [{ contentType: 'a/b', content: { x: 1 } }] }),
      ],
      ['POST', '/v1/handovers/:id/close', () => ({ reason: 'user' })],
    ] as const)('never lead to a 5xx: %s %s', async (method, path, document) => {
      const id = path.includes(':id') ? await world.requestHandover() : '';
      const statuses = new Map<number, number>();
      for (const place of paths(document())) {
        for (const wrong of WRONG) {
          const body = JSON.stringify(replaced({ ...document(), ...(id ? {} : startRequest()) }, place, wrong));
          const { status, problem } = await world.raw(method, path.replace(':id', id), body);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          if (status >= 500) throw new Error(`${status} for ${body}`);
          if (status === 400) expect(problem.detail).not.toBe('');
        }
      }
      expect(statuses.get(400)).toBeGreaterThan(10);
    });
  });
});
