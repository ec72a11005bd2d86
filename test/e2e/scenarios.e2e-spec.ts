import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { activeIn, CENTRES, startBothCentres, type BothCentres, type Centre } from '../support/centres.js';
import { until } from '../support/wait.js';

let both: BothCentres;
let world: BothCentres['world'];
beforeAll(async () => {
  both = await startBothCentres({ asProcess: true });
  world = both.world;
});
afterAll(() => both.stop());

describe.each(CENTRES)('a handover to %s', (_, centreOf) => {
  let centre: Centre;
  beforeAll(() => void (centre = centreOf(both)));
  afterEach(() => centre.recover());

  const close = (id: string, reason: 'bot' | 'user' = 'bot') =>
    world.api('post', `/v1/handovers/${id}/close`).send({ reason }).expect(202);
  const isHeard = (conversationId: string, texts: string[]): Promise<unknown> =>
    until(`${texts.join(', ')} there`, () => centre.heard(conversationId).length >= texts.length);

  it('goes from the request to the end with texts both ways, as the same bot sees it', async () => {
    const { id, conversationId } = await activeIn(both, centre);
    for (const text of ['Hello', 'ok', 'ok']) await world.say(id, text);
    await isHeard(conversationId, ['Hello', 'ok', 'ok']);
    for (const text of ['How can I help?', 'Bye', 'Bye']) await centre.say(conversationId, text);
    await centre.finish(conversationId);
    const ended = await world.bot.event(id, 'handover.completed');
    expect(ended.data.endReason).toBe('agent');
    expect(centre.heard(conversationId)).toEqual(['Hello', 'ok', 'ok']);
    expect(world.bot.texts(id)).toEqual(['How can I help?', 'Bye', 'Bye']);
    expect(world.bot.types(id)).toEqual([
      'handover.queued',
      'agent.joined',
      'handover.active',
      'message.created',
      'message.created',
      'message.created',
      'agent.left',
      'handover.completed',
    ]);
    expect(world.bot.events(id).map(({ data }) => data.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect((await world.bot.event(id, 'agent.joined')).data.agent).toMatchObject({ id: centre.agents[0] });
  });

  it('goes on in another queue and with another agent', async () => {
    const { id, conversationId } = await activeIn(both, centre);
    await centre.transfer(conversationId);
    const queued = await world.bot.event(id, 'handover.queued', 2);
    expect(queued.data.queue).toMatchObject({ id: centre.otherQueue });
    await world.say(id, 'Anybody there?');
    await centre.join(conversationId, 1);
    await world.bot.event(id, 'handover.active', 2);
    expect((await world.read(id)).agent).toMatchObject({ id: centre.agents[1] });
    await centre.say(conversationId, 'Yes');
    await world.bot.event(id, 'message.created');
    await isHeard(conversationId, ['Anybody there?']);
    expect(world.bot.types(id).filter((type) => /transferred|completed|cancelled/.test(type))).toEqual([
      'handover.transferred',
    ]);
    await close(id);
    await world.bot.event(id, 'handover.completed');
  });

  it.each(['bot', 'user'] as const)('ends from the side of the %s, after what was said before', async (reason) => {
    const { id, conversationId } = await activeIn(both, centre);
    await world.say(id, 'One last thing');
    await close(id, reason);
    expect((await world.bot.event(id, 'handover.completed')).data.endReason).toBe(reason);
    await until('the end there', () => centre.isOver(conversationId));
    expect(centre.heard(conversationId)).toEqual(['One last thing']);
  });

  it('is opened once and hears each message once, although the gateway is killed before it had the answers', async () => {
    const { id, conversationId } = await activeIn(both, centre);
    const before = centre.count();
    centre.hang();
    for (const text of ['same', 'same', 'other']) await world.say(id, text);
    const opening = await world.requestHandover({ provider: centre.provider });
    await isHeard(conversationId, ['same']);
    await until('the create', () => centre.count() > before);
    await world.killGateway();
    await world.startGateway();
    await world.delivered(id);
    expect(centre.heard(conversationId)).toEqual(['same', 'same', 'other']);
    await world.conversationOf(opening);
    expect(centre.count()).toBe(before + 1);
    for (const one of [id, opening]) await close(one);
  });
});
