import { beforeEach, describe, expect, it } from '@jest/globals';
import { Destination } from './destination.js';

describe('a destination', () => {
  let now: number;
  let destination: Destination;
  beforeEach(() => {
    now = 1_000;
    destination = new Destination('bot', 'shop', () => now);
  });
  const fail = (times: number): boolean[] => Array.from({ length: times }, () => destination.failed());

  it('has a share of its own of what may be under way', () => {
    const share = destination.room;
    destination.inFlight = share - 1;
    expect(destination.room).toBe(1);
    destination.inFlight = share;
    expect(destination.room).toBe(0);
    expect(destination.appetite).toEqual({ direction: 'bot', target: 'shop', limit: 0 });
  });

  it('is taken for down after eight failures in a row, and says so once', () => {
    expect(fail(9)).toEqual([false, false, false, false, false, false, false, true, false]);
    expect(destination.isDown).toBe(true);
    expect(destination.room).toBe(0);
  });

  it('is not, where something succeeds in between', () => {
    fail(7);
    destination.succeeded();
    fail(7);
    expect(destination.isDown).toBe(false);
  });

  it('is tried with one call at a time once the pause is over, and has its share again when that succeeds', () => {
    fail(8);
    now += 1_001;
    expect(destination.room).toBe(1);
    destination.inFlight = 1;
    expect(destination.room).toBe(0);
    destination.inFlight = 0;
    destination.succeeded();
    expect(destination.room).toBeGreaterThan(1);
  });

  it('waits again, for longer, when that fails', () => {
    fail(8);
    const pauses = Array.from({ length: 200 }, () => {
      now += 30_001;
      destination.failed();
      let ms = 0;
      while (destination.room === 0 && ms <= 30_001) {
        ms += 250;
        now += 250;
      }
      return ms;
    });
    expect(Math.max(...pauses)).toBeGreaterThan(2_000);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_250);
  });
});
