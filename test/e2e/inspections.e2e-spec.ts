import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const HOUR_MS = 3_600_000;

const looksAt = (world: World, conversationId: string): number[] =>
  world.simulator.requests
    .filter(({ method, path }) => method === 'GET' && path.endsWith(`/conversations/${conversationId}`))
    .map(({ at }) => at);

describe('looking at how open conversations stand', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ settings: { reconcile: '1s' } });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const askedFor = (conversationId: string): number => looksAt(world, conversationId).length;

  it('is done by one of several replicas, at its time', async () => {
    const { conversationId } = await world.active();
    const replica = await world.startReplica();
    try {
      const before = askedFor(conversationId);
      await until('five looks', () => askedFor(conversationId) >= before + 5, 20_000);
      const times = looksAt(world, conversationId);
      const pauses = times.slice(1).map((at, index) => at - times[index]!);
      expect(Math.min(...pauses)).toBeGreaterThan(850);
    } finally {
      await replica.stop();
    }
  });

  it('ends nothing because the account does not work', async () => {
    const { id, conversationId } = await world.handover();
    await world.status(id, 'queued');
    const wrongTenant = { match: { method: 'GET', path: 'conversations' }, fault: { status: 404 } };
    world.simulator.faults.set({ api: [wrongTenant] });
    const before = askedFor(conversationId);
    await until('two looks', () => askedFor(conversationId) >= before + 2, 20_000);
    expect((await world.read(id)).status).toBe('queued');
  });

  it('asks no more about a handover that is over', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await world.status(id, 'completed');
    const asked = askedFor(conversationId);
    const other = await world.active();
    await until('other looks', () => askedFor(other.conversationId) >= 6, 20_000);
    expect(askedFor(conversationId)).toBe(asked);
  });

  it('catches up once the contact centre answers again', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ dropEvents: ['*'] });
    const down = { match: { method: 'GET' }, times: 3, fault: { status: 503 } };
    world.simulator.faults.set({ api: [down] });
    await world.simulator.agent.say(conversationId, 'in the dark', 'agent-ann');
    await until('the message', () => world.bot.texts(id).length === 1, 20_000);
    expect(world.simulator.requests.filter(({ status }) => status === 503).length).toBeGreaterThanOrEqual(3);
  });

  it('delivers messages while the contact centre does not answer when it is asked', async () => {
    const { id, conversationId } = await world.active();
    const hang = { match: { method: 'GET' }, times: 1_000, fault: { hang: 'before' as const } };
    world.simulator.faults.set({ api: [hang] });
    await until('a look that hangs', () => world.simulator.faults.current.api[0]!.times! < hang.times);
    const begin = Date.now();
    for (let count = 0; count < 20; count++) {
      await world.say(id, `to the agent ${count}`);
      await world.simulator.agent.say(conversationId, `to the user ${count}`, 'agent-ann');
    }
    await until('all', () => world.bot.texts(id).length === 20);
    await until('all', () => world.simulator.conversation(conversationId).messages.length === 40);
    expect(Date.now() - begin).toBeLessThan(5_000);
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await world.bot.event(id, 'handover.completed');
  });
});

describe('an outage of an hour', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  /** Everything that has happened so far has happened an hour earlier. */
  const anHourPasses = async (id: string, conversationId: string): Promise<void> => {
    const [row] = await world.database.query(`SELECT lifecycle::text FROM handover WHERE id = $1`, [id]);
    const lifecycle = JSON.parse(row!.lifecycle as string) as { baseAt: number; facts: { at: number }[] };
    for (const fact of lifecycle.facts) fact.at -= HOUR_MS;
    const hour = `interval '1 hour'`;
    await world.database.query(
      `UPDATE handover SET lifecycle = $2, created_at = created_at - ${hour}, bound_at = bound_at - ${hour},
         queued_at = queued_at - ${hour}, active_at = active_at - ${hour} WHERE id = $1`,
      [id, JSON.stringify(lifecycle)],
    );
    await world.database.query(`UPDATE message SET at = at - ${hour} WHERE handover_id = $1`, [id]);
    const conversation = world.simulator.conversation(conversationId);
    conversation.lastEventAt -= HOUR_MS;
    for (const message of conversation.messages) message.createdAt -= HOUR_MS;
  };

  it('loses no message and closes what was closed, with no event of that time or with all of them an hour late', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.say(conversationId, 'before', 'agent-ann');
    await world.bot.event(id, 'message.created');
    await world.stopGateway();
    world.simulator.faults.set({ dropEvents: ['*'] });
    const said = Array.from({ length: 120 }, (_, index) => (index % 3 === 0 ? 'ok' : `minute ${index / 2}`));
    for (const text of said) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await anHourPasses(id, conversationId);
    const { messages } = world.simulator.conversation(conversationId);
    messages.slice(1).forEach((message, index) => (message.createdAt += index * 30_000));
    world.simulator.faults.reset();

    await world.startGateway();
    await until('what was said meanwhile', () => world.bot.texts(id).length === said.length + 1);
    for (const { text, createdAt } of messages.slice(1)) {
      const data = { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text };
      await world.simulator.emit({ eventType: 'MESSAGE', conversationId, timestamp: createdAt + 25, data });
    }
    expect(await world.status(id, 'completed')).toMatchObject({ endReason: 'agent' });
    await world.bot.event(id, 'handover.completed');
    expect(world.bot.texts(id)).toEqual(['before', ...said]);
    expect(world.bot.types(id).slice(-2)).toEqual(['agent.left', 'handover.completed']);
    expect((await world.transcript(id)).map(({ text }) => text)).toEqual(['before', ...said]);
  });
});
