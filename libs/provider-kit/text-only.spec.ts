import { describe, expect, it } from '@jest/globals';
import type { Card, MessageContent } from '#contract';
import { textOnly } from './text-only.js';

const says = (text: string | null, ...cards: Card[]): MessageContent => ({ author: 'bot', text, cards });
const card = (text: string): Card => ({
  contentType: 'application/vnd.microsoft.card.adaptive',
  content: { type: 'AdaptiveCard', body: [{ type: 'TextBlock', text }] },
});

describe('a message where no cards are shown', () => {
  it.each<[string, MessageContent, (string | null)[], string[], string[]]>([
    ['a text, as it is', says(' Hi '), [' Hi '], [], []],
    ['no text, for its files', says(null), [null], [], []],
    [
      'a text that is too long, in parts',
      says('x'.repeat(25)),
      ['x'.repeat(10), 'x'.repeat(10), 'x'.repeat(5)],
      [],
      [],
    ],
    ['cards, as text after the text', says('Hi', card('A'), card('B')), ['Hi\n\nA\n\nB'], ['/cards/0', '/cards/1'], []],
    ['a card alone, as text', says(null, card('A')), ['A'], ['/cards/0'], []],
    ['a text with a card that has none', says('Hi', card(' ')), ['Hi'], ['/cards/0'], []],
    ['nothing to read, not at all', says(null, card('')), [null], [], ['/cards/0']],
  ])('is shown: %s', (_, message, texts, losses, errors) => {
    const shown = textOnly(message, { vendor: 'Acme', maxText: 10 });
    expect(shown.parts.map(({ text }) => text)).toEqual(texts);
    expect(shown.parts.every(({ author }) => author === 'bot')).toBe(true);
    expect(shown.losses.map(({ pointer }) => pointer)).toEqual(losses);
    expect(shown.errors.map(({ pointer }) => pointer)).toEqual(errors);
  });

  it('is itself where nothing has to change', () => {
    const message = says('Hi');
    expect(textOnly(message, { vendor: 'Acme', maxText: 10 }).parts[0]).toBe(message);
  });

  it('tells what became of a card, and who shows none', () => {
    const { losses } = textOnly(says('Hi', card('A'), card('')), { vendor: 'Acme', maxText: 10 });
    expect(losses.map(({ detail }) => detail)).toEqual([
      'is shown as text; Acme shows no cards',
      'is left out: it has no text; Acme shows no cards',
    ]);
  });

  it('says what to do about a card that cannot be shown at all', () => {
    const { errors } = textOnly(says(null, card('')), { vendor: 'Acme', maxText: 10 });
    expect(errors).toEqual([
      { pointer: '/cards/0', detail: 'has no text, and Acme shows no cards: send a text with it' },
    ]);
  });
});
