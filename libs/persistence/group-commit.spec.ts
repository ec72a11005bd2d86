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
    { keyOf: (item) => item, isTransient: (error) => (error as Error).message === 'away', ...options },
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
    const { group, next } = store({ maxWaiting: 2, maxGroups: 1 });
    const accepted = [group.submit('a'), group.submit('b')];
    await expect(group.submit('c')).rejects.toMatchObject({ kind: 'unavailable' });
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
      isTransient: () => true,
      isConflict: () => true,
    });
    await expect(group.submit('a')).rejects.toThrow('conflict 5');
  });
});
