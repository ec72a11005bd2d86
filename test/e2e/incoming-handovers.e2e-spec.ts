import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import {
  answer,
  handOver,
  incomingOf,
  openWebChat,
  readConversation,
  saidAt8x8,
  startsOf,
  visit,
} from '../support/visitors.js';
import { ADMIN_KEY, World } from '../support/world.js';

describe('an incoming conversation that is handed over', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ options: { endpoint: { bot: 'test-bot' } } });
    openWebChat(world);
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  it('goes to the queue as the same conversation, after what the bot said, with the customer kept and its id added', async () => {
    const visitor = await visit(world, 'A human, please', 'web-1', {
      name: 'Ann',
      additionalProperties: [{ key: 'page', value: '/prices' }],
    });
    const { id, conversationId } = visitor;
    world.simulator.faults.set({
      api: [{ match: { method: 'POST', path: 'messages$' }, times: 1, fault: { status: 503, retryAfter: 1 } }],
    });
    await world.api('post', `/v1/conversations/${id}/messages`).send({ text: 'One moment' }).expect(202);
    const body = { settings: { queueId: '102' }, user: { phone: '+44 1', properties: { Intent: 'x' } }, metadata: [1] };
    const started = await world.api('post', `/v1/conversations/${id}/handover`).send(body).expect(201);
    const handover = started.body as { id: string };
    expect(started.headers['location']).toBe(`/v1/handovers/${handover.id}`);
    expect(handover).toMatchObject({
      status: 'requested',
      conversationId,
      channel: 'contact_center',
      incomingConversationId: id,
      sessionId: id,
      metadata: [1],
    });
    const queued = await world.bot.event(handover.id, 'handover.queued');
    expect(queued.data.queue).toEqual({ id: '102', name: 'Billing' });
    expect(await readConversation(world, id)).toMatchObject({
      status: 'handed_over',
      control: 'human',
      handoverId: handover.id,
    });
    expect(world.simulator.conversation(conversationId).user).toEqual({
      name: 'Ann',
      phone: '+44 1',
      additionalProperties: [
        { key: 'page', value: '/prices' },
        { key: 'Intent', value: 'x' },
        { key: 'handoverId', value: handover.id },
      ],
    });
    const calls = world.simulator.requests
      .filter(({ path, method, status }) => path.includes(conversationId) && method !== 'GET' && status < 300)
      .map(({ method, path }) => `${method} ${path.split(conversationId)[1]}`);
    expect(calls).toEqual(['POST /messages', 'PATCH ']);
    expect(world.simulator.requests.filter(({ path }) => path === '/chat-gateway/v1/conversations')).toEqual([]);
  });

  it.each(['unknown', 'ann@x', 'Ann <ann@example.com>'])(
    'goes there whatever 8x8 has of the user, such as the address "%s" and more properties than leave room for ours',
    async (email) => {
      const additionalProperties = Array.from({ length: 30 }, (_, n) => ({ key: `k-${n}`, value: `${n}` }));
      const visitor = await visit(world, 'A human, please', 'web-1', { name: 'Ann', email, additionalProperties });
      const path = `/v1/conversations/${visitor.id}/handover`;
      const refused = await world
        .api('post', path)
        .send({ user: { email: 'wrong' } })
        .expect(400);
      expect(refused.body).toMatchObject({ errors: [{ pointer: '/user/email' }] });
      const handoverId = await handOver(world, visitor);
      const { user } = world.simulator.conversation(visitor.conversationId);
      expect(user.name).toBe('Ann');
      expect(user.additionalProperties).toHaveLength(30);
      expect(user.additionalProperties).toContainEqual({ key: 'handoverId', value: handoverId });
      expect((await world.api('get', `/v1/handovers/${handoverId}`)).body).toMatchObject({
        user: { name: 'Ann', email },
      });
    },
  );

  it('lets user and agent talk at 8x8: the bot hears the agent, nothing comes back, and both stand in the transcript', async () => {
    const visitor = await visit(world, 'A human, please');
    const { conversationId } = visitor;
    const handoverId = await handOver(world, visitor);
    await world.simulator.customer.say(conversationId, 'Are you real?');
    await world.simulator.agent.say(conversationId, 'As real as you', 'agent-ann');
    await world.bot.event(handoverId, 'message.created');
    expect(world.bot.texts(handoverId)).toEqual(['As real as you']);
    expect(world.bot.texts(visitor.id)).toEqual(['A human, please']);
    expect((await world.transcript(handoverId)).map(({ author, text, status }) => [author.type, text, status])).toEqual(
      [
        ['user', 'Are you real?', 'delivered'],
        ['agent', 'As real as you', 'delivered'],
      ],
    );
    const refused = await world.api('post', `/v1/handovers/${handoverId}/messages`).send({ text: 'echo' }).expect(409);
    expect((refused.body as { detail: string }).detail).toMatch(/reach the agent twice/);
    await world
      .api('post', `/v1/handovers/${handoverId}/messages`)
      .send({ text: 'From the bot', author: 'bot' })
      .expect(202);
    await until('it at 8x8', () => saidAt8x8(world, conversationId, 'bot').length === 1);
    for (const [path, body] of [
      ['messages', { text: 'x' }],
      ['handover', {}],
      ['end', {}],
    ] as const) {
      const { body: problem } = await world
        .api('post', `/v1/conversations/${visitor.id}/${path}`)
        .send(body)
        .expect(409);
      expect(problem).toMatchObject({ handoverId });
    }
    expect(saidAt8x8(world, conversationId, 'user')).toEqual(['A human, please', 'Are you real?']);
  });

  it('is transferred like any other, and ends with its handover', async () => {
    const visitor = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    await world.simulator.agent.transfer(visitor.conversationId, '102');
    await world.bot.event(handoverId, 'handover.queued', 2);
    await world.simulator.agent.join(visitor.conversationId, 'agent-ben');
    await world.bot.event(handoverId, 'handover.active', 2);
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ben');
    expect((await world.bot.event(handoverId, 'handover.completed')).data.endReason).toBe('agent');
    expect((await world.bot.event(visitor.id, 'conversation.ended')).data.endReason).toBe('agent');
    expect(world.bot.types(handoverId)).toEqual([
      'handover.queued',
      'agent.joined',
      'handover.active',
      'handover.transferred',
      'agent.left',
      'handover.queued',
      'agent.joined',
      'handover.active',
      'agent.left',
      'handover.completed',
    ]);
    expect(world.bot.types(visitor.id)).toEqual(['conversation.started', 'message.created', 'conversation.ended']);
  });

  it('begins anew with a message that came before its end was known', async () => {
    const visitor = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
    await world.simulator.customer.say(visitor.conversationId, 'One more thing');
    const again = await incomingOf(world, visitor.conversationId, 2);
    await world.bot.event(again, 'message.created');
    expect(world.bot.texts(again)).toEqual(['One more thing']);
    await world.status(handoverId, 'completed');
    await world.bot.event(visitor.id, 'conversation.ended');
  });

  it('is ended with its handover when the bot, the operator or the user ends that', async () => {
    for (const [reason, key] of [
      ['bot', undefined],
      ['operator', ADMIN_KEY],
    ] as const) {
      const visitor = await visit(world, 'A human, please');
      const handoverId = await handOver(world, visitor);
      await world.api('post', `/v1/handovers/${handoverId}/close`, key).expect(202);
      expect((await world.bot.event(handoverId, 'handover.completed')).data.endReason).toBe(reason);
      expect((await world.bot.event(visitor.id, 'conversation.ended')).data.endReason).toBe(reason);
      expect(world.simulator.conversation(visitor.conversationId).state).toBe('idle');
    }
    const visitor = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    await world.simulator.customer.leave(visitor.conversationId);
    expect((await world.bot.event(handoverId, 'handover.completed')).data.endReason).toBe('user');
    expect((await world.bot.event(visitor.id, 'conversation.ended')).data.endReason).toBe('user');
  });

  it('is the bot’s again when 8x8 refuses, with what the user said meanwhile', async () => {
    const visitor = await visit(world, 'A human, please');
    const started = await world
      .api('post', `/v1/conversations/${visitor.id}/handover`)
      .send({ settings: { queueId: '999' } })
      .expect(201);
    const handoverId = (started.body as { id: string }).id;
    const failed = await world.bot.event(handoverId, 'handover.failed');
    expect(failed.data.error).toMatchObject({ reason: 'rejected', message: expect.stringContaining('999') });
    expect((await world.bot.event(visitor.id, 'conversation.resumed')).data.handoverId).toBe(handoverId);
    await answer(world, visitor, 'No agent could be reached');
    await handOver(world, visitor);
  });

  it('starts one handover for a request repeated under its key', async () => {
    const { id } = await visit(world, 'A human, please');
    const post = () => world.api('post', `/v1/conversations/${id}/handover`).set('idempotency-key', 'h-1').send({});
    const [first, second] = await Promise.all([post(), post()]);
    expect(first.status).toBe(201);
    expect(second.body).toEqual(first.body);
    const third = await post();
    expect(third.body).toEqual(first.body);
  });

  it('moves once, though nobody knows whether the move was heard', async () => {
    const visitor = await visit(world, 'A human, please');
    world.simulator.faults.set({ api: [{ match: { method: 'PATCH' }, times: 1, fault: { drop: 'after' } }] });
    const handoverId = await handOver(world, visitor);
    await until('the second look', () => world.simulator.requests.some(({ status }) => status === 0));
    await world.simulator.agent.say(visitor.conversationId, 'I am still here', 'agent-ann');
    await world.bot.event(handoverId, 'message.created');
    await until('the command to be done', async () => {
      const lanes = await world.database.query(`SELECT 1 FROM lane WHERE handover_id = $1`, [handoverId]);
      return lanes.length === 0;
    });
    const moves = world.simulator.requests.filter(
      ({ method, path }) => method === 'PATCH' && path.endsWith(visitor.conversationId),
    );
    expect(moves).toHaveLength(1);
    expect(world.simulator.conversation(visitor.conversationId).assignment).toEqual({ type: 'agent', id: 'agent-ann' });
  });

  it('sends a message of the bot once, though its outcome is unknown and the user wrote after it', async () => {
    const visitor = await visit(world, 'Hello');
    world.simulator.faults.set({
      api: [
        { match: { method: 'POST', path: 'messages$' }, times: 1, fault: { drop: 'after' } },
        { match: { method: 'GET', path: 'messages$' }, times: 1, fault: { status: 503 } },
      ],
    });
    await world.api('post', `/v1/conversations/${visitor.id}/messages`).send({ text: 'Hi' }).expect(202);
    await until('it at 8x8', () => saidAt8x8(world, visitor.conversationId, 'bot').length === 1);
    await world.simulator.customer.say(visitor.conversationId, 'Are you there?');
    await answer(world, visitor, 'Yes');
    expect(saidAt8x8(world, visitor.conversationId, 'bot')).toEqual(['Hi', 'Yes']);
  });
});

