import { describe, expect, it } from '@jest/globals';
import { AT, bytes, CONVERSATION, map } from './fixtures/map.js';
import { mapEvent } from './mapping.js';

const agentMessage = (data: object) => map('MESSAGE', { isEcho: false, sender: { id: 'agA', type: 'agent' }, ...data });

describe('messages', () => {
  it('of an agent reach the user, echo or not', () => {
    const fact = {
      type: 'message',
      author: 'agent',
      agent: { id: 'agA', name: null },
      text: 'Hi 👋',
      cards: [],
      attachments: [],
    };
    expect(agentMessage({ text: 'Hi 👋' })).toEqual({ conversation: CONVERSATION, at: AT, ...fact });
    expect(agentMessage({ text: 'Hi 👋', isEcho: true })).toMatchObject(fact);
    expect(map('MESSAGE', { sender: { type: 'agent' }, text: 'Hi' })).toMatchObject({ author: 'agent', agent: null });
  });

  it.each(['bot', 'supervisor', 'Agent', '', 7, null, undefined, {}])('of a sender of type %j are ignored', (type) => {
    for (const systemMessages of [false, true]) {
      expect(
        map('MESSAGE', { isEcho: false, sender: { id: 'x', type }, text: 'secret note' }, { systemMessages }),
      ).toMatchObject({
        type: 'ignored',
        reason: expect.not.stringContaining('secret'),
      });
    }
  });

  it('of the user are facts of their own, unless they are marked as an echo', () => {
    const data = { sender: { id: 'u', type: 'user' }, text: 'Hi' };
    const fact = { type: 'user.message', text: 'Hi', cards: [], attachments: [] };
    expect(map('MESSAGE', { ...data, isEcho: false })).toEqual({ conversation: CONVERSATION, at: AT, ...fact });
    expect(map('MESSAGE', data)).toMatchObject(fact);
    expect(map('MESSAGE', { ...data, isEcho: true })).toMatchObject({ type: 'ignored', reason: 'sender type user' });
    expect(map('MESSAGE', { ...data, text: '' })).toMatchObject({ type: 'ignored', reason: 'an empty message' });
  });

  it.each([undefined, null, 'agent', []])('with the sender %j are ignored', (sender) => {
    expect(map('MESSAGE', { sender, text: 'Hi' })).toMatchObject({ type: 'ignored' });
  });

  it('of the system reach the user only when that is switched on', () => {
    const data = { sender: { type: 'system' }, text: 'All agents are busy' };
    expect(map('MESSAGE', data)).toMatchObject({ type: 'ignored', reason: 'sender type system' });
    expect(map('MESSAGE', data, { systemMessages: true })).toMatchObject({
      author: 'system',
      agent: null,
      text: data.text,
    });
  });

  it('keep their cards and attachments', () => {
    const card = {
      contentType: 'application/vnd.microsoft.card.adaptive',
      content: { type: 'AdaptiveCard', body: [] },
    };
    const event = agentMessage({
      cards: [card, {}, null, 'x', { contentType: 'application/8x8.quick.replies' }],
      attachments: [
        { id: 'a1', type: 'image', preSignedUrl: 'https://files.example.com/a1?s=1', fileName: 'photo.png' },
        { id: 2, filename: 'two.pdf', preSignedUrl: 'file:///etc/passwd' },
        { id: 'a3' },
        {},
        null,
      ],
    });
    expect(event).toMatchObject({
      text: null,
      cards: [card, { contentType: 'application/8x8.quick.replies', content: null }],
      attachments: [
        { id: 'a1', filename: 'photo.png', contentType: null, url: 'https://files.example.com/a1?s=1' },
        { id: '2', filename: 'two.pdf', contentType: null },
        { id: 'a3', filename: 'file', contentType: null },
      ],
    });
    expect((event as unknown as { attachments: object[] }).attachments[1]).not.toHaveProperty('url');
  });

  it('of cards alone have a text to read', () => {
    const cards = [
      { contentType: 'application/8x8.quick.replies', content: { options: [{ title: 'Yes' }, { title: 'No' }, 7] } },
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: { type: 'AdaptiveCard', version: '1.6', body: [{ type: 'TextBlock', text: 'Book now?' }] },
      },
    ];
    expect(agentMessage({ cards })).toMatchObject({ text: '- Yes\n- No\n\nBook now?', cards });
    expect(agentMessage({ text: 'Look', cards })).toMatchObject({ text: 'Look', cards });
  });

  it.each([
    {},
    { text: '' },
    { text: 7 },
    { text: null, cards: {}, attachments: 'x' },
    { cards: [{}], attachments: [{}] },
  ])('that are empty are ignored: %j', (data) => {
    expect(agentMessage(data)).toMatchObject({ type: 'ignored', reason: 'an empty message' });
  });

  it('lose the characters that a database cannot store', () => {
    const event = agentMessage({
      text: 'a\0b\ud800c',
      cards: [{ contentType: 'x\0', content: { 'k\0': ['v\0', { deep: '\udc00' }] } }],
    });
    expect(event).toMatchObject({
      text: 'a\uFFFDb\uFFFDc',
      cards: [{ contentType: 'x\uFFFD', content: { 'k\uFFFD': ['v\uFFFD', { deep: '\uFFFD' }] } }],
    });
  });

  it('keep their words where a card is nested beyond reason, and say that there was a card', () => {
    const content = '['.repeat(50_000) + ']'.repeat(50_000);
    const of = (text: string): unknown =>
      mapEvent(
        bytes(
          `{"eventType":"MESSAGE","conversationId":"c","data":{"sender":{"type":"agent"},${text}"cards":[{"contentType":"x","content":${content}}]}}`,
        ),
        { systemMessages: false },
      );
    const cards = [{ contentType: 'x', content: null }];
    expect(of('"text":"Hi",')).toMatchObject([{ type: 'message', text: 'Hi', cards }]);
    expect(of('')).toMatchObject([{ type: 'message', text: null, cards }]);
  });

  it('keep cards of no type, and files that have no id or only a name', () => {
    const adaptive = { type: 'AdaptiveCard', version: '1.3', body: [{ type: 'TextBlock', text: 'Pay?' }] };
    expect(agentMessage({ cards: [{ content: adaptive }, { content: { a: 1 } }] })).toMatchObject({
      text: 'Pay?',
      cards: [
        { contentType: 'application/vnd.microsoft.card.adaptive', content: adaptive },
        { contentType: 'application/json', content: { a: 1 } },
      ],
    });
    const attachments = [{ fileName: 'a.pdf', preSignedUrl: 'https://files.example/a' }, { fileName: 'b.pdf' }];
    expect(agentMessage({ attachments })).toMatchObject({
      text: null,
      attachments: [
        { id: null, filename: 'a.pdf', url: 'https://files.example/a' },
        { id: null, filename: 'b.pdf' },
      ],
    });
  });
});
