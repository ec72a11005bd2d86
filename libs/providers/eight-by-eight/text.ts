import { isPlainObject } from '#contract';
import { wellFormed } from '#provider-kit';

const MAX_DEPTH = 64;

/**
 * JSON with every text in it well formed, keys included.
 * @throws {RangeError} when it is nested deeper than 64 levels
 */
export function wellFormedJson(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) throw new RangeError('nested too deeply');
  if (Array.isArray(value)) return value.map((item) => wellFormedJson(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [wellFormed(key), wellFormedJson(item, depth + 1)]),
  );
}

/**
 * The entries of additional properties, which come as a list of `{ key, value }` or as a plain object; null when it is neither.
 * Neither keys nor values are checked.
 */
export function propertyEntries(value: unknown): [unknown, unknown][] | null {
  if (isPlainObject(value)) return Object.entries(value);
  if (!Array.isArray(value)) return null;
  return value.every(isPlainObject) ? value.map((entry) => [entry.key, entry.value]) : null;
}
