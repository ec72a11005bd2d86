import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { answer, incomingOf, openWebChat, readConversation, saidAt8x8, startsOf, visit } from '../support/visitors.js';
import { ADMIN_KEY, OTHER_BOT_KEY, startRequest, World } from '../support/world.js';

const VISITOR = {
  name: 'Ann',
  email: 'ann@example.com',
  userId: 'visitor-7',
  additionalProperties: [{ key: 'page', value: '/prices' }],
};

describe('a conversation that began in the contact centre', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ options: { endpoint: { bot: 'test-bot' } } });
    openWebChat(world);
  });
  afterAll(() => world.stop());

  it('reaches the bot with the first message, and the bot answers where the user is', async () => {
    const { id: conversationId, told } = world.simulator.customer.start('web-1', VISITOR);
    await told;
    expect(startsOf(world, conversationId)).toEqual([]);
    await world.simulator.customer.say(conversationId, 'Hello?');
    const id = await incomingOf(world, conversationId);
    await answer(world, { id, conversationId }, 'Hi Ann!');
    await world.simulator.customer.say(conversationId, 'What does it cost?');
    await world.bot.event(id, 'message.created', 2);

    expect(world.bot.types(id)).toEqual(['conversation.started', 'message.created', 'message.created']);
    const [started, first] = world.bot.events(id);
    expect(started!.data).toMatchObject({
      conversationId: id,
      sequence: 1,
      provider: 'support-8x8',
      sessionId: id,
      userId: 'visitor-7',
      conversation: {
        id,
        status: 'open',
        control: 'bot',
        channel: 'WebChat',
        providerConversationId: conversationId,
        handoverId: null,
        user: { name: 'Ann', email: 'ann@example.com', properties: { page: '/prices' } },
      },
    });
    expect(first!.data).not.toHaveProperty('handoverId');
    expect(first!.data.message).toMatchObject({ author: { type: 'user' }, text: 'Hello?', sequence: 1 });
    const { body } = await world.api('get', `/v1/conversations/${id}/messages`).expect(200);
    const { data } = body as { data: { author: { type: string }; text: string; status: string }[] };
    expect(data.map(({ author, text, status }) => [author.type, text, status])).toEqual([
      ['user', 'Hello?', 'delivered'],
      ['bot', 'Hi Ann!', 'delivered'],
      ['user', 'What does it cost?', 'delivered'],
    ]);
  });

  it('is not restarted by what the user taps or fills in, which the bot hears as an activity', async () => {
    const { id, conversationId } = await visit(world, 'Hello');
    await world.simulator.customer.quickReply(conversationId, 'Yes', 'yes-1');
    await world.simulator.customer.cardSubmit(conversationId, { size: 'L' });
    await world.bot.event(id, 'activity', 2);
    expect(world.bot.types(id)).toEqual(['conversation.started', 'message.created', 'activity', 'activity']);
    expect(
      world.bot
        .events(id)
        .slice(2)
        .map(({ data }) => [data.name, data.value]),
    ).toEqual([
      ['quickReply/action', { type: 'postback', data: { title: 'Yes', payload: 'yes-1' } }],
      ['adaptiveCard/action', { type: 'Action.Submit', data: { size: 'L' } }],
    ]);
    expect(startsOf(world, conversationId)).toHaveLength(1);
  });

  it('is taken up with its first message also when that comes before everything else', async () => {
    world.simulator.faults.set({ dropEvents: ['CONVERSATION_UPDATE'] });
    const { id: conversationId } = world.simulator.customer.start('web-1');
    await world.simulator.customer.say(conversationId, 'First');
    world.simulator.faults.reset();
    const id = await incomingOf(world, conversationId);
    await world.bot.event(id, 'message.created');
    expect(await readConversation(world, id)).toMatchObject({ channel: null, userId: conversationId, status: 'open' });
  });

  it('ends when the user leaves, and takes no more messages', async () => {
    const { id, conversationId } = await visit(world, 'Bye');
    await world.simulator.customer.leave(conversationId);
    const ended = await world.bot.event(id, 'conversation.ended');
    expect(ended.data.endReason).toBe('user');
    expect(await readConversation(world, id)).toMatchObject({ status: 'ended', endReason: 'user', control: 'bot' });
    const refused = await world.api('post', `/v1/conversations/${id}/messages`).send({ text: 'Wait' }).expect(409);
    expect((refused.body as { detail: string }).detail).toMatch(/has ended/);
    await world.api('post', `/v1/conversations/${id}/handover`).expect(409);
    const stream = await world.api('get', `/v1/conversations/${id}/events`).expect(200);
    expect(stream.text).toMatch(/event: conversation\.ended\n[^\n]+\n\n$/);
  });

  it('begins anew when the user writes again, and not through what comes late of the one before', async () => {
    const { id, conversationId } = await visit(world, 'One');
    const late = { timestamp: Date.now() - 60_000, conversationId };
    await world.simulator.customer.leave(conversationId);
    await world.bot.event(id, 'conversation.ended');
    const message = { isEcho: false, sender: { id: 'u', type: 'user' }, text: 'Late' };
    await world.simulator.emit({ eventType: 'MESSAGE', ...late, data: message });
    const update = { state: 'active', assignment: { type: 'webhook', id: 'w' }, channel: 'WebChat' };
    await world.simulator.emit({ eventType: 'CONVERSATION_UPDATE', ...late, data: update });
    await world.simulator.customer.say(conversationId, 'Two');
    const again = await incomingOf(world, conversationId, 2);
    await world.bot.event(again, 'message.created');
    expect(again).not.toBe(id);
    expect(world.bot.texts(again)).toEqual(['Two']);
    expect(world.bot.types(id).at(-1)).toBe('conversation.ended');
    const listed = await world.api('get', `/v1/conversations?limit=200`).expect(200);
    const same = (listed.body as { data: { id: string; providerConversationId: string }[] }).data.filter(
      ({ providerConversationId }) => providerConversationId === conversationId,
    );
    expect(same.map((one) => one.id)).toEqual([again, id]);
  });

  it('is ended by the bot after what it said before, and by the operator; a second time changes nothing', async () => {
    const { id, conversationId } = await visit(world, 'Hello');
    await world.api('post', `/v1/conversations/${id}/messages`).send({ text: 'Good-bye' }).expect(202);
    await world.api('post', `/v1/conversations/${id}/end`).expect(202);
    expect((await world.bot.event(id, 'conversation.ended')).data.endReason).toBe('bot');
    expect(saidAt8x8(world, conversationId, 'bot')).toEqual(['Good-bye']);
    expect(world.simulator.conversation(conversationId).state).toBe('idle');
    await world.api('post', `/v1/conversations/${id}/end`).expect(202);
    expect(world.bot.types(id).filter((type) => type === 'conversation.ended')).toHaveLength(1);

    const other = await visit(world, 'Hello');
    await world.api('post', `/v1/conversations/${other.id}/end`, ADMIN_KEY).expect(202);
    expect((await world.bot.event(other.id, 'conversation.ended')).data.endReason).toBe('operator');
  });

  it('gets one answer for a message repeated under its key', async () => {
    const visitor = await visit(world, 'Hello');
    const post = (text: string) =>
      world.api('post', `/v1/conversations/${visitor.id}/messages`).set('idempotency-key', 'k-1').send({ text });
    const [first, second] = await Promise.all([post('Once'), post('Once')]);
    expect(second.body).toEqual(first.body);
    await post('Other').expect(422);
    await answer(world, visitor, 'Twice');
    expect(saidAt8x8(world, visitor.conversationId, 'bot')).toEqual(['Once', 'Twice']);
  });

  it('is the bot’s own: another bot finds nothing, and an operator reads', async () => {
    const { id } = await visit(world, 'Hello');
    const path = `/v1/conversations/${id}`;
    for (const [method, at] of [
      ['get', path],
      ['get', `${path}/messages`],
      ['get', `${path}/events`],
      ['post', `${path}/end`],
      ['post', `${path}/handover`],
    ] as const)
      await world.api(method, at, OTHER_BOT_KEY).expect(404);
    await world.api('post', `${path}/messages`, OTHER_BOT_KEY).send({ text: 'Hi' }).expect(404);
    const listed = (await world.api('get', '/v1/conversations', OTHER_BOT_KEY).expect(200)).body as { data: unknown[] };
    expect(listed.data).toEqual([]);
    await world.api('get', path, ADMIN_KEY).expect(200);
    await world.api('post', `${path}/messages`, ADMIN_KEY).send({ text: 'Hi' }).expect(403);
    await world.api('post', `${path}/handover`, ADMIN_KEY).expect(403);
  });

  it('is no handover: neither lists nor answers as one, nor the other way round', async () => {
    const { id } = await visit(world, 'Hello');
    const handoverId = await world.requestHandover();
    for (const path of ['', '/messages', '/events']) {
      await world.api('get', `/v1/handovers/${id}${path}`).expect(404);
      await world.api('get', `/v1/conversations/${handoverId}${path}`).expect(404);
    }
    await world.api('post', `/v1/handovers/${id}/close`).expect(404);
    await world.api('post', `/v1/handovers/${id}/messages`).send({ text: 'x' }).expect(404);
    await world.api('post', `/v1/conversations/${handoverId}/messages`).send({ text: 'x' }).expect(404);
    await world.api('post', `/v1/conversations/${handoverId}/end`).expect(404);
    const ids = async (path: string): Promise<string[]> =>
      ((await world.api('get', `${path}?limit=200`).expect(200)).body as { data: { id: string }[] }).data.map(
        (one) => one.id,
      );
    expect(await ids('/v1/conversations')).toContain(id);
    expect((await ids('/v1/conversations')).every((one) => one.startsWith('cv_'))).toBe(true);
    expect(await ids('/v1/handovers')).toContain(handoverId);
    expect((await ids('/v1/handovers')).every((one) => one.startsWith('ho_'))).toBe(true);
  });

  it('is not answered by opening a second conversation in its session', async () => {
    const { id } = await visit(world, 'Hello');
    const refused = await world
      .api('post', '/v1/handovers')
      .send(startRequest({ sessionId: id }))
      .expect(409);
    expect((refused.body as { detail: string }).detail).toContain(`POST /v1/conversations/${id}/handover`);
  });

  it('refuses what is not a message, naming the field', async () => {
    const { id } = await visit(world, 'Hello');
    const pointers = async (path: string, body: object): Promise<string[]> => {
      const { body: problem } = await world.api('post', `/v1/conversations/${id}${path}`).send(body).expect(400);
      return (problem as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer);
    };
    expect(await pointers('/messages', {})).toEqual(['/text']);
    expect(await pointers('/messages', { text: ' ' })).toEqual(['/text']);
    expect(await pointers('/messages', { text: 'x', author: 'user' })).toEqual(['/author']);
    expect(await pointers('/messages', { text: 'x', more: 1 })).toEqual(['/more']);
    expect(await pointers('/handover', { transcript: [] })).toEqual(['/transcript']);
    expect(await pointers('/handover', { settings: { queue: '1' } })).toEqual(['/settings/queue']);
    expect(await pointers('/handover', { user: { email: 'no' } })).toEqual(['/user/email']);
    expect(await readConversation(world, id)).toMatchObject({ status: 'open', handoverId: null });
  });

  it('never becomes of a conversation that a handover opened, however early its events are', async () => {
    world.simulator.faults.set({ eventsBeforeCreateAnswer: true });
    const { id, conversationId } = await world.handover();
    world.simulator.faults.reset();
    await world.say(id, 'from the bot’s own user');
    await until('the message at 8x8', () => saidAt8x8(world, conversationId, 'user').length === 1);
    await world.simulator.agent.join(conversationId, 'agent-ann');
    await world.bot.event(id, 'handover.active');
    expect(startsOf(world, conversationId)).toEqual([]);
    expect(world.bot.types(id)).toEqual(['handover.queued', 'agent.joined', 'handover.active']);
  });
});

