import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { answer, handOver, openWebChat, visit } from '../support/visitors.js';
import { World } from '../support/world.js';

describe('a gateway that is killed during an incoming conversation', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      asProcess: true,
      options: { endpoint: { bot: 'test-bot', handBack: true } },
      // 8x8 does not wait long for a gateway that is back.
      simulator: { webhookRetryDelaysMs: Array.from({ length: 200 }, () => 200) },
    });
    openWebChat(world);
  });
  afterAll(() => world.stop());

  /** Each event once and in order, whatever was sent twice. */
  const numbersOf = (id: string): number[] => [...new Set(world.bot.events(id).map(({ data }) => data.sequence))];

  it('moves it to the queue once, when it dies before it has heard of the move', async () => {
    const visitor = await visit(world, 'A human, please');
    world.simulator.faults.set({ api: [{ match: { method: 'PATCH' }, times: 1, fault: { hang: 'after' } }] });
    const started = await world.api('post', `/v1/conversations/${visitor.id}/handover`).send({}).expect(201);
    const { id } = started.body as { id: string };
    await world.bot.event(id, 'handover.queued');
    world.simulator.faults.reset();
    await world.killGateway();
    await world.simulator.agent.join(visitor.conversationId, 'agent-ann');
    await world.startGateway();
    await world.bot.event(id, 'handover.active', 1);
    await until('the move to be looked up and noted', async () => {
      const lanes = await world.database.query(`SELECT 1 FROM lane WHERE handover_id = $1`, [id]);
      return lanes.length === 0;
    });
    const moves = world.simulator.requests.filter(
      ({ method, path, status }) => method === 'PATCH' && path.endsWith(visitor.conversationId) && status !== 0,
    );
    expect(moves).toEqual([]);
    expect(world.simulator.conversation(visitor.conversationId).assignment).toEqual({ type: 'agent', id: 'agent-ann' });
  });

  it('gives it back, with every event once, when it dies as the agent leaves', async () => {
    const visitor = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    // The next event waits for its callback, and nothing behind it is sent.
    world.bot.answers = Array.from({ length: 3 }, () => 503);
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
    await world.killGateway();
    await world.simulator.customer.say(visitor.conversationId, 'Is anybody there?');
    world.bot.answers = [];
    await world.startGateway();
    await world.bot.event(handoverId, 'handover.completed');
    await world.bot.event(visitor.id, 'conversation.resumed');
    await world.bot.event(visitor.id, 'message.created', 2);
    expect(world.bot.texts(visitor.id)).toEqual(['A human, please', 'Is anybody there?']);
    expect(numbersOf(visitor.id)).toEqual([1, 2, 3, 4]);
    expect(numbersOf(handoverId)).toEqual([1, 2, 3, 4, 5]);
    await answer(world, visitor, 'Here I am');
  });
});
