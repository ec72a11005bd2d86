import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

describe('a contact centre whose webhooks get lost', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ settings: { reconcile: '1s' } });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const loseAll = (): void => world.simulator.faults.set({ dropEvents: ['*'] });
  const numbered = (id: string): number[] => world.bot.events(id).map(({ data }) => data.sequence);

  it('hears of a whole conversation without a single one, in order and once', async () => {
    loseAll();
    const { id, conversationId } = await world.handover();
    await world.status(id, 'queued');
    await world.simulator.agent.join(conversationId, 'agent-ann');
    await world.status(id, 'active');
    for (const text of ['Hello', 'ok', 'ok', 'How can I help?'])
      await world.simulator.agent.say(conversationId, text, 'agent-ann');
    await until('four messages', () => world.bot.texts(id).length === 4);
    await world.simulator.agent.say(conversationId, 'Bye', 'agent-ann');
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    const ended = await world.status(id, 'completed');
    expect(ended.endReason).toBe('agent');
    await world.bot.event(id, 'handover.completed');
    expect(world.bot.texts(id)).toEqual(['Hello', 'ok', 'ok', 'How can I help?', 'Bye']);
    expect(world.bot.types(id)).toEqual([
      'handover.queued',
      'agent.joined',
      'handover.active',
      ...Array.from({ length: 5 }, () => 'message.created'),
      'agent.left',
      'handover.completed',
    ]);
    expect(numbered(id)).toEqual(numbered(id).map((_, index) => index + 1));
  });
});
