import type { Page } from '#core';

/** A page of rows that were read with one more than fit. */
export function page<T>(rows: T[], limit: number, cursorOf: (row: T) => string): Page<T> {
  const data = rows.slice(0, limit);
  return { data, next: rows.length > limit ? cursorOf(data.at(-1)!) : null };
}