describe('accepting the active event', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ options: { endpoint: { bot: 'test-bot', acceptActiveEvent: true } } });
    openWebChat(world);
  });
  afterAll(() => world.stop());

  it('lets the bot speak first', async () => {
    const { id: conversationId } = world.simulator.customer.start('web-1', VISITOR);
    const id = await incomingOf(world, conversationId);
    await answer(world, { id, conversationId }, 'Can I help you?');
    await world.simulator.customer.say(conversationId, 'Yes');
    await world.bot.event(id, 'message.created');
    expect(world.bot.types(id)).toEqual(['conversation.started', 'message.created']);
  });

  it('tells the same whatever the order of the first events', async () => {
    world.simulator.faults.set({ reorder: true });
    const { id: conversationId, told } = world.simulator.customer.start('web-1', VISITOR);
    await Promise.all([told, world.simulator.customer.say(conversationId, 'At once')]);
    world.simulator.faults.reset();
    const id = await incomingOf(world, conversationId);
    await world.bot.event(id, 'message.created');
    await until('the visitor', async () => (await readConversation(world, id)).channel === 'WebChat');
    expect(world.bot.types(id)).toEqual(['conversation.started', 'message.created']);
    expect(startsOf(world, conversationId)).toHaveLength(1);
  });

  it('waits with what may belong to a handover whose conversation is not known yet', async () => {
    world.simulator.faults.set({
      dropEvents: ['*'],
      api: [
        { match: { method: 'POST', path: 'conversations$' }, times: 1, fault: { drop: 'after' } },
        { match: { method: 'GET', path: 'conversations$' }, fault: { status: 503 } },
      ],
    });
    const before = world.simulator.conversations().length;
    const handoverId = await world.requestHandover();
    const { id: conversationId } = await until('the conversation', () => world.simulator.conversations()[before]);
    const data = { isEcho: false, sender: { id: 'u', type: 'user' }, text: 'Of the history' };
    await world.simulator.emit({ eventType: 'MESSAGE', conversationId, timestamp: Date.now(), data });
    const row = (status: string): Promise<Record<string, unknown>> =>
      until(`the event to be ${status}`, async () => {
        const [found] = await world.database.query(
          `SELECT handover_id, reason FROM inbox WHERE conversation_id = $1 AND status = $2`,
          [conversationId, status],
        );
        return found;
      });
    await row('parked');
    world.simulator.faults.reset();
    expect(await row('ignored')).toEqual({ handover_id: handoverId, reason: 'our own message' });
    expect(startsOf(world, conversationId)).toEqual([]);
  });

  it('takes nothing in that carries the id of a handover of another conversation', async () => {
    const { id: own } = await world.handover();
    const ids = [own, `ho_${'0'.repeat(32)}`];
    for (const [index, value] of ids.entries()) {
      const user = { additionalProperties: [{ key: 'handoverId', value }] };
      const data = { state: 'active', assignment: { type: 'webhook', id: 'w' }, channel: 'WebChat', user };
      const event = {
        eventType: 'CONVERSATION_UPDATE',
        conversationId: `marked-${index}`,
        timestamp: Date.now(),
        data,
      };
      expect(await world.simulator.emit(event)).toEqual({ status: 204 });
    }
    await until('both to be ignored', async () => {
      const rows = await world.database.query(
        `SELECT 1 FROM inbox WHERE conversation_id LIKE 'marked-%' AND status = 'ignored'`,
      );
      return rows.length === 2;
    });
  });

  it('takes no conversation from queues and agents of the contact centre', async () => {
    const emit = (assignment: object) =>
      world.simulator.emit({
        eventType: 'CONVERSATION_UPDATE',
        conversationId: `foreign-${JSON.stringify(assignment).length}`,
        timestamp: Date.now(),
        data: { state: 'active', assignment, channel: 'WebChat' },
      });
    expect(await emit({ type: 'queue', id: '101' })).toEqual({ status: 204 });
    expect(await emit({ type: 'agent', id: 'agent-ann' })).toEqual({ status: 204 });
    const rows = await until('both to be settled', async () => {
      const found = await world.database.query(
        `SELECT status FROM inbox WHERE conversation_id LIKE 'foreign-%' AND status <> 'pending'`,
      );
      return found.length === 2 ? found : null;
    });
    expect(rows).toEqual([{ status: 'ignored' }, { status: 'ignored' }]);
  });
});

