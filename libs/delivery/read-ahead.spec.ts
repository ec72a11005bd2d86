import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LogItem } from '#core';
import { ReadAhead, type Reader } from './read-ahead.js';

describe('what is read ahead', () => {
  let ahead: ReadAhead;
  beforeEach(() => {
    ahead = new ReadAhead();
  });
  const lane = (bot = 'a'): Reader => ({
    lane: { done: 0 },
    share: { owner: `bot:${bot}` },
    items: [],
    bytes: 0,
    isHeavy: false,
  });
  const event = (sequence: number, bytes = 1_000): LogItem => ({
    kind: 'event',
    webhookId: null,
    sequence,
    body: 'x'.repeat(bytes),
    ageMs: 0,
  });
  const message = (over: object): LogItem =>
    ({
      kind: 'message',
      sequence: 1,
      ageMs: 0,
      payload: null,
      handover: {},
      message: { attachments: [], ...over },
    }) as never;
  const numbers = ({ items }: Reader): number[] => items.map(({ sequence }) => sequence);

  it('is kept without a gap, and up to sixteen', () => {
    const held = lane();
    for (const sequence of [1, 2, 4, 3]) ahead.add(held, event(sequence));
    expect(numbers(held)).toEqual([1, 2, 3]);
    for (let sequence = 4; sequence < 30; sequence++) ahead.add(held, event(sequence));
    expect(held.items).toHaveLength(16);
  });

  it('ends at 64 KiB, and what is larger by itself stays in the database until its turn', () => {
    const held = lane();
    for (const sequence of [1, 2, 3]) ahead.add(held, event(sequence, 30_000));
    expect(numbers(held)).toEqual([1, 2]);
    const large = lane();
    ahead.add(large, event(1, 70_000));
    expect(large).toMatchObject({ items: [], isHeavy: true, bytes: 0 });
    const cards = lane();
    ahead.add(cards, message({ cards: [{ contentType: 'a', content: { text: 'x'.repeat(70_000) } }] }));
    expect(cards).toMatchObject({ items: [], isHeavy: true });
  });

  it('has a share for each bot', () => {
    const fill = (bot: string): number => {
      const before = ahead.total;
      for (let nth = 0; nth < 1_000; nth++) {
        const held = lane(bot);
        ahead.add(held, event(1, 60_000));
      }
      return ahead.total - before;
    };
    expect(fill('a')).toBeLessThanOrEqual(16 * 1_048_576);
    expect(fill('b')).toBeGreaterThan(15 * 1_048_576);
    for (const bot of ['c', 'd', 'e', 'f', 'g']) expect(fill(bot)).toBeGreaterThan(500_000);
    expect(ahead.total).toBeLessThan(68 * 1_048_576);
  });

  it('keeps the first of what was read in any case, and gives all back', () => {
    const held = lane();
    ahead.fill(held, [event(1, 200_000), event(2, 60_000), event(3, 60_000)]);
    expect(numbers(held)).toEqual([1, 2]);
    expect(held.isHeavy).toBe(true);
    ahead.shift(held);
    expect([numbers(held), held.isHeavy]).toEqual([[2], false]);
    ahead.shift(held);
    expect([ahead.total, held.bytes]).toEqual([0, 0]);
    ahead.fill(held, [event(3), event(4)]);
    ahead.clear(held);
    ahead.clear(held);
    expect(ahead.total).toBe(0);
  });

  it('is heavy where it carries files', () => {
    const held = lane();
    ahead.add(held, message({ attachments: [{ id: 'att_1' }] }));
    expect(held.isHeavy).toBe(true);
    expect(held.items).toHaveLength(1);
  });
});
