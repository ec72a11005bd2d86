import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { answer, handOver, openWebChat, readConversation, saidAt8x8, visit } from '../support/visitors.js';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

describe('a handover of an incoming conversation whose webhooks get lost', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      settings: { reconcile: '1s' },
      options: { endpoint: { bot: 'test-bot', handBack: true } },
    });
    openWebChat(world);
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const loseMessages = (): void => world.simulator.faults.set({ dropEvents: ['MESSAGE'] });
  const asked = (conversationId: string): number =>
    world.simulator.requests.filter(({ method, path }) => method === 'GET' && path.includes(conversationId)).length;

  it('hears what its own agents said, once, and neither earlier ones, nor the bot, nor the user', async () => {
    const visitor = await visit(world, 'A human, please');
    const { id, conversationId } = visitor;
    const { agent, customer } = world.simulator;
    await answer(world, visitor, 'One moment');
    const first = await handOver(world, visitor);
    loseMessages();
    await agent.say(conversationId, 'Lost', 'agent-ann');
    await until('what was lost', () => world.bot.texts(first).length === 1);
    await agent.leave(conversationId, 'agent-ann');
    await world.bot.event(id, 'conversation.resumed');
    world.simulator.faults.reset();
    await customer.say(conversationId, 'Another one');
    await answer(world, visitor, 'Again, one moment');
    const second = await handOver(world, visitor);
    loseMessages();
    await customer.say(conversationId, 'Nobody tells of this');
    await world.api('post', `/v1/handovers/${second}/messages`).send({ text: 'From the bot', author: 'bot' });
    await until('it at 8x8', () => saidAt8x8(world, conversationId, 'bot').includes('From the bot'));
    for (const text of ['Lost', 'Lost too']) await agent.say(conversationId, text, 'agent-ann');
    await until('what was lost then', () => world.bot.texts(second).length === 2);
    const before = asked(conversationId);
    await until('two more looks', () => asked(conversationId) >= before + 6);
    expect(world.bot.texts(first)).toEqual(['Lost']);
    expect(world.bot.texts(second)).toEqual(['Lost', 'Lost too']);
    expect(world.bot.texts(id)).toEqual(['A human, please', 'Another one']);
    expect((await world.transcript(second)).map(({ author, text }) => [author.type, text])).toEqual([
      ['bot', 'From the bot'],
      ['agent', 'Lost'],
      ['agent', 'Lost too'],
    ]);
  });

  it('gives the conversation back though nothing told that the agent has left', async () => {
    const visitor = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    world.simulator.faults.set({ dropEvents: ['*'] });
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
    expect((await world.bot.event(handoverId, 'handover.completed')).data.endReason).toBe('agent');
    await world.bot.event(visitor.id, 'conversation.resumed');
    expect(await readConversation(world, visitor.id)).toMatchObject({ status: 'open', control: 'bot' });
  });

  it('lets the bot hear what the user said to nobody, though nothing told that the agent was gone', async () => {
    const visitor = await visit(world, 'A human, please');
    const { id, conversationId } = visitor;
    const { agent, customer } = world.simulator;
    const handoverId = await handOver(world, visitor);
    await customer.say(conversationId, 'The answer is 42');
    await agent.say(conversationId, 'Thank you', 'agent-ann');
    await until('the answer', () => world.bot.texts(handoverId).includes('Thank you'));
    world.simulator.faults.set({ dropEvents: ['MEMBERS_CHANGED', 'CONVERSATION_UPDATE'] });
    await agent.leave(conversationId, 'agent-ann');
    await customer.say(conversationId, 'Anybody?');
    await world.bot.event(id, 'conversation.resumed');
    await until('what nobody heard', () => world.bot.texts(id).length === 2);
    expect(world.bot.texts(id)).toEqual(['A human, please', 'Anybody?']);
  });

  it('is not asked about while the bot has the conversation, and such a one ends when its event says so', async () => {
    const visitor = await visit(world, 'Hello');
    const other = await visit(world, 'A human, please');
    const handoverId = await handOver(world, other);
    await until('some looks at the other one', () => asked(other.conversationId) >= 9);
    expect(asked(visitor.conversationId)).toBe(0);
    await world.simulator.customer.leave(visitor.conversationId);
    expect((await world.bot.event(visitor.id, 'conversation.ended')).data.endReason).toBe('user');
    expect(asked(visitor.conversationId)).toBe(0);
    expect(world.bot.types(handoverId)).not.toContain('handover.completed');
  });
});
