import { describe, expect, it } from '@jest/globals';
import { roughSize } from './rough-size.js';

describe('the rough size of a value', () => {
  it('grows with its texts, wherever they are', () => {
    const text = 'x'.repeat(1_000);
    expect(roughSize(text)).toBeGreaterThanOrEqual(1_000);
    expect(roughSize({ cards: [{ content: { body: [text, { [text]: null }] } }] })).toBeGreaterThanOrEqual(2_000);
    expect(roughSize({ at: new Date(), count: 7, none: null })).toBeLessThan(200);
  });

  it('stops looking once there is enough', () => {
    const seen: number[] = [];
    const list = Array.from({ length: 100 }, (_, index) => ({
      get text() {
        seen.push(index);
        return 'x'.repeat(1_000);
      },
    }));
    expect(roughSize(list, 5_000)).toBeGreaterThan(5_000);
    expect(seen.length).toBeLessThan(10);
  });
});