describe('a conversation that comes back after the agent', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ options: { endpoint: { bot: 'test-bot', handBack: true } } });
    openWebChat(world);
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  it('is the bot’s again at once when 8x8 says so, and can be handed over again', async () => {
    const visitor = await visit(world, 'A human, please');
    for (const nth of [1, 2]) {
      const handoverId = await handOver(world, visitor);
      await world.simulator.agent.say(visitor.conversationId, `Done ${nth}`, 'agent-ann');
      await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
      expect((await world.bot.event(handoverId, 'handover.completed')).data.endReason).toBe('agent');
      const resumed = await world.bot.event(visitor.id, 'conversation.resumed', nth);
      expect(resumed.data).toMatchObject({ conversationId: visitor.id, handoverId });
      await world.simulator.customer.say(visitor.conversationId, `Back ${nth}`);
      await world.bot.event(visitor.id, 'message.created', nth + 1);
      await answer(world, visitor, `Welcome back ${nth}`);
    }
    expect(world.bot.texts(visitor.id)).toEqual(['A human, please', 'Back 1', 'Back 2']);
    expect(startsOf(world, visitor.conversationId)).toHaveLength(1);
    const { assignment } = world.simulator.conversation(visitor.conversationId);
    expect(assignment.type).toBe('webhook');
    await world.simulator.customer.leave(visitor.conversationId);
    expect((await world.bot.event(visitor.id, 'conversation.ended')).data.endReason).toBe('user');
  });

  it('brings along what the user said after the agent had left, when 8x8 says nothing', async () => {
    world.simulator.faults.set({ silentHandBack: true });
    const visitor = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    await world.simulator.customer.say(visitor.conversationId, 'To the agent');
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
    await world.simulator.customer.say(visitor.conversationId, 'To nobody');
    await world.bot.event(visitor.id, 'conversation.resumed');
    await world.simulator.customer.say(visitor.conversationId, 'To the bot');
    await world.bot.event(visitor.id, 'message.created', 3);
    expect(world.bot.texts(visitor.id)).toEqual(['A human, please', 'To nobody', 'To the bot']);
    expect(world.bot.types(handoverId)).not.toContain('message.created');
  });

  it('ends instead when the contact centre calls it over', async () => {
    const visitor = await visit(world, 'A human, please');
    await handOver(world, visitor);
    world.simulator.conversation(visitor.conversationId).postAgentAssignment = null;
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
    expect((await world.bot.event(visitor.id, 'conversation.ended')).data.endReason).toBe('agent');
    expect(world.bot.types(visitor.id)).not.toContain('conversation.resumed');
  });

  it('is handed over also when it is asked back already, or cannot be', async () => {
    const visitor = await visit(world, 'A human, please');
    const { conversationId } = visitor;
    const [webhook] = [...world.simulator.tenants.values()][0]!.webhooks.keys();
    world.simulator.conversation(conversationId).postAgentAssignment = { type: 'webhook', id: webhook! };
    await handOver(world, visitor);
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await world.bot.event(visitor.id, 'conversation.resumed');

    const other = await visit(world, 'A human, please');
    world.simulator.faults.set({ api: [{ match: { path: 'post-agent-assignment$' }, fault: { status: 403 } }] });
    await handOver(world, other);
    await world.simulator.agent.leave(other.conversationId, 'agent-ann');
    await world.bot.event(other.id, 'conversation.ended');
  });

  it('tells the same when every event comes twice and the agent’s leaving comes last', async () => {
    world.simulator.faults.set({ duplicateEvents: true, reorder: true });
    const visitor = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
    await world.bot.event(visitor.id, 'conversation.resumed');
    await world.simulator.customer.say(visitor.conversationId, 'Again');
    await world.bot.event(visitor.id, 'message.created', 2);
    expect(world.bot.types(visitor.id)).toEqual([
      'conversation.started',
      'message.created',
      'conversation.resumed',
      'message.created',
    ]);
    expect(world.bot.types(handoverId).filter((type) => type === 'handover.completed')).toHaveLength(1);
  });
});