describe('two providers, one of them with an endpoint', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      webhookPath: '/handover/eightByEight/support-8x8',
      providers: (simulator) => [
        {
          name: 'web-8x8',
          type: 'eightByEight',
          settings: { baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'acme01' },
          defaults: { queueId: '101' },
          endpoint: { bot: 'other-bot' },
        },
      ],
    });
    openWebChat(world, 'web-1', '/handover/eightByEight/web-8x8');
    openWebChat(world, 'web-2', '/handover/eightByEight/support-8x8');
  });
  afterAll(() => world.stop());

  it('take in only what comes to that one, for its own bot', async () => {
    const ignored = world.simulator.customer.start('web-2');
    await ignored.told;
    await world.simulator.customer.say(ignored.id, 'Nobody listens');
    const taken = world.simulator.customer.start('web-1');
    await taken.told;
    await world.simulator.customer.say(taken.id, 'Somebody listens');
    const list = async (): Promise<Record<string, unknown>[]> =>
      ((await world.api('get', '/v1/conversations', ADMIN_KEY).expect(200)).body as { data: [] }).data;
    await until('the conversation', async () => (await list()).length > 0);
    expect(await list()).toMatchObject([{ provider: 'web-8x8', providerConversationId: taken.id }]);
    const own = await world.api('get', '/v1/conversations', OTHER_BOT_KEY).expect(200);
    expect((own.body as { data: unknown[] }).data).toHaveLength(1);
    expect(world.bot.deliveries).toEqual([]);
    const rows = await world.database.query(`SELECT DISTINCT status, reason FROM inbox WHERE conversation_id = $1`, [
      ignored.id,
    ]);
    expect(rows).toEqual([{ status: 'ignored', reason: 'belongs to no handover of ours' }]);
  });

  it('take in nothing of another tenant', async () => {
    const data = { isEcho: false, sender: { id: 'u', type: 'user' }, text: 'Let me in' };
    const event = { eventType: 'MESSAGE', conversationId: 'stranger', timestamp: Date.now(), data };
    const url = `${world.gateway.url}/handover/eightByEight/web-8x8`;
    expect(await world.simulator.emit(event, { tenant: 'stranger', url })).toEqual({ status: 204 });
    const rows = await world.database.query(`SELECT status, reason FROM inbox WHERE conversation_id = 'stranger'`);
    expect(rows).toEqual([]);
  });
});
