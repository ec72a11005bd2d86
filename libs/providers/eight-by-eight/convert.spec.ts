import { describe, expect, it } from '@jest/globals';
import type { Card, MessageContent } from '#contract';
import { convertMessage } from './convert.js';

const LIMIT = 100;
const say = (text: string | null, ...cards: Card[]): MessageContent => ({ author: 'bot', text, cards });
const adaptive = (version: unknown, text = 'Choose'): Card => ({
  contentType: 'application/vnd.microsoft.card.adaptive',
  content: { type: 'AdaptiveCard', version, body: [{ type: 'TextBlock', text }] },
});
const replies = (content: unknown): Card => ({ contentType: 'application/8x8.quick.replies', content });
const yesNo = replies({ options: [{ title: 'Yes', data: { postback: '1' } }, { title: 'No' }] });

describe('what 8x8 shows', () => {
  it.each([
    ['a text', say('Hello')],
    ['a text of just the limit', say('x'.repeat(LIMIT))],
    ['a text with an Adaptive Card', say('Look', adaptive('1.3'))],
    ['an older or unversioned one', say('Look', adaptive('1.0'), adaptive(undefined))],
    ['quick replies', say('Well?', yesNo)],
    ['what 8x8 names and does not describe', say('Here', { contentType: 'Location', content: { lat: 1 } })],
  ])('%s goes as it is', (_, message) => {
    const { parts, losses, errors } = convertMessage(message, LIMIT);
    expect(parts).toHaveLength(1);
    expect(parts[0]).toBe(message);
    expect([losses, errors]).toEqual([[], []]);
  });

  it('gives cards without a text one to read, which is no loss', () => {
    expect(convertMessage(say(null, yesNo, adaptive('1.2')), LIMIT)).toEqual({
      parts: [say('- Yes\n- No\n\nChoose', yesNo, adaptive('1.2'))],
      losses: [],
      errors: [],
    });
    const long = convertMessage(say(' ', adaptive('1.2', 'x'.repeat(300))), LIMIT);
    expect(long.parts).toEqual([say('x'.repeat(LIMIT), adaptive('1.2', 'x'.repeat(300)))]);
  });

  it('shows the cards of a long text with its last part', () => {
    const { parts, losses } = convertMessage(say('x'.repeat(250), yesNo), LIMIT);
    expect(parts).toEqual([say('x'.repeat(100)), say('x'.repeat(100)), say('x'.repeat(50), yesNo)]);
    expect(losses).toEqual([]);
  });
});

describe('what 8x8 does not show', () => {
  it.each(['1.4', '1.10', '2.0', 1.6, 'latest', null])('an Adaptive Card of version %j is shown as text', (version) => {
    const { parts, losses } = convertMessage(say('Look', yesNo, adaptive(version)), LIMIT);
    expect(parts).toEqual([say('Look\n\nChoose', yesNo)]);
    expect(losses).toEqual([{ pointer: '/cards/1', detail: expect.stringMatching(/is shown as text: .*1\.3/) }]);
  });

  it.each([
    ['an Adaptive Card whose body is no list', { ...adaptive('1.3'), content: { type: 'AdaptiveCard', body: 'x' } }],
    [
      'an Adaptive Card whose actions are no list',
      { ...adaptive('1.3'), content: { type: 'AdaptiveCard', actions: {} } },
    ],
    ['a carousel that is no object', { contentType: 'Carousel', content: ['x'] }],
  ])('%s is left out beside the text, with the loss named', (_, card) => {
    const { parts, losses, errors } = convertMessage(say('Look', card), LIMIT);
    expect([parts, errors]).toEqual([[say('Look')], []]);
    expect(losses).toEqual([{ pointer: '/cards/0', detail: expect.stringMatching(/is left out.*: its/) }]);
  });

  it('is told in words where there are any, and else left out beside the text', () => {
    const text: Card = { contentType: 'text/markdown', content: ' **Hi** ' };
    const video: Card = { contentType: 'video/mp4', content: { src: 'x' } };
    expect(convertMessage(say('Look', text, video), LIMIT)).toEqual({
      parts: [say('Look\n\n**Hi**')],
      losses: [
        { pointer: '/cards/0', detail: 'is shown as text: 8x8 does not show this content type' },
        {
          pointer: '/cards/1',
          detail: 'is left out, as nothing in it can be read: 8x8 does not show this content type',
        },
      ],
      errors: [],
    });
  });

  it.each([
    [
      'nothing readable at all',
      say(null, { contentType: 'video/mp4', content: null }),
      '/cards/0',
      /Send a text with it/,
    ],
    ['quick replies without options', say('x', replies({})), '/cards/0/content/options', /list such as/],
    ['quick replies of no list', say('x', replies({ options: 'Yes' })), '/cards/0/content/options', /list such as/],
    [
      'a quick reply without a title',
      say('x', yesNo, replies({ options: [{ title: 'Yes' }, { title: ' ' }] })),
      '/cards/1/content/options/1/title',
      /not blank/,
    ],
    [
      'a quick reply with more than 8x8 knows',
      say('x', replies({ options: [{ title: 'Yes', icon: 1 }] })),
      '/cards/0/content/options/0/icon',
      /not part of/,
    ],
    [
      'a postback that is no text',
      say('x', replies({ options: [{ title: 'Yes', data: { postback: 5 } }] })),
      '/cards/0/content/options/0/data/postback',
      /must be a text/,
    ],
    [
      'the data of a quick reply that is no object',
      say('x', replies({ options: [{ title: 'Yes', data: 'yes' }] })),
      '/cards/0/content/options/0/data/postback',
      /must be a text/,
    ],
    [
      'quick replies with something beside the options',
      say('x', replies({ options: [{ title: 'Yes' }], style: 'big' })),
      '/cards/0/content/style',
      /not part of/,
    ],
  ] as const)('refuses %s and says where', (_, message, pointer, detail) => {
    const { errors } = convertMessage(message, LIMIT);
    expect(errors).toEqual([{ pointer, detail: expect.stringMatching(detail) }]);
  });
});
