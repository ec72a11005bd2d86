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
  /** What the events of everything said would have been, had they not been lost. */
  const lateEvents = (conversationId: string): object[] =>
    world.simulator.conversation(conversationId).messages.map(({ authorType, authorId, text, createdAt }) => ({
      eventType: 'MESSAGE',
      conversationId,
      timestamp: createdAt + 40,
      data: { isEcho: false, sender: { id: authorId, type: authorType }, text },
    }));

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

  it('takes events that come late after all for what they are', async () => {
    const { id, conversationId } = await world.active();
    loseAll();
    await world.simulator.agent.say(conversationId, 'lost', 'agent-ann');
    await world.simulator.agent.say(conversationId, 'lost', 'agent-ann');
    await world.simulator.agent.join(conversationId, 'agent-ben');
    const joinedAt = world.simulator.conversation(conversationId).lastEventAt;
    await world.bot.event(id, 'agent.joined', 2);
    await until('both messages', () => world.bot.texts(id).length === 2);
    world.simulator.faults.reset();
    const joined = { memberType: 'agent', change: 'joined', id: 'agent-ben' };
    for (const event of [
      { eventType: 'MEMBERS_CHANGED', conversationId, timestamp: joinedAt, data: joined },
      ...lateEvents(conversationId),
    ])
      expect(await world.simulator.emit(event as never)).toEqual({ status: 204 });
    await world.simulator.agent.say(conversationId, 'heard', 'agent-ann');
    await until('the next message', () => world.bot.texts(id).includes('heard'));
    expect(world.bot.texts(id)).toEqual(['lost', 'lost', 'heard']);
    expect(world.bot.types(id).filter((type) => type === 'agent.joined')).toHaveLength(2);
    const verdicts = await world.database.query(`SELECT status, reason FROM inbox WHERE reason = 'caught up before'`);
    expect(verdicts).toEqual(Array.from({ length: 2 }, () => ({ status: 'ignored', reason: 'caught up before' })));
  });

  it('loses nothing that was said just before an end whose event does come', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ dropEvents: ['MESSAGE'] });
    for (const text of ['This', 'got', 'lost']) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    await world.bot.event(id, 'handover.completed');
    expect(world.bot.texts(id)).toEqual(['This', 'got', 'lost']);
    expect(world.bot.types(id).at(-1)).toBe('handover.completed');
  });

  it.each([
    ['by and by', false],
    ['just before an end', true],
  ])('brings the files of what was lost %s', async (_, ends) => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ dropEvents: ['MESSAGE'] });
    const { agent } = world.simulator;
    await agent.say(conversationId, 'See here', 'agent-ann');
    await agent.sendFile(conversationId, { filename: 'offer.txt', content: 'an offer' }, 'the offer', 'agent-ann');
    await agent.say(conversationId, 'All right?', 'agent-ann');
    if (ends) await agent.leave(conversationId, 'agent-ann');
    await world.bot.event(id, ends ? 'handover.completed' : 'message.created', ends ? 1 : 3);
    expect(world.bot.texts(id)).toEqual(['See here', 'the offer', 'All right?']);
    const { message } = (await world.bot.event(id, 'message.created', 2)).data;
    const [file] = message!.attachments as { id: string; filename: string; size: number }[];
    expect(file).toMatchObject({ filename: 'offer.txt', size: 8 });
    const { text } = await world.api('get', `/v1/handovers/${id}/attachments/${file!.id}`).expect(200);
    expect(text).toBe('an offer');
  });

  it('keeps a handover that goes on in a queue, though only the leaving was told', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ dropEvents: ['TRANSFER', 'QUEUED', 'CONVERSATION_UPDATE'] });
    await world.simulator.agent.transfer(conversationId, '102');
    const queued = await world.status(id, 'queued');
    expect(queued.queue).toMatchObject({ id: '102' });
    world.simulator.faults.reset();
    await world.simulator.agent.join(conversationId, 'agent-ben');
    await world.status(id, 'active');
    expect(world.bot.types(id)).not.toContain('handover.completed');
  });

  it('ends what the contact centre knows nothing of any more', async () => {
    const { id, conversationId } = await world.handover();
    await world.status(id, 'queued');
    world.simulator.tenants.get('acme01')!.conversations.delete(conversationId);
    expect(await world.status(id, 'cancelled')).toMatchObject({ endReason: 'contact_center' });
  });
});
