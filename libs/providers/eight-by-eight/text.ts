import { isPlainObject } from '#contract';

const MAX_DEPTH = 64;
/** Longest id and longest name that are taken, in characters. */
export const MAX_ID = 255;
const MAX_NAME = 255;

/** An id as text; null where there is none or it is too long to be one. */
export function idOf(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string') return null;
  const id = wellFormed(text.trim());
  return id !== '' && id.length <= MAX_ID ? id : null;
}

/** A name as text, cut where it is too long; null where there is none. */
export function nameOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  return wellFormed(value.trim().slice(0, MAX_NAME));
}

/** Text that any database takes: NUL characters and halves of surrogate pairs become U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\uFFFD');
}

/**
 * The same JSON with every text in it well formed, keys included.
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
