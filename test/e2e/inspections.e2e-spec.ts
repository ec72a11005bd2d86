import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const looksAt = (world: World, conversationId: string): number[] =>
  world.simulator.requests
    .filter(({ method, path }) => method === 'GET' && path.endsWith(`/conversations/${conversationId}`))
    .map(({ at }) => at);

describe('looking at how open conversations stand', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ settings: { reconcile: '1s' } });
  });
  afterEach(async () => {
    world.simulator.faults.reset();
    // What is over is not asked about, so the next test has all turns to itself.
    await world.database.query(`UPDATE handover SET status = 'completed'`);
  });
  afterAll(() => world.stop());

  const askedFor = (conversationId: string): number => looksAt(world, conversationId).length;

  it('asks no more about a handover that is over', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await world.status(id, 'completed');
    const asked = askedFor(conversationId);
    const other = await world.active();
    await until('other looks', () => askedFor(other.conversationId) >= 2);
    expect(askedFor(conversationId)).toBe(asked);
  });

  it('is done by one of several replicas, at its time', async () => {
    const { conversationId } = await world.active();
    const replica = await world.startReplica();
    try {
      const before = askedFor(conversationId);
      const begun = Date.now();
      await until('five looks', () => askedFor(conversationId) >= before + 5);
      // One a second: the first of them may come at once. Two replicas that both look are through in half the time.
      expect(looksAt(world, conversationId)[before + 4]! - begun).toBeGreaterThan(3_000);
    } finally {
      await replica.stop();
    }
  });
});
