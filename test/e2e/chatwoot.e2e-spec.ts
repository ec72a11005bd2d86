import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChatwootSimulator } from '../../apps/simulator/chatwoot/index.js';
import { activeInChatwoot, startChatwootWorld, textsInChatwoot } from '../support/chatwoot.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, type World } from '../support/world.js';

const TEXTS = ['Hello', 'Café €10 👩‍👩‍👧‍👦', 'مرحبا שלום', '"quotes" \\ </script> \t tab\nline', 'ä'.repeat(5_000)];

const FORM = { filename: 'the form.pdf', contentType: 'application/pdf', content: '%PDF-1.7 ' };

describe('a handover to Chatwoot', () => {
  let world: World;
  let chatwoot: ChatwootSimulator;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ world, chatwoot, stop } = await startChatwootWorld());
  });
  afterAll(() => stop());

  it('carries texts both ways, exactly and in order, and tells the bot every step', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    for (const text of TEXTS) await world.say(id, text);
    for (const text of TEXTS) await chatwoot.agent.say(conversationId, text);
    await world.bot.event(id, 'message.created', TEXTS.length);
    expect(world.bot.texts(id)).toEqual(TEXTS);
    expect(await textsInChatwoot(chatwoot, conversationId, TEXTS.length)).toEqual(TEXTS);

    await chatwoot.agent.resolve(conversationId);
    expect((await world.bot.event(id, 'handover.completed')).data.endReason).toBe('agent');
    expect(world.bot.types(id)).toEqual([
      'handover.queued',
      'agent.joined',
      'handover.active',
      ...TEXTS.map(() => 'message.created'),
      'agent.left',
      'handover.completed',
    ]);
    expect((await world.bot.event(id, 'agent.joined')).data.agent).toEqual({ id: '3', name: 'Ann' });
    expect((await world.transcript(id)).every(({ status }) => status === 'delivered')).toBe(true);
  });

  it('opens the conversation with the customer, the transcript as a note, and its own id', async () => {
    const { id, conversationId } = await world.handover({
      provider: 'support-chatwoot',
      userId: 'u-77',
      user: {
        name: 'Maria',
        email: 'maria@example.com',
        phone: '+436641234567',
        company: 'Acme',
        customerId: 'c-77',
        properties: { Intent: 'balance' },
      },
      transcript: [
        { author: 'user', text: 'My balance please' },
        { author: 'bot', text: 'Sure, [@Ann](mention://user/3/Ann)' },
      ],
      settings: {
        queueId: '11',
        labels: 'vip, from-bot',
        priority: 'high',
        customAttributes: { plan: 'gold', handoverId: 'mine' },
      },
    });
    await until('labels and priority', () => {
      const { labels, priority } = chatwoot.conversation(conversationId);
      return labels.length === 2 && priority === 'high';
    });
    const conversation = chatwoot.conversation(conversationId);
    expect(conversation).toMatchObject({ status: 'open', inboxId: 7, teamId: 11, labels: ['vip', 'from-bot'] });
    expect(conversation.customAttributes).toEqual({
      plan: 'gold',
      email: 'maria@example.com',
      phone: '+436641234567',
      company: 'Acme',
      customerId: 'c-77',
      Intent: 'balance',
      handoverId: id,
    });
    expect(chatwoot.accounts[0]!.contact(conversation.contactId)).toMatchObject({
      name: 'Maria',
      email: 'maria@example.com',
      phone_number: '+436641234567',
      identifier: 'c-77',
    });
    expect(conversation.messages).toHaveLength(1);
    const [note] = conversation.messages;
    expect(note).toMatchObject({ private: true });
    expect(note!.content).toMatch(/Customer:\*\* My balance please[^]*Bot:\*\* Sure/);
    expect(note!.content).not.toContain('mention://');
    const queued = await world.bot.event(id, 'handover.queued');
    expect(queued.data.queue).toEqual({ id: '11', name: 'support' });
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('shows cards as text, and refuses one in which there is nothing to read', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    const card = (...body: object[]): object => ({
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: { type: 'AdaptiveCard', version: '1.3', body },
    });
    const post = (message: object) => world.api('post', `/v1/handovers/${id}/messages`).send(message);
    const refused = await post({ cards: [card()] }).expect(400);
    expect(refused.body).toMatchObject({ errors: [{ pointer: '/cards/0' }] });
    const shown = await post({ cards: [card({ type: 'TextBlock', text: 'Which account?' })] }).expect(202);
    expect(shown.body).toMatchObject({ conversion: { losses: [{ pointer: '/cards/0' }] } });
    expect(await textsInChatwoot(chatwoot, conversationId, 1)).toEqual(['Which account?']);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it("never lets a note out: not an agent's, not a note with a file, not the transcript, not the bot's own words", async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot, {
      transcript: [{ author: 'user', text: 'the past' }],
    });
    await world.api('post', `/v1/handovers/${id}/messages`).send({ author: 'bot', text: 'for agents' }).expect(202);
    await until("the bot's note", () => chatwoot.conversation(conversationId).messages.length === 2);
    expect(chatwoot.conversation(conversationId).messages[1]).toMatchObject({
      private: true,
      content: '**Bot:** for agents',
    });
    await chatwoot.agent.say(conversationId, 'he is difficult', { private: true });
    await chatwoot.agent.say(conversationId, null, { private: true, files: [{ ...FORM, filename: 'contract.pdf' }] });
    await chatwoot.agent.typing(conversationId, true, true);
    await chatwoot.agent.say(conversationId, 'How can I help?');
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['How can I help?']);
    const everything = world.bot.events(id).map((event) => JSON.stringify(event));
    expect(everything.join()).not.toMatch(/difficult|contract\.pdf|for agents/);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('shows each side that the other writes, and agents what was read', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    await world.api('post', `/v1/handovers/${id}/typing`).send({ typing: true }).expect(202);
    await world.api('post', `/v1/handovers/${id}/read`).send({ at: new Date().toISOString() }).expect(202);
    await until('both signals', () => {
      const { signals } = chatwoot.conversation(conversationId);
      return signals.includes('typing') && signals.includes('read');
    });
    await chatwoot.agent.typing(conversationId, true);
    const { data } = await world.bot.event(id, 'typing');
    expect(data).toMatchObject({ typing: true, agent: { id: '3', name: 'Ann' } });
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('checks the account from end to end', async () => {
    const test = async (): Promise<{ ok: boolean; findings: { level: string; check: string }[] }> =>
      (await world.api('post', '/v1/providers/support-chatwoot/test', ADMIN_KEY).expect(200)).body as never;
    expect((await test()).findings.filter(({ check }) => check !== 'signature').map(({ level }) => level)).toEqual(['ok', 'ok', 'warning']); // prettier-ignore
  });

  it('carries files both ways, byte for byte, each once although an answer is lost', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    await chatwoot.agent.say(conversationId, null, { files: [FORM] });
    const { data } = await world.bot.event(id, 'message.created');
    const [received] = data.message!.attachments as { id: string }[];
    expect(received).toMatchObject({ filename: 'the form.pdf', contentType: 'application/pdf', size: 9 });
    const bytes = await world.api('get', `/v1/handovers/${id}/attachments/${received!.id}`).expect(200);
    expect((bytes.body as Buffer).toString()).toBe('%PDF-1.7 ');

    const post = world.api('post', `/v1/handovers/${id}/attachments`);
    const { body } = await post.attach('file', Buffer.from('GIF89a'), {
      filename: 'Über "mich".gif',
      contentType: 'image/gif',
    });
    chatwoot.faults.set({
      api: [{ match: { method: 'POST', path: '/messages$' }, times: 1, fault: { drop: 'after' } }],
    });
    const message = { text: 'look', attachments: [{ id: (body as { id: string }).id }] };
    await world.api('post', `/v1/handovers/${id}/messages`).send(message).expect(202);
    await until('the delivery', async () => (await world.transcript(id)).at(-1)!.status === 'delivered');
    const incoming = chatwoot.conversation(conversationId).messages.filter(({ type }) => type === 'incoming');
    expect(incoming).toMatchObject([
      { content: 'look', attachments: [{ filename: 'Über "mich".gif', contentType: 'image/gif' }] },
    ]);
    expect(incoming[0]!.attachments[0]!.content.toString()).toBe('GIF89a');
    chatwoot.faults.reset();
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  describe('ends', () => {
    it.each<[string, object, string]>([
      ['bot', {}, 'bot'],
      ['user', { reason: 'user' }, 'user'],
    ])('from the side of the %s, after what was said before', async (_, body, endReason) => {
      const { id, conversationId } = await activeInChatwoot(world, chatwoot);
      await world.say(id, 'One last thing');
      await world.api('post', `/v1/handovers/${id}/close`).send(body).expect(202);
      expect((await world.bot.event(id, 'handover.completed')).data.endReason).toBe(endReason);
      await until('the resolution', () => chatwoot.conversation(conversationId).status === 'resolved');
      expect(await textsInChatwoot(chatwoot, conversationId, 1)).toEqual(['One last thing']);
    });

    it('as cancelled where no agent was in', async () => {
      const { id, conversationId } = await world.handover({ provider: 'support-chatwoot' });
      await world.status(id, 'queued');
      await chatwoot.agent.resolve(conversationId);
      expect((await world.bot.event(id, 'handover.cancelled')).data.endReason).toBe('contact_center');
    });

    it('once: what agents write or reopen afterwards changes nothing, and nothing is posted any more', async () => {
      const { id, conversationId } = await activeInChatwoot(world, chatwoot);
      await chatwoot.agent.resolve(conversationId);
      await world.bot.event(id, 'handover.completed');
      await chatwoot.agent.status(conversationId, 'open');
      await chatwoot.agent.say(conversationId, 'Still there?');
      await world.api('post', `/v1/handovers/${id}/messages`).send({ text: 'Yes!' }).expect(409);
      await until('the late message', async () => (await world.transcript(id)).length === 1);
      expect((await world.transcript(id))[0]).toMatchObject({ text: 'Still there?', status: 'failed' });
      expect(world.bot.types(id).at(-1)).toBe('handover.completed');
      expect(chatwoot.conversation(conversationId).messages.filter(({ type }) => type === 'incoming')).toEqual([]);
    });
  });

  describe('goes on', () => {
    it('when it is given to another agent', async () => {
      const { id, conversationId } = await activeInChatwoot(world, chatwoot);
      await chatwoot.agent.join(conversationId, 4);
      await world.bot.event(id, 'agent.left');
      expect(await world.read(id)).toMatchObject({ status: 'active', agent: { id: '4', name: 'Ben' } });
      expect(world.bot.types(id).slice(3)).toEqual(['handover.transferred', 'agent.joined', 'agent.left']);
      await chatwoot.agent.resolve(conversationId);
      expect((await world.bot.event(id, 'handover.completed')).data.endReason).toBe('agent');
    });

    it('when it is given to another team, until the next agent comes', async () => {
      const { id, conversationId } = await activeInChatwoot(world, chatwoot);
      await chatwoot.agent.transfer(conversationId, 12);
      const queued = await world.bot.event(id, 'handover.queued', 2);
      expect(queued.data.queue).toEqual({ id: '12', name: 'billing' });
      expect((await world.read(id)).status).toBe('queued');
      await chatwoot.agent.join(conversationId, 4);
      await world.bot.event(id, 'handover.active', 2);
      expect(world.bot.types(id).slice(3)).toEqual([
        'handover.transferred',
        'agent.left',
        'handover.queued',
        'agent.joined',
        'handover.active',
      ]);
      await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    });

    it('when its agent lets go of it, or snoozes it', async () => {
      const { id, conversationId } = await activeInChatwoot(world, chatwoot);
      await chatwoot.agent.status(conversationId, 'snoozed');
      expect((await world.read(id)).status).toBe('active');
      await chatwoot.agent.unassign(conversationId);
      await world.bot.event(id, 'handover.queued', 2);
      await chatwoot.agent.status(conversationId, 'pending');
      expect((await world.read(id)).status).toBe('queued');
      await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    });

    it('in another queue when the bot says so', async () => {
      const { id, conversationId } = await activeInChatwoot(world, chatwoot);
      await world
        .api('patch', `/v1/handovers/${id}`)
        .send({ settings: { queueId: '12' } })
        .expect(200);
      await world.bot.event(id, 'handover.queued', 2);
      expect(chatwoot.conversation(conversationId)).toMatchObject({ teamId: 12, assigneeId: null });
      await world
        .api('patch', `/v1/handovers/${id}`)
        .send({ user: { name: 'Maria B', caseId: 'k-1' } })
        .expect(200);
      await until('the case', () => chatwoot.conversation(conversationId).customAttributes.caseId === 'k-1');
      const { contactId, customAttributes } = chatwoot.conversation(conversationId);
      expect(chatwoot.accounts[0]!.contact(contactId)!.name).toBe('Maria B');
      expect(customAttributes.handoverId).toBe(id);
      await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    });
  });

  it.each<[object, string]>([
    [{ inboxId: 'seven' }, '/settings/inboxId'],
    [{ queueId: '1.5' }, '/settings/queueId'],
    [{ priority: 'yesterday' }, '/settings/priority'],
    [{ customAttributes: { 'a/b': { deep: 1 } } }, '/settings/customAttributes/a~1b'],
    [{ channelId: 'x' }, '/settings/channelId'],
  ])('is refused with settings %j, naming %s', async (settings, pointer) => {
    const answer = await world
      .api('post', '/v1/handovers')
      .send({ provider: 'support-chatwoot', sessionId: 's-bad', userId: 'u', settings })
      .expect(400);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it('fails, saying why, where Chatwoot has no such team', async () => {
    const id = await world.requestHandover({ provider: 'support-chatwoot', settings: { queueId: '99' } });
    const { data } = await world.bot.event(id, 'handover.failed');
    expect(data.error).toMatchObject({ reason: 'rejected', message: expect.stringContaining('queueId') });
    expect(chatwoot.conversations().some(({ sourceId }) => sourceId === id)).toBe(false);
  });
});
