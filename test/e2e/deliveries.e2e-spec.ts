import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World, type Problem } from '../support/world.js';

const SEND = { method: 'POST', path: '/messages$' };
const READ = { method: 'GET', path: '/messages$' };
const END = { method: 'PATCH', path: '/participants/user$' };

interface Delivery {
  id: string;
  status: string;
  direction: string;
  kind: string;
  sequence: number;
  event: string | null;
  messageId: string | null;
  error: string;
  attempts: number | null;
  waiting: number | null;
  dueAt: string | null;
  failedAt: string;
}

describe('deliveries for operators', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ settings: { giveUpAfter: '2s' } });
  });
  afterEach(async () => {
    world.simulator.faults.reset();
    world.bot.answers = [];
    await world.database.query(`UPDATE bot SET gone_url = NULL`);
  });
  afterAll(() => world.stop());

  const list = async (query: string): Promise<Delivery[]> =>
    ((await world.api('get', `/v1/deliveries?${query}`, ADMIN_KEY).expect(200)).body as { data: Delivery[] }).data;
  const retry = (id: string): ReturnType<World['api']> => world.api('post', `/v1/deliveries/${id}/retry`, ADMIN_KEY);
  const refusal = async (id: string): Promise<string> => ((await retry(id).expect(409)).body as Problem).detail;
  const failed = (handoverId: string, count = 1): Promise<Delivery[]> =>
    until(`${count} failed deliveries`, async () => {
      const found = await list(`handoverId=${handoverId}`);
      return found.length === count ? found : null;
    });
  const becomes = (handoverId: string, status: string): Promise<Delivery> =>
    until(`a delivery that is ${status}`, async () => (await list(`status=${status}&handoverId=${handoverId}`))[0]);
  const laneIsGone = (handoverId: string): Promise<unknown> =>
    until('an idle lane', async () => {
      const rows = await world.database.query(`SELECT 1 FROM lane WHERE handover_id = $1`, [handoverId]);
      return rows.length === 0;
    });
  /** A handover whose bot has answered 410 to a message. */
  const withGoneCallback = async (): Promise<{ id: string; conversationId: string; letter: Delivery }> => {
    const handover = await world.active();
    await world.bot.event(handover.id, 'handover.active');
    world.bot.answers = [410];
    await world.simulator.agent.say(handover.conversationId, 'into the void', 'agent-ann');
    const [letter] = await failed(handover.id);
    return { ...handover, letter: letter! };
  };

  it('are the operator’s alone', async () => {
    for (const [method, path] of [
      ['get', '/v1/deliveries'],
      ['post', '/v1/deliveries/1/retry'],
    ] as const) {
      expect((await world.api(method, path)).status).toBe(403);
      expect((await world.raw(method.toUpperCase(), path, undefined, { authorization: '' })).status).toBe(401);
    }
  });

  it('show an event that was given up and send it again under its webhook-id, after which the bot is served as before', async () => {
    const { id, conversationId, letter } = await withGoneCallback();
    expect(letter).toMatchObject({
      status: 'failed',
      direction: 'bot',
      target: 'test-bot',
      handoverId: id,
      kind: 'event',
      event: 'message.created',
      messageId: null,
      error: 'The callback URL answered 410 Gone.',
      attempts: null,
      dueAt: null,
      deliveredAt: null,
    });
    expect(JSON.stringify(letter)).not.toContain('into the void');
    expect((await retry(letter.id).expect(202)).body).toMatchObject({ id: letter.id, status: 'resending' });
    const again = await world.bot.event(id, 'message.created');
    expect(again.data.sequence).toBe(letter.sequence);
    const tries = world.bot.deliveries.filter(({ event }) => event.data.handoverId === id).slice(-2);
    expect(tries.map(({ status }) => status)).toEqual([410, 204]);
    expect(new Set(tries.map((one) => one.id)).size).toBe(1);
    expect(await becomes(id, 'delivered')).toMatchObject({ id: letter.id, deliveredAt: expect.any(String) });
    expect(await refusal(letter.id)).toMatch(/has arrived/);
    await laneIsGone(id);
    await world.simulator.agent.say(conversationId, 'after it', 'agent-ann');
    await world.bot.event(id, 'message.created', 2);
  });

  it('send several again in their order, and leave nothing to be done', async () => {
    const { id, conversationId } = await withGoneCallback();
    for (const text of ['two', 'three']) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    const letters = await failed(id, 3);
    for (const letter of letters) await retry(letter.id).expect(202);
    await until('all to arrive', () => world.bot.texts(id).length === 3);
    await laneIsGone(id);
    expect(await list(`status=delivered&handoverId=${id}`)).toHaveLength(3);
  });

  it('fail again with the new error when the bot is still gone', async () => {
    const { id, letter } = await withGoneCallback();
    world.bot.answers = [503, 410];
    await retry(letter.id).expect(202);
    const [again] = await until('the second failure', async () => {
      const found = await list(`handoverId=${id}`);
      return found[0] && found[0].failedAt > letter.failedAt ? found : null;
    });
    expect(again).toMatchObject({ id: letter.id, status: 'failed', error: 'The callback URL answered 410 Gone.' });
    await laneIsGone(id);
    expect(
      world.bot.deliveries.filter(
        ({ event }) => event.data.sequence === letter.sequence && event.data.handoverId === id,
      ),
    ).toHaveLength(3);
    await retry(letter.id).expect(202);
    await becomes(id, 'delivered');
  });

  it('are tried once when the event is older than its retries go', async () => {
    const { id, letter } = await withGoneCallback();
    await world.database.query(`UPDATE event SET created_at = now() - interval '25 hours' WHERE handover_id = $1`, [
      id,
    ]);
    world.bot.answers = [500];
    await retry(letter.id).expect(202);
    await until('the failure', async () => (await list(`handoverId=${id}`))[0]?.error === 'The callback answered 500.');
    await laneIsGone(id);
  });

  it('hold up nothing new while a resend does not get through', async () => {
    const { id, conversationId, letter } = await withGoneCallback();
    await world.database.query(`UPDATE bot SET gone_url = NULL`);
    world.bot.answers = [503];
    await retry(letter.id).expect(202);
    await until('the first try', () => world.bot.deliveries.at(-1)?.status === 503);
    expect(await refusal(letter.id)).toMatch(/being sent again already/);
    await world.simulator.agent.say(conversationId, 'new', 'agent-ann');
    await until('both to arrive', () => world.bot.texts(id).length === 2);
    expect(world.bot.texts(id)).toEqual(['new', 'into the void']);
    await becomes(id, 'delivered');
    await laneIsGone(id);
  });

  it('show what waits: the item, how many are behind it, and why', async () => {
    const { id, conversationId } = await world.active();
    await world.bot.event(id, 'handover.active');
    world.bot.answers = [503, { status: 503, headers: { 'retry-after': '1' } }];
    for (const text of ['one', 'two', 'three']) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    const stuck = await until('two tries', async () => {
      const [found] = await list(`status=waiting&direction=bot&target=test-bot&handoverId=${id}`);
      return found?.attempts === 2 && found.waiting === 2 ? found : null;
    });
    expect(stuck).toMatchObject({
      id: null,
      status: 'waiting',
      kind: 'event',
      event: 'message.created',
      error: 'The callback answered 503.',
      dueAt: expect.any(String),
      failedAt: null,
    });
    await until('all to arrive', () => world.bot.texts(id).length === 3);
    await until('nothing to wait', async () => (await list(`status=waiting&handoverId=${id}`)).length === 0);
  });

  it('send a message that 8x8 refused to it again', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { status: 400 } }] });
    await world.say(id, 'refused first');
    await world.bot.event(id, 'message.failed');
    const [letter] = await failed(id);
    const [message] = await world.transcript(id);
    expect(message!.status).toBe('failed');
    expect(letter).toMatchObject({
      direction: 'provider',
      kind: 'message',
      messageId: (message as { id?: string }).id,
    });
    await retry(letter!.id).expect(202);
    await until('delivered', async () => (await world.transcript(id))[0]!.status === 'delivered');
    expect((await world.transcript(id))[0]!.error).toBeUndefined();
    expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual(['refused first']);
    await becomes(id, 'delivered');
    await laneIsGone(id);
  });

  it('tell the bot again when 8x8 refuses the message again', async () => {
    const { id } = await world.active();
    world.simulator.faults.set({ api: [{ match: SEND, times: 2, fault: { status: 400 } }] });
    await world.say(id, 'refused twice');
    const [letter] = await failed(id);
    await retry(letter!.id).expect(202);
    await world.bot.event(id, 'message.failed', 2);
    expect((await failed(id))[0]!.id).toBe(letter!.id);
    expect((await world.transcript(id))[0]!.status).toBe('failed');
    await laneIsGone(id);
  });

  it('send no message twice that had arrived when it was given up', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({
      api: [
        { match: SEND, times: 1, fault: { status: 502, after: true } },
        { match: READ, fault: { status: 500 } },
      ],
    });
    await world.say(id, 'arrived');
    await until('given up', async () => (await list(`handoverId=${id}`)).length === 1);
    world.simulator.faults.reset();
    await retry((await failed(id))[0]!.id).expect(202);
    await becomes(id, 'delivered');
    expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual(['arrived']);
    expect((await world.transcript(id))[0]!.status).toBe('delivered');
  });

  it('send a message again although the same was said later', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { status: 400 } }] });
    for (const text of ['hello?', 'hello?']) await world.say(id, text);
    const [letter] = await failed(id);
    await until('the second', async () => (await world.transcript(id))[1]!.status === 'delivered');
    await retry(letter!.id).expect(202);
    await becomes(id, 'delivered');
    expect(world.simulator.conversation(conversationId).messages).toHaveLength(2);
  });

  it('end a conversation again that 8x8 did not let go', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ api: [{ match: END, times: 1, fault: { status: 403 } }] });
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    const [letter] = await failed(id);
    expect(letter).toMatchObject({ kind: 'end' });
    await world.status(id, 'completed');
    const before = world.simulator.requests.filter(({ path }) =>
      path.includes(`${conversationId}/participants`),
    ).length;
    await retry(letter!.id).expect(202);
    await becomes(id, 'delivered');
    const after = world.simulator.requests.filter(({ path }) => path.includes(`${conversationId}/participants`)).length;
    expect(after).toBe(before + 1);
  });

  it('refuse with a reason what makes no sense any more', async () => {
    const unknownChannel = await world.requestHandover({ settings: { channelId: 'no-such-channel' } });
    expect(await refusal((await failed(unknownChannel))[0]!.id)).toMatch(/is failed.*start a new one/);
    const { id } = await world.active();
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { status: 400 } }] });
    await world.say(id, 'too late');
    const [letter] = await failed(id);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'completed');
    expect(await refusal(letter!.id)).toMatch(/is completed: no agent/);
    expect((await world.transcript(id))[0]!.status).toBe('failed');
    for (const unknown of ['0', '999999999', 'x', '1e3', '9'.repeat(30), '-1'])
      expect([unknown, (await retry(unknown)).status]).toEqual([unknown, 404]);
  });

  it('let one of two retries at the same moment through', async () => {
    const { id, letter } = await withGoneCallback();
    const answers = await Promise.all(Array.from({ length: 6 }, () => retry(letter.id)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409, 409, 409, 409, 409]);
    await becomes(id, 'delivered');
    expect(world.bot.texts(id)).toEqual(['into the void']);
  });

  it('give up what is not stored any more, and do not go on looking for it', async () => {
    const { id, conversationId, letter } = await withGoneCallback();
    await world.simulator.agent.say(conversationId, 'removed', 'agent-ann');
    const [removed] = await failed(id, 2);
    await world.database.query(`DELETE FROM event WHERE handover_id = $1 AND sequence = $2`, [id, removed!.sequence]);
    for (const one of [letter, removed!]) await retry(one.id).expect(202);
    await until('the failure', async () =>
      /not stored any more/.test((await list(`handoverId=${id}`))[0]?.error ?? ''),
    );
    expect(await becomes(id, 'delivered')).toMatchObject({ id: letter.id });
    await laneIsGone(id);
  });

  it('come in pages, newest first, each once, and only those asked for', async () => {
    const { id, conversationId } = await withGoneCallback();
    for (const text of ['2', '3', '4']) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    const all = (await failed(id, 4)).map((one) => one.id);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query = `handoverId=${id}&limit=3${cursor ? `&cursor=${cursor}` : ''}`;
      const answer = await world.api('get', `/v1/deliveries?${query}`, ADMIN_KEY).expect(200);
      const page = answer.body as { data: Delivery[]; next: string | null };
      seen.push(...page.data.map((one) => one.id));
      cursor = page.next;
    }
    expect(seen).toEqual(all);
    expect(all).toEqual([...all].sort((a, b) => Number(b) - Number(a)));
    for (const filter of ['direction=provider', 'target=nobody', 'status=delivered', 'status=waiting'])
      expect(await list(`handoverId=${id}&${filter}`)).toEqual([]);
  });

  it('page through what waits', async () => {
    world.simulator.faults.set({ api: [{ match: SEND, fault: { status: 503, retryAfter: 1 } }] });
    const ids = [await world.handover(), await world.handover(), await world.handover()].map(({ id }) => id);
    for (const id of ids) await world.say(id, 'waits');
    const query = 'status=waiting&direction=provider&limit=2';
    const pages = await until('three that wait', async () => {
      const first = (await world.api('get', `/v1/deliveries?${query}`, ADMIN_KEY)).body as { data: []; next: string };
      if (!first.next) return null;
      const rest = await world.api('get', `/v1/deliveries?${query}&cursor=${first.next}`, ADMIN_KEY).expect(200);
      const found = [...first.data, ...(rest.body as { data: [] }).data] as { handoverId: string; kind: string }[];
      return found.length === 3 && found.every(({ kind }) => kind === 'message') ? found : null;
    });
    expect(pages.map(({ handoverId }) => handoverId)).toEqual(ids.reverse());
  });

  it.each([
    ['status=nope', '/status'],
    ['direction=up', '/direction'],
    ['limit=0', '/limit'],
    ['cursor=x', '/cursor'],
    ['cursor=1&status=waiting', '/cursor'],
    [`cursor=ho_${'0'.repeat(32)}.bot`, '/cursor'],
    ['target=', '/target'],
    ['nope=1', '/nope'],
    ['status=failed&status=failed', '/status'],
  ])('refuse ?%s naming the field', async (query, pointer) => {
    const authorization = `Bearer ${ADMIN_KEY}`;
    const { status, problem } = await world.raw('GET', `/v1/deliveries?${query}`, undefined, { authorization });
    expect([status, problem.errors?.[0]?.pointer]).toEqual([400, pointer]);
  });
});
