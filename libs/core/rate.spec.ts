import { expect, it } from '@jest/globals';
import { Rate } from './rate.js';

it('a rate counts what was taken within its window, by owner', () => {
  let now = 0;
  const rate = new Rate('vendor calls', { total: 3, share: 2, floor: 1 }, 1_000, () => now);
  expect([rate.take('bot:a'), rate.take('bot:a'), rate.take('bot:a')]).toEqual([true, true, false]);
  expect(rate.refusal('bot:a')).toMatchObject({ kind: 'over_budget', members: { budget: 'vendor calls' } });
  now = 500;
  expect([rate.take('bot:b'), rate.take('bot:b'), rate.take('bot:c')]).toEqual([true, false, true]);
  now = 1_000;
  expect([rate.take('bot:a'), rate.take('bot:a')]).toEqual([true, false]);
});
