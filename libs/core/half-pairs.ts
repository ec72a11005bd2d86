import { isPlainObject } from '#contract';

/**
 * For `JSON.parse` and `JSON.stringify`: half a surrogate pair, in a value or a key, becomes the replacement character, as PostgreSQL
 * refuses it.
 */
export function repairHalfPairs(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (!isPlainObject(value) || Object.keys(value).every((key) => key.isWellFormed())) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key.toWellFormed(), item]));
}
