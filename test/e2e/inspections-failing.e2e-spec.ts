import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

describe('looking at how open conversations stand, where that does not work', () => {
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

  const askedFor = (conversationId: string): number =>
    world.simulator.requests.filter(
      ({ method, path }) => method === 'GET' && path.endsWith(`/conversations/${conversationId}`),
    ).length;

  it('ends nothing because the account does not work', async () => {
    const { id, conversationId } = await world.handover();
    await world.status(id, 'queued');
    const wrongTenant = { match: { method: 'GET', path: 'conversations' }, fault: { status: 404 } };
    world.simulator.faults.set({ api: [wrongTenant] });
    const before = askedFor(conversationId);
    await until('two looks', () => askedFor(conversationId) >= before + 2);
    expect((await world.read(id)).status).toBe('queued');
  });

  it('catches up once the contact centre answers again', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ dropEvents: ['*'] });
    const down = { match: { method: 'GET' }, times: 1, fault: { status: 503 } };
    world.simulator.faults.set({ api: [down] });
    await world.simulator.agent.say(conversationId, 'in the dark', 'agent-ann');
    await until('the message', () => world.bot.texts(id).length === 1);
    expect(world.simulator.requests.filter(({ status }) => status === 503)).toHaveLength(1);
  });

  it('delivers messages while the contact centre does not answer when it is asked', async () => {
    const { id, conversationId } = await world.active();
    const hang = { match: { method: 'GET' }, times: 1_000, fault: { hang: 'before' as const } };
    world.simulator.faults.set({ api: [hang] });
    await until('a look that hangs', () => world.simulator.faults.current.api[0]!.times! < hang.times);
    const asked = askedFor(conversationId);
    for (let count = 0; count < 20; count++) {
      await world.say(id, `to the agent ${count}`);
      await world.simulator.agent.say(conversationId, `to the user ${count}`, 'agent-ann');
    }
    await until('all', () => world.bot.texts(id).length === 20);
    await until('all', () => world.simulator.conversation(conversationId).messages.length === 40);
    // A look that hangs is recorded once it was given up: everything came before that.
    expect(askedFor(conversationId)).toBe(asked);
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await world.bot.event(id, 'handover.completed');
  });
});
