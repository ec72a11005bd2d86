import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../support/world.js';

const CREATE = { method: 'POST', path: '/conversations$' };

describe('a gateway that is stopped in the middle of its work and starts again', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      asProcess: true,
      simulator: { webhookRetryDelaysMs: [300, 300, 1_000, 3_000, 5_000] },
    });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  it('goes on with a conversation as if nothing had been, after a stop', async () => {
    const { id, conversationId } = await world.active();
    await world.say(id, 'before');
    await world.simulator.agent.say(conversationId, 'agent before', 'agent-ann');
    await world.bot.event(id, 'message.created');
    await world.stopGateway();
    const meanwhile = world.simulator.agent.say(conversationId, 'agent meanwhile', 'agent-ann');
    await world.startGateway();
    await world.say(id, 'after');
    await meanwhile;
    await world.bot.event(id, 'message.created', 2);
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await world.status(id, 'completed');
    await world.delivered(id);
    expect(world.userTexts(conversationId)).toEqual(['before', 'after']);
    expect(world.bot.texts(id)).toEqual(['agent before', 'agent meanwhile']);
    const sequences = world.bot.events(id).map(({ data }) => data.sequence);
    expect(sequences).toEqual(sequences.map((_, index) => index + 1));
  });

  it('does not start with another encryption key, and says which one is wrong', async () => {
    await world.stopGateway();
    const HANDOVER_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64');
    await expect(world.startGateway({ HANDOVER_ENCRYPTION_KEY })).rejects.toThrow(
      /was encrypted with the key .* HANDOVER_PREVIOUS_ENCRYPTION_KEYS/,
    );
    await world.startGateway();
  });

  it('exits with 0 on SIGTERM even while 8x8 keeps it waiting', async () => {
    world.simulator.faults.set({ api: [{ match: CREATE, times: 1, fault: { hang: 'before' } }] });
    await world.requestHandover();
    // It ends itself with another code when that takes too long.
    expect(await world.gateway.stop()).toBe(0);
    await world.startGateway();
  });
});
