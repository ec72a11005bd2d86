import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Pace } from './pace.js';

describe('a pace', () => {
  let pace: Pace;
  beforeEach(() => {
    jest.useFakeTimers();
    pace = new Pace('large bytes', { bytesPerSecond: 1_000, from: 100, longestWaitMs: 2_000 }, Date.now);
  });
  afterEach(() => void jest.useRealTimers());

  it('lets what is small through at once, and the first large piece', () => {
    for (let n = 0; n < 100; n++) expect(pace.turn('bot:a', 99)).toBeUndefined();
    expect(pace.turn('bot:a', 1_000)).toBeUndefined();
  });

  it('spreads the large pieces of one owner, whatever others bring', async () => {
    void pace.turn('bot:a', 1_000);
    const order: string[] = [];
    void pace.turn('bot:a', 500)!.then(() => order.push('second'));
    void pace.turn('bot:a', 500)!.then(() => order.push('third'));
    expect(pace.turn('bot:b', 1_000)).toBeUndefined();
    await jest.advanceTimersByTimeAsync(999);
    expect(order).toEqual([]);
    await jest.advanceTimersByTimeAsync(1);
    expect(order).toEqual(['second']);
    await jest.advanceTimersByTimeAsync(500);
    expect(order).toEqual(['second', 'third']);
  });

  it('refuses what would have to wait too long, and does not count it', async () => {
    for (let n = 0; n < 3; n++) void pace.turn('bot:a', 1_000);
    const refusal = { kind: 'over_budget', members: { budget: 'large bytes', owner: 'bot:a' } };
    expect(() => pace.turn('bot:a', 1_000)).toThrow(expect.objectContaining(refusal));
    await jest.advanceTimersByTimeAsync(1_000);
    expect(pace.turn('bot:a', 1_000)).toBeInstanceOf(Promise);
  });
});
