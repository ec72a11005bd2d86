import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

describe('an outage', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

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
