import { describe, expect, it } from '@jest/globals';
import type { ListedMessage } from '#contract';
import { listSince, newestFirst, readAll, wasSent, type Page, type Wanted } from './reading.js';

type Item = Record<string, unknown>;

/** Pages of a list, one after the other. */
function pagesOf(...pages: Item[][]): () => Promise<Page> {
  let page = 0;
  return async () => ({ items: pages[page] ?? [], isLast: ++page >= pages.length });
}
/** A clock that moves on by so much whenever it is looked at. */
function clock(stepMs: number): () => number {
  let now = 0;
  return () => (now += stepMs);
}

describe('a list in pages', () => {
  async function read(pages: Item[][], maxPages: number, stepMs = 0): Promise<Item[]> {
    const items: Item[] = [];
    for await (const item of readAll(pagesOf(...pages), { vendor: 'Acme', maxPages, now: clock(stepMs) }))
      items.push(item);
    return items;
  }

  it('is read to its end', async () => {
    expect(await read([[{ id: 1 }, { id: 2 }], [], [{ id: 3 }]], 3)).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
  });

  it.each([
    ['pages', 1, 0],
    ['time', 9, 10_000],
  ])('that is too long in %s disproves nothing', async (_, maxPages, stepMs) => {
    await expect(read([[], [], []], maxPages, stepMs)).rejects.toMatchObject({ code: 'unknown_outcome' });
  });
});

describe('a message that was perhaps sent', () => {
  async function* newestFirst(texts: string[]): AsyncGenerator<Item> {
    for (const text of texts) yield { text };
  }
  const find = (texts: string[], over: Partial<Wanted> = {}): Promise<boolean> =>
    wasSent(newestFirst(texts), {
      isOurs: ({ text }) => text !== 'agent',
      isSame: ({ text }) => text === 'Hi',
      isUnique: false,
      identicalBefore: 0,
      ...over,
    });

  it.each<[string[], number, boolean]>([
    [[], 0, false],
    [['Hi'], 0, true],
    [['agent', 'Hi', 'Bye'], 0, true],
    [['Bye', 'Hi'], 0, false],
    [['Hi'], 1, false],
    [['Hi', 'agent', 'Hi'], 1, true],
    [['Hi', 'Bye', 'Hi'], 1, false],
  ])('is looked for in %j after %i equal ones: %s', async (texts, identicalBefore, expected) => {
    expect(await find(texts, { identicalBefore })).toBe(expected);
  });

  it('is found wherever it is when it is like no other, among two hundred', async () => {
    const others = (count: number): string[] => Array.from({ length: count }, () => 'Bye');
    expect(await find([...others(200), 'Hi'], { isUnique: true })).toBe(true);
    expect(await find([...others(201), 'Hi'], { isUnique: true })).toBe(false);
    expect(await find(['Bye', 'agent'], { isUnique: true })).toBe(false);
  });
});

describe('messages since a time', () => {
  const messageOf = ({ id, at }: Item): ListedMessage[] =>
    id === null ? [] : [{ type: 'message', id: String(id), at: at as number } as ListedMessage];
  const list = async (pages: Item[][], since: number | null, stepMs = 0): Promise<[string[], number | null]> => {
    const reading = { messageOf, timeOf: ({ at }: Item) => at as number, precisionMs: 1_000, maxPages: 9, now: clock(stepMs) }; // prettier-ignore
    const { messages, from } = await listSince(pagesOf(...pages), since, reading);
    return [messages.map(({ id }) => id), from];
  };
  const item = (id: number): Item => ({ id, at: id * 1_000 });
  const PAGES = [
    [item(6), item(5)],
    [item(4), item(3)],
    [item(2), item(1)],
  ];

  it('come in the order in which they were said, each once although pages overlap', async () => {
    expect(await list(PAGES, null)).toEqual([['1', '2', '3', '4', '5', '6'], null]);
    expect(
      (
        await list(
          [
            [item(3), item(2)],
            [item(2), item(1)],
          ],
          null,
        )
      )[0],
    ).toEqual(['1', '2', '3']);
  });

  it('are read until known ground is reached, of that time itself nothing left out', async () => {
    expect(await list(PAGES, 4_000)).toEqual([['3', '4', '5', '6'], 4_000]);
    expect(await list(PAGES, 3_000)).toEqual([['1', '2', '3', '4', '5', '6'], null]);
  });

  it('go back only so far where they are too many, and not to the last time that was met', async () => {
    expect(await list(PAGES, null, 7_000)).toEqual([['3', '4', '5', '6'], 4_000]);
  });
});

describe('a list that begins with the oldest', () => {
  const bounds = { vendor: 'Acme', maxPages: 3, now: () => 0 };
  const pages = (...all: string[][]): (() => Promise<Page>) => {
    const left = [...all];
    return async () => ({ items: left.shift()!.map((id) => ({ id })), isLast: left.length === 0 });
  };

  it('is turned round, all of it', async () => {
    const { items, isLast } = await newestFirst(pages(['1', '2'], ['3']), bounds)();
    expect([items.map(({ id }) => id), isLast]).toEqual([['3', '2', '1'], true]);
  });

  it('proves nothing where it is too long to be read', async () => {
    await expect(newestFirst(pages(['1'], ['2'], ['3'], ['4']), bounds)()).rejects.toMatchObject({ code: 'unknown_outcome' }); // prettier-ignore
  });
});
