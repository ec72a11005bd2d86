import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const TEXTS = [
  'Hello',
  'Café €10 👩‍👩‍👧‍👦 🇩🇪',
  'مرحبا، كيف يمكنني مساعدتك؟ שלום',
  '"quotes" \\ </script> \t tab\nline',
  'ä'.repeat(2_000) + '🙂'.repeat(1_000),
];

describe('a handover from its request to its end', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it('carries texts both ways, exactly and in order, and tells the bot every step', async () => {
    const { id, conversationId } = await world.active({ sessionId: 's-main' });
    for (const text of TEXTS) await world.say(id, text);
    for (const text of TEXTS) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    await world.bot.event(id, 'message.created', TEXTS.length);
    expect(world.bot.texts(id)).toEqual(TEXTS);
    const received = await until('all messages in 8x8', () => {
      const texts = world.userTexts(conversationId);
      return texts.length === TEXTS.length ? texts : null;
    });
    expect(received).toEqual(TEXTS);

    await world.simulator.agent.leave(conversationId, 'agent-ann');
    const end = await world.bot.event(id, 'handover.completed');
    expect(end.data.endReason).toBe('agent');
    expect(world.bot.types(id)).toEqual([
      'handover.queued',
      'agent.joined',
      'handover.active',
      ...TEXTS.map(() => 'message.created'),
      'agent.left',
      'handover.completed',
    ]);
    expect(world.bot.events(id).map(({ data }) => data.sequence)).toEqual(
      world.bot.events(id).map((_, index) => index + 1),
    );
    expect(await world.read(id)).toMatchObject({
      status: 'completed',
      control: 'bot',
      endReason: 'agent',
      error: null,
    });
  });

  it('opens the conversation with the customer, the transcript and its own id', async () => {
    const { id, conversationId } = await world.handover({
      user: {
        name: 'James Jones',
        email: 'james@example.com',
        phone: '+44791784',
        company: 'Acme',
        language: 'en',
        customerId: 'c-9',
        caseId: 'k-1',
        properties: { Intent: 'balance' },
      },
      transcript: [
        { author: 'user', text: 'I would like my balance please' },
        { author: 'bot', text: 'Sure, what is your account number?', at: '2026-11-23T10:00:00.000Z' },
      ],
      metadata: { b: 1, a: [null, { constructor: 'x' }] },
    });
    expect(world.simulator.conversation(conversationId).request).toEqual({
      channelId: 'channel-1',
      user: {
        name: 'James Jones',
        email: 'james@example.com',
        phone: '+44791784',
        company: 'Acme',
        language: 'en',
        userId: 'c-9',
        caseId: 'k-1',
        additionalProperties: [
          { key: 'Intent', value: 'balance' },
          { key: 'handoverId', value: id },
        ],
      },
      assignment: { type: 'queue', id: '101' },
      history: {
        messages: [
          { authorType: 'user', text: 'I would like my balance please' },
          { authorType: 'bot', text: 'Sure, what is your account number?' },
        ],
      },
    });
    const handover = await world.read(id);
    expect(handover).toMatchObject({ control: 'human', conversationId, provider: 'support-8x8', userId: 'u-42' });
    expect(JSON.stringify(handover.metadata)).toBe('{"b":1,"a":[null,{"constructor":"x"}]}');
    const transcript = await world.transcript(id);
    expect(transcript.map(({ text, status, author }) => [author.type, text, status])).toEqual([
      ['user', 'I would like my balance please', 'delivered'],
      ['bot', 'Sure, what is your account number?', 'delivered'],
    ]);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('takes messages before the conversation exists and sends them once it does, in order', async () => {
    world.simulator.faults.set({ delayMs: 400 });
    const id = await world.requestHandover();
    for (const text of ['one', 'two', 'three']) await world.say(id, text);
    world.simulator.faults.reset();
    const conversationId = await world.conversationOf(id);
    await until('three messages', () => world.simulator.conversation(conversationId).messages.length >= 3);
    expect(
      world.simulator
        .conversation(conversationId)
        .messages.map(({ text }) => text)
        .slice(0, 3),
    ).toEqual(['one', 'two', 'three']);
    await until('delivered', async () => (await world.transcript(id)).every(({ status }) => status === 'delivered'));
  });

  it('goes on through a transfer to another queue and agent', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.transfer(conversationId, '102');
    const queued = await world.bot.event(id, 'handover.queued', 2);
    expect(queued.data.queue).toEqual({ id: '102', name: 'Billing' });
    await world.say(id, 'still here');
    await world.simulator.agent.join(conversationId, 'agent-ben');
    await world.bot.event(id, 'handover.active', 2);
    expect(await world.read(id)).toMatchObject({ status: 'active', agent: { id: 'agent-ben' }, queue: { id: '102' } });
    await world.simulator.agent.leave(conversationId, 'agent-ben');
    await world.status(id, 'completed');
    expect(world.bot.types(id).filter((type) => type === 'handover.transferred')).toHaveLength(1);
  });

  it('is closed from the bot’s side after what was accepted before, once however often it is asked for', async () => {
    const { id, conversationId } = await world.active();
    await world.say(id, 'goodbye');
    await world.api('post', `/v1/handovers/${id}/close`).send({ reason: 'user' }).expect(202);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.api('post', `/v1/handovers/${id}/messages`).send({ text: 'too late' }).expect(409);
    await world.status(id, 'completed');
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    expect(await world.read(id)).toMatchObject({ endReason: 'user' });
    const calls = world.simulator.requests.filter(({ path }) => path.includes(conversationId));
    const goodbye = calls.findIndex(({ body }) => (body as { text?: string } | null)?.text === 'goodbye');
    const endings = calls.filter(({ path }) => path.endsWith('/participants/user'));
    expect(endings).toHaveLength(1);
    expect(calls.indexOf(endings[0]!)).toBeGreaterThan(goodbye);
    expect(world.bot.types(id).at(-1)).toBe('handover.completed');
  });

  it('sends what was accepted before the close, also when that comes before the conversation exists', async () => {
    world.simulator.faults.set({ delayMs: 200 });
    const id = await world.requestHandover();
    await world.say(id, 'one last thing');
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    world.simulator.faults.reset();
    await world.status(id, 'cancelled');
    const [message] = await world.transcript(id);
    expect(message).toMatchObject({ text: 'one last thing', status: 'delivered' });
    const { conversationId } = await world.read(id);
    const { messages, state } = world.simulator.conversation(conversationId as string);
    expect([messages.map(({ text }) => text), state]).toEqual([['one last thing'], 'idle']);
  });

  it('is cancelled when it is closed before an agent joined', async () => {
    const { id } = await world.handover();
    await world.api('post', `/v1/handovers/${id}/close`).send({}).expect(202);
    expect(await world.status(id, 'cancelled')).toMatchObject({ endReason: 'bot' });
  });

  it('serves one session many times, one after the other', async () => {
    const ids: string[] = [];
    for (let round = 0; round < 3; round++) {
      const { id, conversationId } = await world.active({ sessionId: 's-again' });
      const occupied = await world
        .api('post', '/v1/handovers')
        .send({ provider: 'support-8x8', sessionId: 's-again', userId: 'u' })
        .expect(409);
      expect(occupied.body).toMatchObject({ status: 409, handoverId: id });
      await world.simulator.agent.leave(conversationId, 'agent-ann');
      await world.status(id, 'completed');
      ids.push(id);
    }
    expect(new Set(ids).size).toBe(3);
  });

  it('sends changed customer details and re-routes to another queue', async () => {
    const { id, conversationId } = await world.handover({ user: { name: 'Ann', phone: '1' } });
    await world.status(id, 'queued');
    await world
      .api('patch', `/v1/handovers/${id}`)
      .send({ user: { phone: '2' }, metadata: { seen: true }, settings: { queueId: '102' } })
      .expect(200);
    const queued = await world.bot.event(id, 'handover.queued', 2);
    expect(queued.data.queue).toMatchObject({ id: '102' });
    expect(world.simulator.conversation(conversationId).user).toMatchObject({ name: 'Ann', phone: '2' });
    expect(await world.read(id)).toMatchObject({
      user: { name: 'Ann', phone: '2' },
      metadata: { seen: true },
      settings: { queueId: '102' },
    });
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'cancelled');
    await world.api('patch', `/v1/handovers/${id}`).send({ metadata: 1 }).expect(409);
  });

  it('streams every event from the first, then live, and ends after the final one', async () => {
    const { id, conversationId } = await world.active();
    const abort = new AbortController();
    const stream = await fetch(`${world.gateway.url}/v1/handovers/${id}/events`, {
      headers: { authorization: 'Bearer bot-key-of-the-tests-4e7ab356' },
      signal: abort.signal,
    });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    const text = stream.text();
    await world.simulator.agent.say(conversationId, 'live 🙂', 'agent-ann');
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    const frames = (await text).split('\n\n').filter((frame) => frame.startsWith('id:'));
    const types = frames.map((frame) => /^event: (.*)$/m.exec(frame)![1]);
    await world.bot.event(id, 'handover.completed');
    expect(types).toEqual(world.bot.types(id));
    expect(frames.map((frame) => Number(/^id: (.*)$/m.exec(frame)![1]))).toEqual(types.map((_, index) => index + 1));
    const bodies = frames.map((frame) => JSON.parse(/^data: (.*)$/m.exec(frame)![1]!) as unknown);
    expect(bodies).toEqual(world.bot.events(id));

    const rest = await fetch(`${world.gateway.url}/v1/handovers/${id}/events`, {
      headers: { authorization: 'Bearer bot-key-of-the-tests-4e7ab356', 'last-event-id': String(frames.length - 1) },
    });
    expect((await rest.text()).match(/^id: /gm)).toHaveLength(1);
    const list = await world
      .api('get', `/v1/handovers/${id}/events?limit=2`)
      .set('accept', 'application/json')
      .expect(200);
    expect(list.body).toMatchObject({ data: [{ type: 'handover.queued' }, { type: 'agent.joined' }], next: '2' });
    abort.abort();
  });

  it('retries a refused callback with the same id and keeps the order', async () => {
    world.bot.answers = [500, { status: 503, headers: { 'retry-after': '1' } }];
    const { id, conversationId } = await world.handover();
    await world.simulator.agent.join(conversationId, 'agent-ann');
    await world.bot.event(id, 'handover.active');
    const tries = world.bot.deliveries.filter(({ event }) => event.data.handoverId === id);
    expect(tries.slice(0, 3).map(({ event, status }) => [event.data.sequence, status])).toEqual([
      [1, 500],
      [1, 503],
      [1, 204],
    ]);
    expect(new Set(tries.slice(0, 3).map((one) => one.id)).size).toBe(1);
    expect(tries[1]!.at - tries[0]!.at).toBeLessThan(5_000);
    expect(tries[2]!.at - tries[1]!.at).toBeGreaterThanOrEqual(950);
    expect(world.bot.types(id)).toEqual(['handover.queued', 'agent.joined', 'handover.active']);
  });

  it('stops delivering to a callback that is gone and keeps what was not delivered', async () => {
    const gone = await World.start();
    try {
      gone.bot.answers = [410];
      const { id, conversationId } = await gone.handover();
      await gone.simulator.agent.join(conversationId, 'agent-ann');
      await gone.status(id, 'active');
      const failed = await until('failed deliveries', async () => {
        const rows = await gone.database.query(
          `SELECT sequence, status FROM dead_letter WHERE direction = 'bot' ORDER BY id`,
        );
        return rows.length === 3 && rows.every(({ status }) => status === 'failed') ? rows : null;
      });
      expect(failed).toHaveLength(3);
      expect(gone.bot.deliveries).toHaveLength(1);
    } finally {
      await gone.stop();
    }
  });

  it('writes no secret and no message text into its log', async () => {
    const { id, conversationId } = await world.active();
    await world.say(id, 'text-never-in-the-log');
    await world.simulator.agent.say(conversationId, 'answer-never-in-the-log', 'agent-ann');
    await world.bot.event(id, 'message.created');
    const log = world.logs.join('');
    expect(log.length).toBeGreaterThan(1_000);
    for (const secret of [
      'never-in-the-log',
      world.simulator.apiKey,
      world.bot.secret,
      'bot-key-of-the-tests-4e7ab356',
      'admin-key-of-the-tests-8f2c91d0',
    ]) {
      expect(log).not.toContain(secret);
    }
  });
});
