import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const ADAPTIVE = 'application/vnd.microsoft.card.adaptive';
const QUICK_REPLIES = 'application/8x8.quick.replies';

const adaptive = (version: string): object => ({
  contentType: ADAPTIVE,
  content: {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version,
    body: [
      { type: 'TextBlock', text: 'Your order' },
      { type: 'FactSet', facts: [{ title: 'Total', value: '12 €' }] },
    ],
    actions: [{ type: 'Action.Submit', title: 'Pay', data: { order: 7 } }],
  },
});
const replies = {
  contentType: QUICK_REPLIES,
  content: {
    options: [
      { title: 'Yes', data: { postback: '1' } },
      { title: 'No', data: { postback: '2' } },
    ],
  },
};

describe('cards', () => {
  let world: World;
  let id: string;
  let conversationId: string;
  beforeAll(async () => {
    world = await World.start();
    ({ id, conversationId } = await world.active());
  });
  afterAll(() => world.stop());

  const post = (message: object) => world.api('post', `/v1/handovers/${id}/messages`).send(message);
  /** The message as 8x8 got it. */
  async function shown(message: object): Promise<{ text?: string; cards?: unknown[] }> {
    const { messages } = world.simulator.conversation(conversationId);
    const before = messages.length;
    await post(message).expect(202);
    const { text, cards } = await until('the message', () => messages[before]);
    return { text, cards };
  }

  it('of the bot reach the agent untouched, with a text to read', async () => {
    expect(await shown({ author: 'bot', cards: [adaptive('1.3'), replies] })).toEqual({
      text: 'Your order\nTotal: 12 €\n- Pay\n\n- Yes\n- No',
      cards: [adaptive('1.3'), replies],
    });
    const transcript = await world.transcript(id);
    expect(transcript.at(-1)).toMatchObject({ text: null, cards: [adaptive('1.3'), replies] });
    expect(transcript.at(-1)).not.toHaveProperty('conversion');
  });

  it('that 8x8 cannot show become text, and the bot is told what is lost', async () => {
    const message = { author: 'bot', text: 'Here it is.', cards: [adaptive('1.6'), replies] };
    expect(await shown(message)).toEqual({
      text: 'Here it is.\n\nYour order\nTotal: 12 €\n- Pay',
      cards: [replies],
    });
    const conversion = {
      losses: [{ pointer: '/cards/0', detail: 'is shown as text: 8x8 shows Adaptive Cards up to version 1.3' }],
    };
    const { body } = await post(message).expect(202);
    expect(body).toMatchObject({ text: 'Here it is.', cards: message.cards, status: 'pending', conversion });
    const stored = await until('its delivery', async () => {
      const last = (await world.transcript(id)).at(-1)!;
      return last.status === 'delivered' ? last : null;
    });
    expect(stored).toMatchObject({ cards: message.cards, conversion });
  });

  it.each([
    [{ cards: [{ contentType: 'video/mp4', content: { src: 'x' } }] }, '/cards/0'],
    [{ text: 'x', cards: [replies, { contentType: QUICK_REPLIES, content: {} }] }, '/cards/1/content/options'],
    [{ cards: [{ contentType: QUICK_REPLIES, content: { options: [{}] } }] }, '/cards/0/content/options/0/title'],
    [{ cards: [{ contentType: ADAPTIVE, content: 7 }] }, '/cards/0'],
  ])('that cannot be shown at all are refused: %j', async (message, pointer) => {
    const before = (await world.transcript(id)).length;
    const { body } = await post(message).expect(400);
    expect((body as { errors: object[] }).errors).toMatchObject([{ pointer }]);
    expect(await world.transcript(id)).toHaveLength(before);
  });

  it('of the agent reach the bot untouched, and as text where the agent wrote none', async () => {
    const cards = [adaptive('1.6'), replies];
    await world.simulator.agent.show(conversationId, cards);
    await world.simulator.agent.show(conversationId, cards, 'Please choose');
    const second = await world.bot.event(id, 'message.created', 2);
    const first = await world.bot.event(id, 'message.created', 1);
    expect(first.data.message).toMatchObject({ cards, text: 'Your order\nTotal: 12 €\n- Pay\n\n- Yes\n- No' });
    expect(second.data.message).toMatchObject({ cards, text: 'Please choose' });
    expect((await world.transcript(id)).at(-1)).toMatchObject({ cards, text: 'Please choose' });
  });

  it('are answered by activities, whose values are as 8x8 sends them', async () => {
    const said = [
      ['adaptiveCard/action', { type: 'Action.Submit', data: { order: 7, ключ: ['ü', null] } }],
      ['quickReply/action', { type: 'postback', data: { title: 'Yes', payload: '1' } }],
      ['interactive/reply', { type: 'button_reply', button_reply: { id: 'b', title: 'B' } }],
      ['read-receipts', [{ timestamp: 1_713_100_000_000, users: [{ id: 'agent-ann', type: 'agent' }] }]],
    ] as const;
    for (const [name, value] of said) await world.simulator.activity(conversationId, name, value);
    await world.bot.event(id, 'activity', said.length);
    const activities = world.bot.events(id).filter(({ type }) => type === 'activity');
    expect(activities.map(({ data }) => [data.name, data.value])).toEqual(said);
  });
});
