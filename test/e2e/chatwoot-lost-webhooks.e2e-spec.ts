import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChatwootSimulator } from '../../apps/simulator/chatwoot/index.js';
import { messageEvent } from '../support/built.js';
import { activeInChatwoot, startChatwootWorld, SUPPORT_SECRET, webhookOf } from '../support/chatwoot.js';
import { until } from '../support/wait.js';
import type { World } from '../support/world.js';

describe('Chatwoot, which sends each webhook once', () => {
  let world: World;
  let chatwoot: ChatwootSimulator;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ world, chatwoot, stop } = await startChatwootWorld({ support: { reconcile: '1s' } }));
  });
  afterEach(() => chatwoot.faults.reset());
  afterAll(() => stop());

  const loseAll = (): void => chatwoot.faults.set({ dropEvents: ['*'] });
  const handover = (): Promise<{ id: string; conversationId: string }> =>
    world.handover({ provider: 'support-chatwoot' });

  it('loses none of a whole conversation, in order and once, and what was closed there is closed', async () => {
    loseAll();
    const { id, conversationId } = await handover();
    await world.status(id, 'queued');
    await chatwoot.agent.join(conversationId, 3);
    await world.status(id, 'active');
    for (const text of ['Hello', 'ok', 'ok', 'How can I help?']) await chatwoot.agent.say(conversationId, text);
    await chatwoot.agent.say(conversationId, 'a note', { private: true });
    await until('four messages', () => world.bot.texts(id).length === 4);
    await chatwoot.agent.say(conversationId, 'Bye');
    await chatwoot.agent.resolve(conversationId);
    expect((await world.status(id, 'completed')).endReason).toBe('agent');
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
  });

  it('doubles nothing when events come late after all', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    await chatwoot.agent.say(conversationId, 'heard');
    await until('the first', () => world.bot.texts(id).length === 1);
    loseAll();
    await chatwoot.agent.say(conversationId, 'lost');
    await chatwoot.agent.say(conversationId, 'lost');
    await until('both', () => world.bot.texts(id).length === 3);
    chatwoot.faults.reset();
    const state = chatwoot.accounts[0]!;
    const conversation = chatwoot.conversation(conversationId);
    for (const message of conversation.messages.filter(({ type }) => type === 'outgoing')) {
      const event = { event: 'message_created', ...messageEvent(state, conversation, message) };
      const { status } = await chatwoot.emit(webhookOf(world, 'support-chatwoot'), event, { secret: SUPPORT_SECRET });
      expect(status).toBe(204);
    }
    await chatwoot.agent.say(conversationId, 'afterwards');
    await until('the next', () => world.bot.texts(id).includes('afterwards'));
    expect(world.bot.texts(id)).toEqual(['heard', 'lost', 'lost', 'afterwards']);
  });

  it('loses neither text nor file that came just before an end whose event does come', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    chatwoot.faults.set({ dropEvents: ['message_created'] });
    const files = [{ filename: 'offer.txt', contentType: 'text/plain', content: 'an offer' }];
    await chatwoot.agent.say(conversationId, 'See here');
    await chatwoot.agent.say(conversationId, null, { files });
    await chatwoot.agent.resolve(conversationId);
    await world.bot.event(id, 'handover.completed');
    expect(world.bot.texts(id)).toEqual(['See here', null]);
    const { message } = (await world.bot.event(id, 'message.created', 2)).data;
    const [file] = message!.attachments as { id: string; filename: string }[];
    const { text } = await world.api('get', `/v1/handovers/${id}/attachments/${file!.id}`).expect(200);
    expect([file!.filename, text]).toEqual(['offer.txt', 'an offer']);
  });

  it('follows a transfer of which nothing was told', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    loseAll();
    await chatwoot.agent.transfer(conversationId, 12);
    await chatwoot.agent.unassign(conversationId);
    expect((await world.status(id, 'queued')).queue).toEqual({ id: '12', name: 'billing' });
    await chatwoot.agent.join(conversationId, 4);
    expect((await world.status(id, 'active')).agent).toEqual({ id: '4', name: 'Ben' });
    expect(world.bot.types(id)).not.toContain('handover.completed');
  });

  it('goes on waiting when the agent was taken off it and nothing was told, whoever did that', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    const conversation = chatwoot.conversation(conversationId);
    // As Chatwoot does when an agent is removed: in one statement, without an event. The team stays.
    conversation.assigneeId = null;
    await world.bot.event(id, 'handover.queued', 2);
    expect(world.bot.types(id).slice(-3)).toEqual(['handover.transferred', 'agent.left', 'handover.queued']);
    await world.api('post', `/v1/handovers/${id}/messages`).send({ text: 'Are you still there?' }).expect(202);
    await until('the message', () => conversation.messages.some(({ content }) => content === 'Are you still there?'));
    await chatwoot.agent.join(conversationId, 4);
    expect((await world.status(id, 'active')).agent).toEqual({ id: '4', name: 'Ben' });
    await chatwoot.agent.resolve(conversationId);
    await world.bot.event(id, 'handover.completed');
  });

  it('has the lines that the agent wrote, by event and by the list, once', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    await chatwoot.agent.say(conversationId, 'First line\\\nSecond line');
    await until('the first', () => world.bot.texts(id).length === 1);
    loseAll();
    await chatwoot.agent.say(conversationId, 'C:\\new\\\nThird line');
    await until('the second', () => world.bot.texts(id).length === 2);
    chatwoot.faults.reset();
    await chatwoot.agent.say(conversationId, 'Bye');
    await until('the last', () => world.bot.texts(id).includes('Bye'));
    expect(world.bot.texts(id)).toEqual(['First line\nSecond line', 'C:\\new\nThird line', 'Bye']);
  });

  it('ends what was deleted there', async () => {
    const { id, conversationId } = await handover();
    await world.status(id, 'queued');
    const { conversations } = chatwoot.accounts[0]!;
    conversations.splice(conversations.indexOf(chatwoot.conversation(conversationId)), 1);
    expect(await world.status(id, 'cancelled')).toMatchObject({ endReason: 'contact_center' });
  });
});
