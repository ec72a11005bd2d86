import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World, type Problem } from '../support/world.js';

interface Row {
  id: string;
  status: string;
  reason: string | null;
  conversationId: string | null;
  handoverId: string | null;
  receivedAt: string;
}

describe('the inbox for operators', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  const message = (conversationId: string, text: string): string =>
    JSON.stringify({
      eventType: 'MESSAGE',
      conversationId,
      timestamp: Date.now(),
      data: { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text },
    });
  const list = async (query: string): Promise<Row[]> =>
    ((await world.api('get', `/v1/inbox?${query}`, ADMIN_KEY).expect(200)).body as { data: Row[] }).data;
  const read = async (id: string): Promise<Row> =>
    (await world.api('get', `/v1/inbox/${id}`, ADMIN_KEY).expect(200)).body as Row;
  const replay = (id: string): ReturnType<World['api']> => world.api('post', `/v1/inbox/${id}/replay`, ADMIN_KEY);
  const replayMany = (body: object): ReturnType<World['api']> =>
    world.api('post', '/v1/inbox/replay', ADMIN_KEY).send(body);
  const refusal = async (id: string): Promise<string> => ((await replay(id).expect(409)).body as Problem).detail;
  const becomes = (id: string, status: string): Promise<Row> =>
    until(`event ${status}`, async () => {
      const row = await read(id);
      return row.status === status ? row : null;
    });
  /** An event as a webhook would have stored it, with a body that nobody could make sense of. */
  const store = async (conversationId: string | null, body = 'not understood', status = 'pending'): Promise<string> => {
    const [row] = await world.database.query(
      `INSERT INTO inbox (source, key, type, providers, conversation_id, body, status, reason)
       VALUES ('s', gen_random_uuid()::text, 'eightByEight', '{support-8x8}', $1, $2, $3, 'made by the test') RETURNING id`,
      [conversationId, Buffer.from(body), status],
    );
    return String(row!.id);
  };
  /** Stands for a fixed mapping: what was not understood is understood now. */
  const repair = (id: string, body: string): Promise<unknown> =>
    world.database.query(`UPDATE inbox SET body = $2 WHERE id = $1`, [id, Buffer.from(body)]);

  it('is the operator’s alone', async () => {
    for (const [method, path] of [
      ['get', '/v1/inbox'],
      ['get', '/v1/inbox/1'],
      ['post', '/v1/inbox/1/replay'],
      ['post', '/v1/inbox/replay'],
    ] as const) {
      expect((await world.api(method, path)).status).toBe(403);
      expect((await world.raw(method.toUpperCase(), path, undefined, { authorization: '' })).status).toBe(401);
    }
  });

  it('shows what became of each event, newest first, and never what was written', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.say(conversationId, 'only for the customer', 'agent-ann');
    await world.bot.event(id, 'message.created');
    const rows = await until('all applied', async () => {
      const found = await list(`conversationId=${conversationId}&limit=200`);
      return found.every(({ status }) => status !== 'pending') ? found : null;
    });
    expect(rows.map((row) => Number(row.id))).toEqual(rows.map((row) => Number(row.id)).sort((a, b) => b - a));
    expect(rows[0]).toMatchObject({
      status: 'applied',
      type: 'eightByEight',
      tenant: 'acme01',
      providers: ['support-8x8'],
      conversationId,
      handoverId: id,
      repeats: 0,
    });
    expect(JSON.stringify(rows)).not.toContain('only for the customer');
    expect(await read(rows[0]!.id)).toEqual(rows[0]);
    expect(await list(`handoverId=${id}&status=applied&provider=support-8x8&limit=1`)).toEqual([rows[0]]);
    for (const filter of ['status=dead', 'provider=nobody', 'handoverId=ho_x'])
      expect(await list(`conversationId=${conversationId}&${filter}`)).toEqual([]);
  });

  it('applies an event that was not understood once it is, and stops nothing meanwhile', async () => {
    const { id, conversationId } = await world.active();
    const event = await store(conversationId);
    expect(await becomes(event, 'dead')).toMatchObject({ reason: 'the body is no JSON object', handoverId: null });
    await world.simulator.agent.say(conversationId, 'meanwhile', 'agent-ann');
    await world.bot.event(id, 'message.created');
    await replay(event).expect(202);
    await becomes(event, 'dead');
    await repair(event, message(conversationId, 'understood at last'));
    const answer = (await replay(event).expect(202)).body as Row;
    expect(['pending', 'applied']).toContain(answer.status);
    expect(await becomes(event, 'applied')).toMatchObject({ handoverId: id, reason: null });
    await world.bot.event(id, 'message.created', 2);
    expect(world.bot.texts(id)).toEqual(['meanwhile', 'understood at last']);
    expect(await refusal(event)).toMatch(/was applied.*twice/);
  });

  it('finds the conversation of an event that had none when it came', async () => {
    const { id, conversationId } = await world.active();
    const unknown = { eventType: 'SOMETHING_NEW', timestamp: Date.now() };
    expect(await world.simulator.emit(unknown, { eventId: `${id}-new` })).toEqual({ status: 204 });
    const [row] = await until('the event', async () => {
      const found = await list('status=ignored');
      return found[0]?.reason?.includes('SOMETHING_NEW') ? found : null;
    });
    expect(row!.conversationId).toBeNull();
    expect(await refusal(row!.id)).toMatch(/names no conversation/);
    await repair(row!.id, message(conversationId, 'belongs here'));
    await replay(row!.id).expect(202);
    expect(await becomes(row!.id, 'applied')).toMatchObject({ conversationId, handoverId: id });
    await world.bot.event(id, 'message.created');
  });

  it('applies a parked event, and one that came before anybody knew its handover', async () => {
    const event = await store('nobody-knows', message('nobody-knows', 'early'));
    expect(await becomes(event, 'ignored')).toMatchObject({ reason: 'belongs to no handover of ours' });
    const { id, conversationId } = await world.active();
    await repair(event, message(conversationId, 'early'));
    await replay(event).expect(202);
    await becomes(event, 'applied');
    const parked = await store(conversationId, message(conversationId, 'parked'), 'parked');
    expect([202, 409]).toContain((await replay(parked)).status);
    await becomes(parked, 'applied');
    await until('both', () => world.bot.texts(id).length === 2);
  });

  it('adds no message a second time that came after the end', async () => {
    const { id, conversationId } = await world.active();
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'completed');
    const event = await store(conversationId, message(conversationId, 'too late'));
    await becomes(event, 'ignored');
    const before = (await world.transcript(id)).length;
    expect(await refusal(event)).toMatch(/handover of this event is over/);
    await replayMany({ status: 'ignored' }).expect(202);
    expect(await read(event)).toMatchObject({ status: 'ignored', reason: 'the handover is over' });
    expect(await world.transcript(id)).toHaveLength(before);
  });

  it('applies many again, in their order, and leaves what belongs to nothing', async () => {
    const { id, conversationId } = await world.active();
    await world.database.query(`UPDATE inbox SET status = 'applied' WHERE status = 'dead'`);
    const texts = Array.from({ length: 230 }, (_, index) => `text ${index}`);
    const lost: string[] = [];
    while (lost.length < 120) lost.push(await store(null, 'broken', 'dead'));
    const events: string[] = [];
    for (const _ of texts) events.push(await store(conversationId, 'broken', 'dead'));
    for (const [index, text] of texts.entries()) await repair(events[index]!, message(conversationId, text));
    expect((await replayMany({ status: 'dead', provider: 'nobody' }).expect(202)).body).toEqual({ replayed: 0 });
    const later = new Date(Date.now() + 60_000).toISOString();
    expect((await replayMany({ status: 'dead', since: later }).expect(202)).body).toEqual({ replayed: 0 });
    expect((await replayMany({ status: 'dead', limit: 3 }).expect(202)).body).toEqual({ replayed: 3 });
    const since = (await read(events[0]!)).receivedAt;
    const rest = { status: 'dead', provider: 'support-8x8', since };
    expect((await replayMany(rest).expect(202)).body).toEqual({ replayed: 227 });
    await until('all to arrive', () => world.bot.texts(id).length === texts.length);
    expect(world.bot.texts(id)).toEqual(texts);
    for (const event of [lost[0]!, lost.at(-1)!]) expect((await read(event)).status).toBe('dead');
  });

  it('applies an event once, however often it is asked for at the same moment', async () => {
    const { id, conversationId } = await world.active();
    const event = await store(conversationId, message(conversationId, 'once'), 'dead');
    const answers = await Promise.all(Array.from({ length: 8 }, () => replay(event)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.every(({ status }) => status === 202 || status === 409)).toBe(true);
    await becomes(event, 'applied');
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['once']);
  });

  it('says so when no provider is there that could map the event', async () => {
    const event = await store('c', 'x', 'dead');
    await world.database.query(`UPDATE inbox SET providers = '{gone-8x8}' WHERE id = $1`, [event]);
    expect(await refusal(event)).toMatch(/None of the providers.*gone-8x8/);
  });

  it.each(['0', '999999999999', 'x', '9'.repeat(40), '1.5', 'replay'])('knows no event %s', async (id) => {
    await world.api('get', `/v1/inbox/${id}`, ADMIN_KEY).expect(404);
    await replay(id).expect(404);
  });

  it('comes in pages, each event once', async () => {
    const [first, second] = [await list('limit=3'), await list('limit=6')];
    const cursor = first.at(-1)!.id;
    expect([...first, ...(await list(`limit=3&cursor=${cursor}`))]).toEqual(second);
  });

  it.each([
    ['GET', '/v1/inbox?status=nope', undefined, '/status'],
    ['GET', '/v1/inbox?limit=0', undefined, '/limit'],
    ['GET', '/v1/inbox?cursor=x', undefined, '/cursor'],
    ['GET', '/v1/inbox?nope=1', undefined, '/nope'],
    ['POST', '/v1/inbox/replay', '{}', '/status'],
    ['POST', '/v1/inbox/replay', '{"status":"applied"}', '/status'],
    ['POST', '/v1/inbox/replay', '{"status":"dead","limit":0}', '/limit'],
    ['POST', '/v1/inbox/replay', '{"status":"dead","limit":"5"}', '/limit'],
    ['POST', '/v1/inbox/replay', '{"status":"dead","limit":10001}', '/limit'],
    ['POST', '/v1/inbox/replay', '{"status":"dead","since":"yesterday"}', '/since'],
    ['POST', '/v1/inbox/replay', '{"status":"dead","since":"2026-06-30T23:59:60Z"}', '/since'],
    ['POST', '/v1/inbox/replay', '{"status":"dead","since":"0000-01-01T00:00:00Z"}', '/since'],
    ['POST', '/v1/inbox/replay', '{"status":"dead","x":1}', '/x'],
    ['POST', '/v1/inbox/replay', '[]', ''],
  ])('refuses %s %s %s naming the field', async (method, path, body, pointer) => {
    const { status, problem } = await world.raw(method, path, body, { authorization: `Bearer ${ADMIN_KEY}` });
    expect([status, problem.errors?.[0]?.pointer]).toEqual([400, pointer]);
  });
});
