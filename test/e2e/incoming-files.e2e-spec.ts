import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import { answer, handOver, incomingOf, openWebChat, visit, type Visit } from '../support/visitors.js';
import { until } from '../support/wait.js';
import { OTHER_BOT_KEY, World, type Problem } from '../support/world.js';

type Attachment = { id: string; filename: string; contentType: string | null; size: number | null; error?: string };

describe('files in an incoming conversation', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      attachments: { maxSize: '1MiB', types: ['image/*', 'text/plain'] },
      options: { endpoint: { bot: 'test-bot', handBack: true } },
    });
    openWebChat(world);
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const file = (filename: string, content: string | Buffer = filename) => ({
    filename,
    contentType: 'text/plain',
    content,
  });
  const attachmentsOf = async (id: string, nth = 1): Promise<Attachment[]> =>
    (await world.bot.event(id, 'message.created', nth)).data.message!.attachments as Attachment[];
  const contentOf = async (id: string, attachment: Attachment, key?: string): Promise<Response> =>
    world.api('get', `/v1/conversations/${id}/attachments/${attachment.id}`, key).buffer(true);
  const uploaded = (id: string, content: string | Buffer, key?: string) =>
    world.api('post', `/v1/conversations/${id}/attachments`, key).attach('file', Buffer.from(content), {
      filename: 'map.txt',
      contentType: 'text/plain',
    });

  it('reach the bot, also with the very message that begins it', async () => {
    const { id: conversationId, told } = world.simulator.customer.start('web-1');
    await told;
    await world.simulator.customer.sendFile(conversationId, file('first.txt'), 'Look');
    const id = await incomingOf(world, conversationId);
    await world.simulator.customer.sendFile(conversationId, [file('two.txt'), file('three.txt')]);
    await world.simulator.customer.say(conversationId, 'and that');
    const expected = { filename: 'first.txt', contentType: 'text/plain', size: 9 };
    const [first] = await attachmentsOf(id);
    expect(first).toEqual({ id: expect.stringMatching(/^att_/), ...expected });
    expect((await contentOf(id, first!)).text).toBe('first.txt');
    expect((await attachmentsOf(id, 2)).map(({ filename }) => filename)).toEqual(['two.txt', 'three.txt']);
    await world.bot.event(id, 'message.created', 3);
    expect(world.bot.texts(id)).toEqual(['Look', null, 'and that']);
    expect(world.bot.types(id).filter((type) => type === 'conversation.started')).toHaveLength(1);
    expect((await contentOf(id, first!, OTHER_BOT_KEY)).status).toBe(404);
  });

  it('come with a reason where they are not let through, and hold nothing up', async () => {
    const { conversationId, id } = await visit(world, 'Hello');
    await world.simulator.customer.sendFile(conversationId, file('big.txt', randomBytes(1_100_000)));
    await world.simulator.customer.say(conversationId, 'after it');
    await world.bot.event(id, 'message.created', 3);
    expect(await attachmentsOf(id, 2)).toMatchObject([{ size: null, error: expect.stringMatching(/larger than/) }]);
  });

  it('go to the user with the bot’s answers, in their order, once, though an outcome is unknown', async () => {
    const { conversationId, id } = await visit(world, 'Where are you?');
    const { body } = await uploaded(id, 'a map').expect(201);
    world.simulator.faults.set({
      api: [{ match: { method: 'POST', path: 'messages$' }, times: 1, fault: { drop: 'after' } }],
    });
    const path = `/v1/conversations/${id}/messages`;
    await world
      .api('post', path)
      .send({ attachments: [{ id: (body as Attachment).id }] })
      .expect(202);
    await answer(world, { id, conversationId }, 'That is the way');
    const said = world.simulator
      .conversation(conversationId)
      .messages.filter(({ authorType }) => authorType === 'bot')
      .map(({ text, attachments }) => [text, attachments?.map(({ content }) => content.toString())]);
    expect(said).toEqual([
      ['map.txt', ['a map']],
      ['That is the way', []],
    ]);
    expect((await world.api('get', path)).body).toMatchObject({
      data: [{}, { attachments: [body], status: 'delivered' }, {}],
    });
  });

  it('that are none of the conversation’s are refused, and say so', async () => {
    const [one, other] = [await visit(world, 'Hello'), await visit(world, 'Hello')];
    const { body } = await uploaded(one.id, 'x').expect(201);
    const named = { attachments: [{ id: (body as Attachment).id }] };
    const refused = await world.api('post', `/v1/conversations/${other.id}/messages`).send(named).expect(400);
    expect((refused.body as Problem).errors).toEqual([
      { pointer: '/attachments/0/id', detail: 'is no file that was uploaded here: upload it first' },
    ]);
    await uploaded(one.id, 'x', OTHER_BOT_KEY).expect(404);
    const handoverId = await handOver(world, one);
    expect((await uploaded(one.id, 'x').expect(409)).body).toMatchObject({ handoverId });
  });

  it('that the user sent to nobody after the agent had left are the bot’s to read', async () => {
    world.simulator.faults.set({ silentHandBack: true });
    const visitor: Visit = await visit(world, 'A human, please');
    const handoverId = await handOver(world, visitor);
    await world.simulator.customer.sendFile(visitor.conversationId, file('for-ann.txt'));
    await until('the file in the transcript', async () => (await world.transcript(handoverId)).length === 1);
    await world.simulator.agent.leave(visitor.conversationId, 'agent-ann');
    await world.simulator.customer.sendFile(visitor.conversationId, file('for-nobody.txt'));
    await world.bot.event(visitor.id, 'conversation.resumed');
    const [left] = await attachmentsOf(visitor.id, 2);
    expect(left).toMatchObject({ filename: 'for-nobody.txt' });
    expect((await contentOf(visitor.id, left!)).text).toBe('for-nobody.txt');
    expect(world.bot.types(handoverId)).not.toContain('message.created');
  });
});
