import { describe, expect, it } from '@jest/globals';
import { GroupCommit, type GroupCommitOptions } from './group-commit.js';

/** A store whose commits are let through by hand. */
function store(options: Partial<GroupCommitOptions<string>> = {}) {
  const groups: string[][] = [];
  const waiting: { items: string[]; settle(error?: Error): void }[] = [];
  const group = new GroupCommit<string, string>(
    (items) => {
      groups.push(items);
      return new Promise((resolve, reject) => {
        waiting.push({
          items,
          settle: (error) => (error ? reject(error) : resolve(items.map((item) => item.toUpperCase()))),
        });
      });
    },
    {
      keyOf: (item) => item,
      isTransient: (error) => (error as Error).message === 'away',
      costOf: () => ({ owner: 'bot:a', bytes: 1 }),
      ...options,
    },
  );
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const next = async (error?: Error): Promise<void> => {
    await turn();
    waiting.shift()!.settle(error);
    await turn();
  };
  return { group, groups, next, turn };
}

describe('a group commit', () => {
  it('sends what comes at the same moment together, and what comes meanwhile as the next groups', async () => {
    const { group, groups, next } = store({ maxGroups: 1 });
    const first = [group.submit('a'), group.submit('b')];
    await new Promise((resolve) => setImmediate(resolve));
    const later = [group.submit('c'), group.submit('d')];
    await next();
    expect(await Promise.all(first)).toEqual(['A', 'B']);
    await next();
    expect(await Promise.all(later)).toEqual(['C', 'D']);
    expect(groups).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('never has items of one key in two groups at the same time, and keeps their order', async () => {
    const { group, groups, next, turn } = store({ keyOf: (item) => item[0]!, maxGroups: 2 });
    const all = [group.submit('a1')];
    await turn();
    all.push(group.submit('a2'), group.submit('b1'), group.submit('a3'));
    await turn();
    expect(groups).toEqual([['a1'], ['b1']]);
    await next();
    await next();
    await next();
    await Promise.all(all);
    expect(groups).toEqual([['a1'], ['b1'], ['a2', 'a3']]);
  });

  it('finds the item that spoils a group, and fails nobody else', async () => {
    const { group, groups, next } = store();
    const results = Promise.allSettled([group.submit('good'), group.submit('bad'), group.submit('fine')]);
    await next(new Error('bad row'));
    await next();
    await next(new Error('bad row'));
    await next();
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(groups).toEqual([['good', 'bad', 'fine'], ['good'], ['bad'], ['fine']]);
  });

  it('does not try one by one what fails because the database is away', async () => {
    const { group, groups, next } = store();
    const results = Promise.allSettled([group.submit('a'), group.submit('b')]);
    await next(new Error('away'));
    expect((await results).every(({ status }) => status === 'rejected')).toBe(true);
    expect(groups).toHaveLength(1);
  });

  it('refuses more than may wait, and takes it again later', async () => {
    const { group, next } = store({ waiting: { total: 2, share: 2, floor: 0 }, maxGroups: 1 });
    const accepted = [group.submit('a'), group.submit('b')];
    await expect(group.submit('c')).rejects.toMatchObject({ kind: 'over_budget', members: { owner: 'bot:a' } });
    await next();
    expect(await Promise.all(accepted)).toEqual(['A', 'B']);
    const again = group.submit('c');
    await next();
    expect(await again).toBe('C');
  });

  it('tries each item of a group alone when it got into the way of other work, and tells nobody', async () => {
    const conflict = (error: unknown): boolean => (error as Error).message === 'conflict';
    const { group, groups, next, turn } = store({ isConflict: conflict, isTransient: conflict });
    const all = [group.submit('a'), group.submit('b')];
    await next(new Error('conflict'));
    await next();
    await next(new Error('conflict'));
    while (groups.length < 4) await turn();
    await next();
    expect(await Promise.all(all)).toEqual(['A', 'B']);
    expect(groups).toEqual([['a', 'b'], ['a'], ['b'], ['b']]);
  });

  it('gives up on an item that is in the way again and again', async () => {
    let tries = 0;
    const group = new GroupCommit<string, string>(() => Promise.reject(new Error(`conflict ${++tries}`)), {
      keyOf: (item) => item,
      costOf: () => ({ owner: 'bot:a', bytes: 1 }),
      isTransient: () => true,
      isConflict: () => true,
    });
    await expect(group.submit('a')).rejects.toThrow('conflict 5');
  });

  describe('with several who ask', () => {
    /** `a1` is what bot a asks for first. */
    const costOf = (item: string) => ({
      owner: item.startsWith('w') ? ('provider:support' as const) : (`bot:${item[0]!}` as const),
      bytes: 1_000,
    });

    it('lets them take turns, and keeps the order of each', async () => {
      const { group, groups, next } = store({ costOf, maxItems: 4, maxGroups: 1 });
      const all = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b1', 'w1', 'b2'].map((item) => group.submit(item));
      for (let round = 0; round < 3; round++) await next();
      await Promise.all(all);
      expect(groups).toEqual([['a1', 'b1', 'w1', 'a2'], ['a3', 'b2', 'a4', 'a5'], ['a6']]);
    });

    it('ends a group once it is large, but takes one that is larger by itself', async () => {
      const { group, groups, next } = store({
        costOf: (item) => ({ owner: 'bot:a', bytes: item.length }),
        maxBytes: 5,
        maxGroups: 1,
      });
      const all = ['aaa', 'bb', 'c', 'dddddddd', 'e'].map((item) => group.submit(item));
      for (let round = 0; round < 4; round++) await next();
      await Promise.all(all);
      expect(groups).toEqual([['aaa', 'bb'], ['c'], ['dddddddd'], ['e']]);
    });

    it('gives what is large a group of its own, one at a time, so that others do not wait for several of them', async () => {
      const { group, groups, next, turn } = store({
        costOf: (item) => ({ owner: `bot:${item[0]!}`, bytes: item.length }),
        largeBytes: 4,
        maxGroups: 2,
      });
      const all = ['aaaa', 'aaaaa', 'b', 'c'].map((item) => group.submit(item));
      await turn();
      expect(groups).toEqual([['aaaa'], ['b', 'c']]);
      all.push(group.submit('bb'));
      await next();
      await next();
      await next();
      await next();
      await Promise.all(all);
      expect(groups.slice(2).flat().toSorted()).toEqual(['aaaaa', 'bb']);
      expect(groups.filter((one) => one.includes('aaaaa'))).toEqual([['aaaaa']]);
    });

    it('refuses what is over one’s share, and has the floor of the others left', async () => {
      const { group, next } = store({
        costOf,
        waiting: { total: 4, share: 3, floor: 1 },
        waitingBytes: { total: 10_000, share: 2_000, floor: 1_000 },
        maxGroups: 1,
      });
      const taken = ['a1', 'a2'].map((item) => group.submit(item));
      await expect(group.submit('a3')).rejects.toMatchObject({
        kind: 'over_budget',
        members: { budget: 'bytes of waiting changes', owner: 'bot:a' },
      });
      taken.push(...['b1', 'b2', 'c1', 'w1'].map((item) => group.submit(item)));
      await expect(group.submit('c2')).rejects.toMatchObject({ kind: 'unavailable' });
      await expect(group.submit('w2')).rejects.toMatchObject({
        kind: 'unavailable',
        members: { budget: 'waiting changes', owner: 'provider:support' },
      });
      await next();
      expect(await Promise.all(taken)).toHaveLength(6);
    });
  });
});
