import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const CREATE = { method: 'POST', path: '/conversations$' };
const SEND = { method: 'POST', path: '/messages$' };

describe('a gateway that is killed in the middle of its work and starts again', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      asProcess: true,
      simulator: { webhookRetryDelaysMs: [300, 300, 1_000, 3_000, 5_000] },
    });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  it('opens no second conversation when it is killed before it had the answer to the create', async () => {
    // No event tells of the conversation either: only a look at 8x8 can.
    world.simulator.faults.set({ dropEvents: ['*'], api: [{ match: CREATE, times: 1, fault: { hang: 'after' } }] });
    const before = world.simulator.conversations().length;
    const id = await world.requestHandover();
    await world.say(id, 'hello');
    await until('the create', () => world.simulator.conversations().length > before);
    await world.killGateway();
    await world.startGateway();
    const conversationId = await world.conversationOf(id);
    await world.delivered(id);
    expect(world.simulator.conversations()).toHaveLength(before + 1);
    expect(world.userTexts(conversationId)).toEqual(['hello']);
  });

  it('sends no message twice when it is killed before it had the answer', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { hang: 'after' } }] });
    for (const text of ['same', 'same', 'other']) await world.say(id, text);
    await until('the first to arrive', () => world.userTexts(conversationId).length === 1);
    await world.killGateway();
    await world.startGateway();
    await world.delivered(id);
    expect(world.userTexts(conversationId)).toEqual(['same', 'same', 'other']);
  });

  it('delivers what it had accepted when it is killed while the bot is away, in order', async () => {
    const { id, conversationId } = await world.active();
    world.bot.answers = [503, 503, 503];
    for (const text of ['one', 'two', 'three']) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    await world.killGateway();
    world.bot.answers = [];
    await world.startGateway();
    await until('three messages', () => world.bot.texts(id).length >= 3);
    expect(world.bot.texts(id)).toEqual(['one', 'two', 'three']);
  });
});
