import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { BOT_KEY, World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

describe('typing of the agent', () => {
  const typings = (id: string) =>
    world.bot.deliveries.filter(({ event: { type, data } }) => type === 'typing' && data.handoverId === id);

  it('reaches the callback and the stream, signed, without a number and stored nowhere', async () => {
    const { id, conversationId } = await world.active({ sessionId: 's-signals' });
    await world.bot.event(id, 'handover.active');
    const stream = await fetch(`${world.gateway.url}/v1/handovers/${id}/events`, {
      headers: { authorization: `Bearer ${BOT_KEY}` },
    });
    const text = stream.text();
    await world.simulator.agent.typing(conversationId, true, 'agent-ann');
    await world.simulator.agent.typing(conversationId, false, 'agent-ann');
    await until('both', () => typings(id).length === 2);
    expect(typings(id).map(({ event }) => event)).toEqual(
      [true, false].map((typing) => ({
        type: 'typing',
        timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
        data: {
          handoverId: id,
          provider: 'support-8x8',
          sessionId: 's-signals',
          userId: 'u-42',
          typing,
          agent: { id: 'agent-ann', name: null },
        },
      })),
    );
    expect(new Set(typings(id).map((one) => one.id)).size).toBe(2);
    await world.simulator.agent.leave(conversationId, 'agent-ann');
    const frames = (await text).split('\n\n').filter((frame) => frame.includes('event: typing'));
    expect(frames.map((frame) => JSON.parse(/^data: (.*)$/m.exec(frame)![1]!) as unknown)).toEqual(
      typings(id).map(({ event }) => event),
    );
    expect(frames.some((frame) => frame.includes('id:'))).toBe(false);
    const { body } = await world.api('get', `/v1/handovers/${id}/events`).set('accept', 'application/json').expect(200);
    expect(JSON.stringify(body)).not.toContain('typing');
    const inbox = await world.database.query(
      `SELECT convert_from(body, 'UTF8') AS body FROM inbox WHERE conversation_id = $1`,
      [conversationId],
    );
    expect(inbox.length).toBeGreaterThan(0);
    expect(JSON.stringify(inbox)).not.toContain('typing');
  });

  it('is not tried again, and an unwell callback hears of numbered events first', async () => {
    const { id, conversationId } = await world.active();
    await world.bot.event(id, 'handover.active');
    world.bot.answers = [500];
    await world.simulator.agent.typing(conversationId, true);
    await until('the refused one', () => typings(id).length === 1);
    await world.simulator.agent.say(conversationId, 'Hello');
    await world.bot.event(id, 'message.created');
    expect(typings(id).map(({ status }) => status)).toEqual([500]);
    expect(world.bot.events(id).map(({ data }) => data.sequence)).toEqual([1, 2, 3, 4]);
  });

  it('in a flood is told a few times only, while messages go both ways promptly and in order', async () => {
    const { id, conversationId } = await world.active();
    const texts = Array.from({ length: 20 }, (_, index) => `m${index}`);
    const started = Date.now();
    const flood = Promise.all(
      Array.from({ length: 500 }, (_, index) => world.simulator.agent.typing(conversationId, index % 2 === 0)),
    );
    const delays: number[] = [];
    for (const text of texts) {
      const sentAt = Date.now();
      await Promise.all([world.say(id, text), emitMessage(conversationId, text)]);
      await until('the answer', () => world.bot.texts(id).includes(text));
      delays.push(Date.now() - sentAt);
    }
    await flood;
    await until('all at 8x8', () => world.simulator.conversation(conversationId).messages.length === texts.length);
    expect(world.bot.texts(id)).toEqual(texts);
    expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual(texts);
    const seconds = (Date.now() - started) / 1_000;
    expect(typings(id).length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
    expect(typings(id).length).toBeGreaterThan(0);
    const numbers = world.bot
      .events(id)
      .filter(({ type }) => type !== 'typing')
      .map(({ data }) => data.sequence);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    expect(delays.toSorted((a, b) => a - b)[10]).toBeLessThan(1_500);
    // Even so the last word is the true one.
    await until('the end', () => typings(id).at(-1)!.event.data.typing === false);
  });

  it('of nobody we know, or after the end, changes nothing', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.leave(conversationId);
    await world.bot.event(id, 'handover.completed');
    for (const conversation of [conversationId, 'unknown-conversation']) {
      const event = { eventType: 'ACTIVITY', conversationId: conversation, timestamp: Date.now(), data: TYPES };
      expect((await world.simulator.emit(event)).status).toBe(204);
    }
    const other = await world.active();
    await world.simulator.agent.typing(other.conversationId, true);
    await until('a later one', () => typings(other.id).length === 1);
    expect(typings(id)).toEqual([]);
    const parked = await world.database.query(`SELECT 1 FROM inbox WHERE conversation_id = 'unknown-conversation'`);
    expect(parked).toEqual([]);
  });

  const TYPES = { name: 'typing', value: { users: [{ id: 'agent-ann', type: 'agent' }] } };

  /** Not behind the flood, as the simulator's own would be. */
  async function emitMessage(conversation: string, text: string): Promise<void> {
    const data = { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text };
    const event = { eventType: 'MESSAGE', conversationId: conversation, timestamp: Date.now(), data };
    expect((await world.simulator.emit(event)).status).toBe(204);
  }
});

describe('typing that comes to another replica', () => {
  it('reaches the stream here', async () => {
    const { id, conversationId } = await world.active();
    const first = world.gateway;
    await world.startGateway({ PORT: '0' });
    const second = world.gateway;
    const abort = new AbortController();
    try {
      const stream = await fetch(`${second.url}/v1/handovers/${id}/events`, {
        headers: { authorization: `Bearer ${BOT_KEY}` },
        signal: abort.signal,
      });
      let seen = '';
      void (async () => {
        for await (const part of stream.body!.pipeThrough(new TextDecoderStream())) seen += part;
      })().catch(() => undefined);
      let on = false;
      // The first replica has to notice that it is not alone any more.
      await until('the frame', async () => {
        await world.simulator.agent.typing(conversationId, (on = !on));
        return seen.includes('event: typing');
      });
    } finally {
      abort.abort();
      world.gateway = first;
      await second.stop();
    }
  });
});
