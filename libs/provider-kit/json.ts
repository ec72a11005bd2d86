import { isPlainObject } from '#contract';

/** Longest id that is taken, in characters. */
export const MAX_ID = 255;
const MAX_NAME = 255;
/** The last moment of the year 9999: PostgreSQL and JSON know no later one alike. Epoch milliseconds. */
const MAX_TIME = Date.UTC(10_000, 0) - 1;

/** A text or a body as JSON; undefined where it is none. */
export function parseJson(content: string | Buffer): unknown {
  try {
    return JSON.parse(content.toString()) as unknown;
  } catch {
    return undefined;
  }
}

/** Text that any database takes: NUL characters and halves of surrogate pairs become U+FFFD. */
export function wellFormed(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, '\uFFFD');
}

/** What is at a path into JSON that nobody vouches for; undefined where the path ends early. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isPlainObject(inner) ? inner[key] : undefined), value);
}

/** The objects of a list; none where it is no list. */
export function listAt(value: unknown, ...path: string[]): Record<string, unknown>[] {
  const list = at(value, ...path);
  return Array.isArray(list) ? list.filter(isPlainObject) : [];
}

/** A text as it is, blanks at its ends included; null where there is none, or nothing but blanks. */
export function textAt(value: unknown, ...path: string[]): string | null {
  const text = at(value, ...path);
  return typeof text === 'string' && text.trim() !== '' ? wellFormed(text) : null;
}

/** An id as text, from a text or a number; null where there is none, or it is too long to be one (255 characters). */
export function idAt(value: unknown, ...path: string[]): string | null {
  const found = at(value, ...path);
  const id = textAt(typeof found === 'number' ? String(found) : found)?.trim() ?? '';
  return id !== '' && id.length <= MAX_ID ? id : null;
}

/** A name, without blanks around it, of 255 characters at most; null where there is none. */
export function nameAt(value: unknown, ...path: string[]): string | null {
  const name = at(value, ...path);
  if (typeof name !== 'string' || name.trim() === '') return null;
  return wellFormed(name.trim().slice(0, MAX_NAME));
}

/**
 * A time of the years 1970 to 9999 as epoch milliseconds, from a text such as `2026-01-31T12:00:00Z` or from a number; null for anything else.
 * @param unitMs what a number counts since the epoch, in milliseconds: 1,000 for seconds
 */
export function timeOf(value: unknown, unitMs: 1 | 1_000 = 1): number | null {
  const time = typeof value === 'number' ? value * unitMs : typeof value === 'string' ? Date.parse(value) : NaN;
  return time >= 0 && time <= MAX_TIME ? Math.trunc(time) : null;
}

/** The address of a file or page, http or https; null where there is none. */
export function urlAt(value: unknown, ...path: string[]): string | null {
  const url = at(value, ...path);
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? url : null;
}
