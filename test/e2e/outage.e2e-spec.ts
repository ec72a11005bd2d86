import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const HOUR_MS = 3_600_000;

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

  it('need not be long for the gateway to ask at once when it is back', async () => {
    const { id, conversationId } = await world.active();
    // It was asked about a moment before, and the next turn is minutes away.
    const turn = `inspect_at = now() + interval '4 minutes', created_at = created_at - interval '10 minutes'`;
    await world.database.query(`UPDATE handover SET ${turn} WHERE id = $1`, [id]);
    await world.stopGateway();
    world.simulator.faults.set({ dropEvents: ['*'] });
    await world.simulator.agent.say(conversationId, 'Are you there?', 'agent-ann');
    const [said] = world.simulator.conversation(conversationId).messages;
    said!.createdAt -= 60_000;
    await world.startGateway();
    await until('the message', () => world.bot.texts(id).includes('Are you there?'));
  });
});
