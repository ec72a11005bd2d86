import { ProviderError } from '#contract';

/** After this no further page is asked for, so that a call with a slow last page still ends within 30 s. Milliseconds. */
export const READING_BUDGET_MS = 15_000;

/** One page of a list. */
export interface Page {
  items: Record<string, unknown>[];
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
): AsyncGenerator<Record<string, unknown>> {
  const deadline = now() + READING_BUDGET_MS;
  for (let page = 0; page < maxPages && now() <= deadline; page += 1) {
    const { items, isLast } = await next();
    yield* items;
    if (isLast) return;
  }
  throw new ProviderError('unknown_outcome', `the list at ${vendor} is too long to be read back in time`);
}
