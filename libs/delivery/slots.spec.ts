import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.js';

describe('a bounded number of places', () => {
  it('hands a place on in the order of asking, and counts none twice', async () => {
    const slots = new Slots(1);
    const got: string[] = [];
    await slots.take(0);
    const first = slots.take(5_000).then(() => got.push('first'));
    const second = slots.take(5_000).then(() => got.push('second'));
    expect(slots.isFull).toBe(true);
    slots.free();
    await first;
    expect(got).toEqual(['first']);
    slots.free();
    await second;
    slots.free();
    expect(slots.isFull).toBe(false);
  });

  it('gives up in time, and the place goes to somebody else', async () => {
    const slots = new Slots(1);
    await slots.take(0);
    await expect(slots.take(1)).resolves.toBe(false);
    const patient = slots.take(5_000);
    slots.free();
    await expect(patient).resolves.toBe(true);
    slots.free();
    expect(slots.isFull).toBe(false);
  });
});
