import { ProviderError, type ListedMessage, type MessageList } from '#contract';

/** After this no further page is asked for, so that a call with a slow last page still ends within 30 s. Milliseconds. */
export const READING_BUDGET_MS = 15_000;

/** Messages of our side that may be newer than one with files that is looked for. */
const MAX_PASSED_OVER = 200;

type Item = Record<string, unknown>;

/** One page of a list. */
export interface Page {
  items: Item[];
  isLast: boolean;
}

/**
 * The items of a list that comes in pages.
 * @param next reads the next page
 * @param now epoch milliseconds
 * @throws {ProviderError} `unknown_outcome` when the list does not end within the bounds: nothing was disproven then
 */
export async function* readAll(
  next: () => Promise<Page>,
  { vendor, maxPages, now }: { vendor: string; maxPages: number; now: () => number },
): AsyncGenerator<Item> {
  const deadline = now() + READING_BUDGET_MS;
  for (let page = 0; page < maxPages && now() <= deadline; page += 1) {
    const { items, isLast } = await next();
    yield* items;
    if (isLast) return;
  }
  throw new ProviderError('unknown_outcome', `the list at ${vendor} is too long to be read back in time`);
}

/** A list that can be read from its oldest end only, as one page with the newest first: for `wasSent` and `listSince`. */
export function newestFirst(
  next: () => Promise<Page>,
  bounds: { vendor: string; maxPages: number; now: () => number },
): () => Promise<Page> {
  return async () => {
    const items: Item[] = [];
    for await (const item of readAll(next, bounds)) items.push(item);
    return { items: items.reverse(), isLast: true };
  };
}

/** What tells a message that was perhaps sent from the others of its conversation. */
export interface Wanted {
  /** Whether the gateway sent an item of the list. What agents and the contact centre said is passed over. */
  isOurs(item: Item): boolean;
  isSame(item: Item): boolean;
  /** It has something of its own, such as a file that was uploaded for it alone: it is known by that, wherever it stands. */
  isUnique: boolean;
  /** How many messages equal to this one come directly before it. */
  identicalBefore: number;
}

/**
 * Whether a message is in the list, which comes in pages (`readAll`) or as a plain array: in the unbroken run of equal ones at its newest end, unless it is like no
 * other.
 */
export async function wasSent(
  newestFirst: AsyncIterable<Item> | Iterable<Item>,
  { isOurs, isSame, isUnique, identicalBefore }: Wanted,
): Promise<boolean> {
  let passed = 0;
  for await (const item of newestFirst) {
    if (!isOurs(item)) continue;
    if (isSame(item) === isUnique) return isUnique;
    passed += 1;
    if (passed > (isUnique ? MAX_PASSED_OVER : identicalBefore)) return !isUnique;
  }
  return false;
}

/** How a list of messages is read. */
export interface MessageReading {
  /** An item as a message; none where its event would have been ignored. */
  messageOf(item: Item): ListedMessage[];
  /** When an item was written, epoch milliseconds. */
  timeOf(item: Item): number | null;
  /** How exactly the list tells times, in milliseconds. */
  precisionMs: number;
  maxPages: number;
  /** Epoch milliseconds. */
  now(): number;
}

/**
 * The messages since a time, from a list that begins with the newest: reading ends where it meets known ground. Where that is too much
 * for one call, the newest of it.
 * @param next reads the next page
 */
export async function listSince(
  next: () => Promise<Page>,
  since: number | null,
  { messageOf, timeOf, precisionMs, maxPages, now }: MessageReading,
): Promise<MessageList> {
  const deadline = now() + READING_BUDGET_MS;
  const newestFirst: ListedMessage[] = [];
  let reached: number | null = null;
  for (let page = 0; page < maxPages && now() <= deadline; page += 1) {
    const { items, isLast } = await next();
    newestFirst.push(...items.flatMap(messageOf));
    reached = items.map(timeOf).findLast((at) => at !== null) ?? reached;
    if (isLast) return { messages: oldestFirst(newestFirst), from: null };
    if (since !== null && reached !== null && reached < since)
      return { messages: oldestFirst(newestFirst), from: since };
  }
  // What was said at the very last time may go on on the next page.
  return { messages: oldestFirst(newestFirst), from: reached === null ? now() : reached + precisionMs };
}

/** While pages are read a new message may push others onto the next one, where they come again. */
function oldestFirst(newestFirst: ListedMessage[]): ListedMessage[] {
  return [...new Map(newestFirst.map((message) => [message.id, message])).values()].reverse();
}
