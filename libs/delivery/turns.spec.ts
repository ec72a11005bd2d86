import { expect, it } from '@jest/globals';
import { Turns } from './turns.js';

it('those who wait for a place take turns, and each has its floor in any case', async () => {
  const turns = new Turns('file fetches', { total: 2, share: 2, floor: 1 });
  const got: string[] = [];
  const take = (owner: 'bot:a' | 'bot:b', name: string): Promise<unknown> =>
    turns.take(owner).then(() => got.push(name));
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  for (const name of ['a1', 'a2', 'a3', 'a4']) void take('bot:a', name);
  for (const name of ['b1', 'b2']) void take('bot:b', name);
  await settled();
  expect(got).toEqual(['a1', 'a2', 'b1']);
  turns.free('bot:a');
  await settled();
  expect(got).toEqual(['a1', 'a2', 'b1']);
  turns.free('bot:a');
  await settled();
  expect(got.slice(3)).toEqual(['a3']);
  turns.free('bot:b');
  await settled();
  expect(got.slice(4)).toEqual(['b2']);
  turns.free('bot:a');
  await settled();
  expect(got.slice(5)).toEqual(['a4']);
});
