import { isPlainObject } from '#contract';

/** What is at a path into JSON that nobody vouches for; undefined where the path ends early. */
export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isPlainObject(inner) ? inner[key] : undefined), value);
}

/** The objects of a list; none where it is no list. */
export function listAt(value: unknown, ...path: string[]): Record<string, unknown>[] {
  const list = at(value, ...path);
  return Array.isArray(list) ? list.filter(isPlainObject) : [];
}

/** An id of Chatwoot's as text; null for anything that is none. They are whole numbers. */
export function idAt(value: unknown, ...path: string[]): string | null {
  const id = String(at(value, ...path));
  return /^[1-9]\d{0,18}$/.test(id) ? id : null;
}

/** A text that any database takes; null where there is none. */
export function textAt(value: unknown, ...path: string[]): string | null {
  const text = at(value, ...path);
  return typeof text === 'string' && text.trim() !== '' ? text.replace(/\0|\p{Surrogate}/gu, '\uFFFD') : null;
}
