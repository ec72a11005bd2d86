import { describe, expect, it } from '@jest/globals';
import type { ProviderFact } from '#contract';
import { namedAt, finding, ignored, listed } from './facts.js';

describe('what providers report', () => {
  it('names an agent or a queue by id, and by name where there is one', () => {
    expect(namedAt({ by: { id: 7, name: ' Ann ' } }, 'by')).toEqual({ id: '7', name: 'Ann' });
    expect(namedAt({ id: 'a' })).toEqual({ id: 'a', name: null });
    for (const value of [null, {}, { name: 'Ann' }, { id: '' }, 'Ann']) expect(namedAt(value)).toBeNull();
  });

  it('lists a message with its id and time, and nothing else', () => {
    const fact: ProviderFact = {
      type: 'message',
      author: 'agent',
      agent: null,
      text: 'Hi',
      cards: [],
      attachments: [],
    };
    expect(listed(fact, 'm1', 5)).toEqual([{ ...fact, id: 'm1', at: 5 }]);
    expect([...listed(fact, null, 5), ...listed(fact, 'm1', null), ...listed(ignored('a note'), 'm1', 5)]).toEqual([]);
  });

  it('finds nothing to do where nothing is said of it', () => {
    expect(finding('ok', 'account', 'In order.')).toEqual({ level: 'ok', check: 'account', message: 'In order.', action: null }); // prettier-ignore
  });
});
