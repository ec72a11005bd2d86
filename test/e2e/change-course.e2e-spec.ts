import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProviderSession } from '#contract';
import type { Gateway } from '../../apps/gateway/gateway.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World } from '../support/world.js';

describe('changing the course of a handover', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const change = (id: string, body: object) => world.api('patch', `/v1/handovers/${id}`).send(body);
  const moved = (id: string, queue: string): Promise<unknown> =>
    until(`queue ${queue}`, async () => ((await world.read(id)).queue as { id: string } | null)?.id === queue);

  it('re-routes and updates before 8x8 has said a word of the conversation', async () => {
    world.simulator.faults.set({ delayMs: 200, webhookDelayMs: 300 });
    const id = await world.requestHandover({ user: { name: 'Ann', email: 'ann@example.com' } });
    await change(id, { settings: { queueId: ' 102 ' }, user: { name: 'Ann Onym' } }).expect(200);
    const conversationId = await world.conversationOf(id);
    await moved(id, '102');
    await until('the name', () => world.simulator.conversation(conversationId).user.name === 'Ann Onym');
    expect(world.simulator.conversation(conversationId).user).toMatchObject({ email: 'ann@example.com' });
    expect(world.bot.types(id)).not.toContain('handover.update_failed');
  });

  it('re-routes while it waits; the bot hears of the new queue once', async () => {
    const { id, conversationId } = await world.handover();
    await world.bot.event(id, 'handover.queued');
    await change(id, { settings: { queueId: '102' } }).expect(200);
    const second = await world.bot.event(id, 'handover.queued', 2);
    expect(second.data.queue).toEqual({ id: '102', name: 'Billing' });
    expect(world.simulator.conversation(conversationId).waitingIn).toBe('102');
    expect(world.bot.types(id)).toEqual(['handover.queued', 'handover.queued']);
  });

  it('takes the handover from its agent into another queue, and does not end it', async () => {
    const { id, conversationId } = await world.active();
    await change(id, { settings: { queueId: '102' } }).expect(200);
    await world.bot.event(id, 'agent.left');
    await world.status(id, 'queued');
    await world.say(id, 'between two agents');
    await world.simulator.agent.join(conversationId, 'agent-ben');
    await world.bot.event(id, 'handover.active', 2);
    const left = await world.bot.event(id, 'agent.left');
    await until('the end of the grace', () => Date.now() > Date.parse(left.timestamp) + 1_500);
    expect(await world.read(id)).toMatchObject({ status: 'active', agent: { id: 'agent-ben' }, queue: { id: '102' } });
    const types = world.bot.types(id);
    expect(types.filter((type) => type === 'handover.transferred')).toHaveLength(1);
    expect(types.some((type) => /completed|cancelled|failed/.test(type))).toBe(false);
    expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual([
      'between two agents',
    ]);
  });

  it('tells the bot and the operator of a queue that 8x8 does not know; everything else goes on', async () => {
    const { id, conversationId } = await world.handover({ user: { name: 'Ann' } });
    await world.bot.event(id, 'handover.queued');
    await change(id, { settings: { queueId: '999' }, user: { phone: '1' } }).expect(200);
    await change(id, { user: { phone: '2' } }).expect(200);
    await world.say(id, 'still there?');
    const event = await world.bot.event(id, 'handover.update_failed');
    expect(event.data).toMatchObject({
      fields: ['/user', '/settings/queueId'],
      error: { message: expect.stringContaining('Queue ID 999 is invalid') as unknown },
    });
    await until('the message', () => world.simulator.conversation(conversationId).messages.length === 1);
    expect(world.simulator.conversation(conversationId).user).toMatchObject({ name: 'Ann', phone: '2' });
    expect(await world.read(id)).toMatchObject({ status: 'queued', queue: { id: '101' } });
    const { body } = await world.api('get', `/v1/deliveries?status=failed&handoverId=${id}`, ADMIN_KEY).expect(200);
    expect(body).toMatchObject({ data: [{ kind: 'update' }] });
    expect(world.bot.types(id).filter((type) => type === 'handover.update_failed')).toHaveLength(1);
  });

  it.each([[{ status: 502, after: true }], [{ status: 503, retryAfter: 1 }], [{ drop: 'after' }]])(
    'tries again when 8x8 does not answer as it should: %j',
    async (fault) => {
      const { id, conversationId } = await world.handover();
      await world.status(id, 'queued');
      const match = { method: 'PATCH', path: `/conversations/${conversationId}$` };
      world.simulator.faults.set({ api: [{ match, times: 1, fault: fault as never }] });
      await change(id, { user: { company: 'Acme' }, settings: { queueId: '102' } }).expect(200);
      await moved(id, '102');
      await until('the company', () => world.simulator.conversation(conversationId).user.company === 'Acme');
      await world.say(id, 'in order');
      await until('the message', () => world.simulator.conversation(conversationId).messages.length === 1);
      expect(world.bot.types(id)).not.toContain('handover.update_failed');
    },
  );

  it('merges the customer by field, and checks what it comes to', async () => {
    const properties = Object.fromEntries(Array.from({ length: 29 }, (_, index) => [`k${index}`, 'v']));
    const { id } = await world.handover({ user: { name: 'Ann', email: 'ann@example.com', properties } });
    const before = (await world.read(id)).user;
    const tooMany = await change(id, { user: { properties: { ...properties, more: 'x' } } }).expect(400);
    expect((tooMany.body as { errors: object[] }).errors).toMatchObject([{ pointer: '/user/properties' }]);
    await change(id, { user: { email: 'nobody' } }).expect(400);
    expect((await world.read(id)).user).toEqual(before);
    const { body } = await change(id, { user: { name: 'Bea', properties: { only: 'this' } } }).expect(200);
    expect((body as { user: object }).user).toEqual({
      name: 'Bea',
      email: 'ann@example.com',
      properties: { only: 'this' },
    });
  });

  it.each([
    [{ settings: {} }, '/settings/queueId'],
    [{ settings: { queueId: '  ' } }, '/settings/queueId'],
    [{ settings: { queueId: 102 } }, '/settings/queueId'],
    [{ settings: { channelId: 'x', queueId: '102' } }, '/settings/channelId'],
    [{ user: null }, '/user'],
    [{ user: { name: 'x'.repeat(256) } }, '/user/name'],
    [{ status: 'active' }, '/status'],
  ])('refuses %j', async (body, pointer) => {
    const { id } = await world.handover();
    const answer = await change(id, body).expect(400);
    expect((answer.body as { errors: object[] }).errors).toMatchObject([{ pointer }]);
  });

  it('is too late once the handover is closing or over', async () => {
    const { id } = await world.handover();
    await world.status(id, 'queued');
    world.simulator.faults.set({ delayMs: 500 });
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await change(id, { user: { name: 'x' } }).expect(409);
    await change(id, { settings: { queueId: '102' } }).expect(409);
    await change(id, { metadata: { note: 1 } }).expect(200);
    await world.status(id, 'cancelled');
    for (const body of [{ user: { name: 'x' } }, { settings: { queueId: '102' } }, { metadata: 2 }, {}])
      await change(id, body).expect(409);
    expect(await world.read(id)).toMatchObject({ metadata: { note: 1 }, settings: {} });
  });

  it('answers 409 where the contact centre cannot do it', async () => {
    const { id } = await world.handover();
    const { session } = (world.gateway as Gateway).runtime.registry.get('support-8x8')!;
    Object.defineProperty(session, 'update', { value: undefined, configurable: true });
    try {
      const { body } = await change(id, { settings: { queueId: '102' } }).expect(409);
      expect(body).toMatchObject({ reason: 'unsupported' });
      await change(id, { metadata: 1 }).expect(200);
    } finally {
      delete (session as Partial<ProviderSession>).update;
    }
    expect((await world.read(id)).settings).toEqual({});
  });
});
