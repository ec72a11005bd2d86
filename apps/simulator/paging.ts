import { badRequest } from './refusal.js';

export interface PageQuery {
  page?: string;
  size?: string;
  sort?: string;
  filter?: string;
}

type Item = object;

/** A page of a list in HAL, sorted as asked. `filter` knows `name==value` and `id==value`. */
export function halPage(name: string, items: Item[], query: PageQuery, path: string, defaultSort = 'id:asc'): object {
  const page = number(query.page, 0, 'page');
  const size = number(query.size, 20, 'size');
  if (size === 0) throw badRequest('invalid_parameter', 'size must be at least 1.');
  const [attribute = 'id', direction = 'asc'] = (query.sort ?? defaultSort).split(':');
  const found = items.filter((item) => matches(item, query.filter));
  const sorted = found.toSorted(
    (a, b) => compare(value(a, attribute), value(b, attribute)) * (direction === 'desc' ? -1 : 1),
  );
  return {
    _embedded: { [name]: sorted.slice(page * size, (page + 1) * size) },
    _links: { self: { href: path } },
    page: { size, number: page, totalElements: found.length, totalPages: Math.ceil(found.length / size) },
  };
}

function number(text: string | undefined, fallback: number, name: string): number {
  if (text === undefined) return fallback;
  if (!/^\d{1,6}$/.test(text)) throw badRequest('invalid_parameter', `${name} must be a whole number.`);
  return Number(text);
}

function matches(item: Item, filter: string | undefined): boolean {
  const [, attribute, wanted] = /^(\w+)==(.*)$/.exec(filter ?? '') ?? [];
  return attribute === undefined || String(value(item, attribute)) === wanted;
}

function value(item: Item, attribute: string): unknown {
  return (item as Record<string, unknown>)[attribute];
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}
