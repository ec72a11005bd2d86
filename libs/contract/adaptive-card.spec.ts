import { describe, expect, it } from '@jest/globals';
import { adaptiveCardText } from './adaptive-card.js';

describe('an Adaptive Card as text', () => {
  it('has its texts, facts, inputs and actions, in order', () => {
    const card = {
      type: 'AdaptiveCard',
      version: '1.6',
      body: [
        { type: 'TextBlock', text: ' Your flight ' },
        { type: 'RichTextBlock', inlines: ['From ', { type: 'TextRun', text: 'Zürich' }, 7] },
        {
          type: 'Container',
          items: [{ type: 'ColumnSet', columns: [{ items: [{ type: 'TextBlock', text: '✈️' }] }] }],
        },
        { type: 'FactSet', facts: [{ title: 'Gate', value: 'B7' }, { title: 'Seat' }, null] },
        { type: 'Image', url: 'https://example.com/x.png', altText: 'A plane' },
        { type: 'Input.Text', id: 'name', label: 'Your name', placeholder: 'Jane' },
        { type: 'Input.ChoiceSet', id: 'meal', placeholder: 'Meal', choices: [{ title: 'Fish', value: 'f' }] },
        { type: 'Table', rows: [{ cells: [{ items: [{ type: 'TextBlock', text: 'in a cell' }] }] }] },
      ],
      actions: [
        { type: 'Action.Submit', title: 'Book', data: { type: 'TextBlock', text: 'internal' } },
        { type: 'Action.OpenUrl', title: 'Terms', url: 'https://example.com/terms' },
        { type: 'Action.ShowCard', title: 'More', card: { body: [{ type: 'TextBlock', text: 'hidden' }] } },
      ],
    };
    expect(adaptiveCardText(card)).toBe(
      [
        'Your flight',
        'From Zürich',
        '✈️',
        'Gate: B7',
        'Seat',
        'A plane',
        'Your name',
        'Meal',
        '- Fish',
        'in a cell',
        '- Book',
        '- Terms: https://example.com/terms',
        '- More',
      ].join('\n'),
    );
  });

  it.each([null, 7, 'text', [], {}, { body: [{ type: 'TextBlock', text: ' ' }] }, { body: { type: 'TextBlock' } }])(
    'is null where there is nothing to read, as in %j',
    (content) => {
      expect(adaptiveCardText(content)).toBeNull();
    },
  );

  it('ends where nobody reads on, and goes only so deep', () => {
    const blocks = Array.from({ length: 3_000 }, () => ({ type: 'TextBlock', text: 'ten chars 🙂' }));
    const text = adaptiveCardText({ body: blocks })!;
    expect(text).toHaveLength(20_000);
    expect(text.endsWith('…') && text.isWellFormed()).toBe(true);
    const deep = Array.from({ length: 1_000 }).reduce((inner) => ({ items: [inner] }), {
      type: 'TextBlock',
      text: 'x',
    });
    expect(adaptiveCardText(deep)).toBeNull();
  });
});
