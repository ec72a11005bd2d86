import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, BOT_KEY, OTHER_BOT_KEY, World, type Problem, startRequest } from '../support/world.js';

describe('the REST API', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  describe('keys', () => {
    it.each([
      ['none', {}],
      ['another scheme', { authorization: 'Basic abc' }],
      ['an unknown key', { authorization: 'Bearer nobody' }],
      ['an empty key', { authorization: 'Bearer ' }],
    ])('refuses %s with 401', async (_, headers) => {
      for (const path of ['/v1/handovers', '/v1/handovers/ho_x', '/v1/provider-types']) {
        const answer = await fetch(world.gateway.url + path, { headers });
        expect(answer.status).toBe(401);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
        expect(await answer.json()).toMatchObject({ status: 401, title: 'Unauthorized' });
      }
    });

    it('lets two bots have the same session and hides each from the other', async () => {
      const id = await world.requestHandover({ sessionId: 'shared' });
      const other = await world
        .api('post', '/v1/handovers', OTHER_BOT_KEY)
        .send(startRequest({ sessionId: 'shared' }))
        .expect(201);
      const otherId = (other.body as { id: string }).id;
      const calls: [method: 'get' | 'post' | 'patch', path: string, body?: object][] = [
        ['get', ''],
        ['get', '/messages'],
        ['get', '/events'],
        ['post', '/messages', { text: 'x' }],
        ['post', '/close', {}],
        ['patch', '', { metadata: 1 }],
      ];
      for (const [method, path, body] of calls) {
        const call = world.api(method, `/v1/handovers/${otherId}${path}`);
        expect([path, (await (body ? call.send(body) : call)).status]).toEqual([path, 404]);
      }
      const mine = await world.api('get', '/v1/handovers?sessionId=shared').expect(200);
      expect((mine.body as { data: { id: string }[] }).data.map((one) => one.id)).toEqual([id]);
    });

    it('lets the admin key read and close every handover, and start none', async () => {
      const id = await world.requestHandover();
      await world.api('get', `/v1/handovers/${id}`, ADMIN_KEY).expect(200);
      const all = await world.api('get', '/v1/handovers?limit=200', ADMIN_KEY).expect(200);
      expect((all.body as { data: { id: string }[] }).data.map((one) => one.id)).toContain(id);
      await world.api('post', '/v1/handovers', ADMIN_KEY).send(startRequest()).expect(403);
      await world.api('post', `/v1/handovers/${id}/messages`, ADMIN_KEY).send({ text: 'x' }).expect(403);
      await world.api('post', `/v1/handovers/${id}/close`, ADMIN_KEY).expect(202);
      expect(await world.status(id, 'cancelled')).toMatchObject({ endReason: 'operator' });
    });

    it('serves health and the reference without a key', async () => {
      expect((await world.raw('GET', '/health/live', undefined, { authorization: '' })).status).toBe(200);
      expect((await world.raw('GET', '/health/ready', undefined, { authorization: '' })).status).toBe(200);
      const reference = (await (await fetch(`${world.gateway.url}/openapi.json`)).json()) as { paths: object };
      expect(Object.keys(reference.paths)).toEqual(
        expect.arrayContaining([
          '/v1/handovers',
          '/v1/handovers/{id}',
          '/v1/handovers/{id}/messages',
          '/v1/handovers/{id}/events',
          '/v1/deliveries',
          '/v1/deliveries/{id}/retry',
          '/v1/inbox',
          '/v1/inbox/{id}',
          '/v1/inbox/{id}/replay',
          '/v1/inbox/replay',
          '/v1/provider-types',
          '/v1/providers',
          '/v1/providers/{name}',
          '/v1/providers/{name}/test',
          '/health/ready',
        ]),
      );
      const docs = await fetch(`${world.gateway.url}/docs`);
      expect([docs.status, await docs.text()]).toEqual([200, expect.stringContaining('Handover gateway')]);
    });
  });

  it('has a reference that names every answer and refers to nothing that is not there', async () => {
    type Reference = { paths: Record<string, Record<string, { responses: object }>>; components: { schemas: object } };
    const reference = (await (await fetch(`${world.gateway.url}/openapi.json`)).json()) as Reference;
    const targets = JSON.stringify(reference).match(/#\/components\/schemas\/[^"]*/g)!;
    const known = Object.keys(reference.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect(known).toEqual(expect.arrayContaining(targets));
    for (const [path, calls] of Object.entries(reference.paths)) {
      if (!/^\/v1\/(handovers|deliveries|inbox|providers\/|providers$)/.test(path)) continue;
      for (const [method, { responses }] of Object.entries(calls))
        expect([
          path,
          method,
          Object.entries(responses).every(([status, answer]) => status === '204' || 'content' in (answer as object)),
        ]).toEqual([path, method, true]);
    }
  });

  it('publishes the provider types as JSON Schema with secrets marked', async () => {
    const answer = await world.api('get', '/v1/provider-types').expect(200);
    const types = (
      answer.body as { data: { type: string; settings: { properties: Record<string, object>; required: string[] } }[] }
    ).data;
    const type = types.find((one) => one.type === 'eightByEight');
    expect(types.map((one) => one.type)).toContain('chatwoot');
    expect(type!.settings.required).toContain('apiKey');
    expect(type!.settings.properties.apiKey).toMatchObject({ type: 'string', writeOnly: true });
    expect(JSON.stringify(answer.body)).not.toContain(world.simulator.apiKey);
  });

  describe('idempotency keys', () => {
    const start = (body: object, key: string, as = BOT_KEY): ReturnType<World['api']> =>
      world.api('post', '/v1/handovers', as).set('idempotency-key', key).send(body);

    it('give the same answer to the same request and do nothing twice', async () => {
      const body = startRequest();
      const first = await start(body, 'k-1').expect(201);
      const second = await start(body, 'k-1').expect(201);
      expect(second.body).toEqual(first.body);
      const list = await world.api('get', `/v1/handovers?sessionId=${(body as { sessionId: string }).sessionId}`);
      expect((list.body as { data: object[] }).data).toHaveLength(1);
    });

    it('refuse another request under the same key, and are each bot’s own', async () => {
      const body = startRequest();
      await start(body, 'k-2').expect(201);
      await start({ ...body, userId: 'another' }, 'k-2').expect(422);
      await start({ ...body, userId: 'another' }, 'k-2', OTHER_BOT_KEY).expect(201);
    });

    it('let one of many requests at the same moment run', async () => {
      const body = startRequest();
      const answers = await Promise.all(Array.from({ length: 12 }, () => start(body, 'k-3')));
      const ids = answers.filter(({ status }) => status === 201).map((answer) => (answer.body as { id: string }).id);
      expect(new Set(ids).size).toBe(1);
      expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
    });

    it('refuse all of many requests at the same moment whose session is taken, and name no handover that is not there', async () => {
      const body = startRequest();
      const open = (await start(body, 'k-5').expect(201)).body as { id: string };
      for (const key of ['k-6', 'k-7', 'k-8']) {
        const answers = await Promise.all(Array.from({ length: 8 }, () => start(body, key)));
        expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(409));
        for (const answer of answers) expect(answer.body).toMatchObject({ handoverId: open.id });
      }
    });

    it('give many requests at the same moment the one message that there is', async () => {
      const id = await world.requestHandover();
      const said: string[] = [];
      for (let n = 0; n < 6; n++) {
        const post = () =>
          world
            .api('post', `/v1/handovers/${id}/messages`)
            .set('idempotency-key', `m-${n}`)
            .send({ text: `${n}` });
        const answers = await Promise.all(Array.from({ length: 8 }, post));
        expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(202));
        const ids = new Set(answers.map((answer) => (answer.body as { id: string }).id));
        expect(ids.size).toBe(1);
        said.push(...ids);
      }
      expect(await world.transcript(id)).toMatchObject(said.map((one) => ({ id: one })));
      expect(said).toHaveLength(6);
    });

    it('are not used up by a request that was refused', async () => {
      await start(startRequest({ userId: '' }), 'k-4').expect(400);
      await start(startRequest(), 'k-4').expect(201);
    });

    it('send a message once, and are each handover’s own', async () => {
      const [one, two] = [await world.requestHandover(), await world.requestHandover()];
      const post = (id: string): ReturnType<World['api']> =>
        world.api('post', `/v1/handovers/${id}/messages`).set('idempotency-key', 'm-1').send({ text: 'once' });
      const first = await post(one).expect(202);
      expect((await post(one).expect(202)).body).toEqual(first.body);
      expect(first.body).toMatchObject({ status: 'pending', sequence: 1 });
      await post(two).expect(202);
      expect(await world.transcript(one)).toHaveLength(1);
    });

    it('let one of two starts of a session at the same moment win, and name it to the other', async () => {
      const body = startRequest();
      const answers = await Promise.all(Array.from({ length: 8 }, () => world.api('post', '/v1/handovers').send(body)));
      const created = answers.filter(({ status }) => status === 201);
      expect(created).toHaveLength(1);
      for (const { status, body: problem } of answers.filter((answer) => answer !== created[0])) {
        expect([status, (problem as Problem).handoverId]).toEqual([409, (created[0]!.body as { id: string }).id]);
      }
    });
  });

  describe('lists', () => {
    it('page through handovers, newest first, each once', async () => {
      const ids: string[] = [];
      for (let count = 0; count < 5; count++) ids.push(await world.requestHandover({ userId: 'paged' }));
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const page: { body: unknown } = await world
          .api('get', `/v1/handovers?userId=paged&limit=2${cursor ? `&cursor=${cursor}` : ''}`)
          .expect(200);
        const { data, next } = page.body as { data: { id: string }[]; next: string | null };
        seen.push(...data.map(({ id }) => id));
        cursor = next;
      }
      expect(seen).toEqual(ids.reverse());
    });

    it('filter by status and provider', async () => {
      const id = await world.requestHandover({ sessionId: 'filtered' });
      await world.status(id, 'queued');
      const find = async (filter: string): Promise<number> =>
        ((await world.api('get', `/v1/handovers?sessionId=filtered&${filter}`).expect(200)).body as { data: [] }).data
          .length;
      expect([
        await find('status=queued'),
        await find('status=active'),
        await find('provider=support-8x8'),
        await find('provider=x'),
      ]).toEqual([1, 0, 1, 0]);
    });

    it.each([
      'limit=0',
      'limit=201',
      'limit=x',
      'status=nope',
      'unknown=1',
      'limit=1&limit=2',
      'cursor=',
      'cursor=zzz',
      'cursor=ho_x',
    ])('refuse ?%s', async (query) => {
      expect((await world.raw('GET', `/v1/handovers?${query}`)).status).toBe(400);
    });
  });
});
