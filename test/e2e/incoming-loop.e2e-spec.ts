import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { answer, handOver, openWebChat, visit } from '../support/visitors.js';
import { World } from '../support/world.js';

/** One after the other; those of a batch at the same time. */
const BATCHES = 10;
const BATCH = 2;
/** Each: a message and its answer. */
const TALKS = 10;
const HANDOVERS = 2;
/** 10 × 2 conversations of 2 × (10 messages + 10 answers + hand-over + agent, user, agent + back) = 50 steps. */
const STEPS = BATCHES * BATCH * HANDOVERS * (TALKS * 2 + 5);

let world: World;
let steps = 0;
beforeAll(async () => {
  world = await World.start({ options: { endpoint: { bot: 'test-bot', handBack: true } } });
  openWebChat(world);
});
afterAll(() => world.stop());

describe(`${STEPS} steps with 8x8 on both sides`, () => {
  it.each(Array.from({ length: BATCHES }, (_, batch) => batch))(
    'bring no echo, no doubled message and no second conversation (part %i)',
    async (batch) => {
      await Promise.all(Array.from({ length: BATCH }, (_, index) => play(batch * BATCH + index)));
      expect(world.simulator.conversations()).toHaveLength((batch + 1) * BATCH);
      const { body } = await world.api('get', '/v1/conversations?limit=200').expect(200);
      expect((body as { data: unknown[] }).data).toHaveLength((batch + 1) * BATCH);
    },
  );

  it('are as many as they are said to be', () => {
    expect(STEPS).toBe(1_000);
    expect(steps).toBe(STEPS);
  });
});

async function play(index: number): Promise<void> {
  const { customer, agent } = world.simulator;
  const visitor = await visit(world, `${index} user 0.0`);
  const { id, conversationId } = visitor;
  const said: string[] = [];
  const heard: string[] = [];
  const heardOfAgent: string[] = [];
  for (let round = 0; round < HANDOVERS; round++) {
    for (let talk = 0; talk < TALKS; talk++) {
      const text = `${index} user ${round}.${talk}`;
      if (heard.length > 0) await customer.say(conversationId, text);
      heard.push(text);
      await world.bot.event(id, 'message.created', heard.length);
      await answer(world, visitor, `${index} bot ${round}.${talk}`);
      said.push(text, `${index} bot ${round}.${talk}`);
      steps += 2;
    }
    const handoverId = await handOver(world, visitor);
    const between = [`${index} agent ${round}.0`, `${index} user to agent ${round}`, `${index} agent ${round}.1`];
    await agent.say(conversationId, between[0]!, 'agent-ann');
    await customer.say(conversationId, between[1]!);
    await agent.say(conversationId, between[2]!, 'agent-ann');
    await world.bot.event(handoverId, 'message.created', 2);
    await agent.leave(conversationId, 'agent-ann');
    await world.bot.event(id, 'conversation.resumed', round + 1);
    said.push(...between);
    steps += 5;
    heardOfAgent.push(...world.bot.texts(handoverId).map(String));
  }
  await until('all at 8x8', () => world.simulator.conversation(conversationId).messages.length >= said.length);
  expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual(said);
  expect(world.bot.texts(id)).toEqual(heard);
  expect(heardOfAgent).toEqual(said.filter((text) => text.startsWith(`${index} agent`)));
  expect(world.bot.events(id).map(({ data }) => data.sequence)).toEqual(world.bot.events(id).map((_, at) => at + 1));
}
