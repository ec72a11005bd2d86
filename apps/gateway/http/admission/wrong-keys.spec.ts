import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { WrongKeys } from './wrong-keys.js';

describe('wrong keys', () => {
  const warn = jest.fn();
  let keys: WrongKeys;
  beforeEach(() => {
    jest.useFakeTimers();
    warn.mockClear();
    keys = new WrongKeys({ warn } as never);
  });
  afterEach(() => void jest.useRealTimers());

  const guess = (count: number, address = '10.0.0.1'): ReturnType<WrongKeys['note']>[] =>
    Array.from({ length: count }, () => keys.note(address));

  it('are answered at once while they are few, then later and later, and beyond that refused', async () => {
    expect(new Set(guess(20))).toEqual(new Set(['at once']));
    const paused = guess(16);
    expect(paused.every((turn) => turn instanceof Promise)).toBe(true);
    expect(guess(100).every((turn) => turn === 'too many')).toBe(true);
    await jest.advanceTimersByTimeAsync(2_000);
    await Promise.all(paused);
    expect(keys.note('10.0.0.1')).toBeInstanceOf(Promise);
  });

  it('of one address do not slow down another', () => {
    void guess(100);
    expect(keys.note('10.0.0.2')).toBe('at once');
  });

  it('of many addresses have a bounded number of answers that wait', () => {
    const turns = Array.from({ length: 40 }, (_, index) => guess(40, `10.0.1.${index}`)).flat();
    expect(turns.filter((turn) => turn instanceof Promise)).toHaveLength(256);
  });

  it('are told once a minute and address, with their number', async () => {
    void guess(30);
    expect(warn.mock.calls).toEqual([[{ address: '10.0.0.1', wrongKeys: 1 }, expect.any(String)]]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(warn.mock.calls.slice(1)).toEqual([[{ address: '10.0.0.1', wrongKeys: 29 }, expect.any(String)]]);
    await jest.advanceTimersByTimeAsync(300_000);
    expect(warn).toHaveBeenCalledTimes(2);
    void guess(1);
    expect(warn).toHaveBeenCalledTimes(3);
  });
});
