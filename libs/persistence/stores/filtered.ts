import type { Page } from '#core';
import type { DataSource } from 'typeorm';
import { query } from '../statement.js';
import { page } from './page.js';

/** Entries of an index that one page may walk along: some tens of milliseconds. What lies behind is for the next page. */
export const MAX_WALK = 10_000;
/** How far is counted to see which of several filters leaves the fewest rows. */
const MAX_COUNT = 1_000;

/** Columns with an index each, behind `bot` and before `id`; the one most likely to leave few rows first. */
const COLUMNS = { sessionId: 'session_id', userId: 'user_id', status: 'status', provider: 'provider' } as const;
type Field = keyof typeof COLUMNS;

export interface IdFilter extends Partial<Record<Field, string>> {
  bot?: string;
}

/**
 * Ids of the table `handover` between two others, newest first. Each combination of filters is a statement of its own that walks along
 * one index, whatever else is in the table: that of the filter which leaves the fewest rows. A page that finds little in a long walk is
 * short, and `next` leads on.
 */
export async function filteredIds(
  source: DataSource,
  { bot, ...filter }: IdFilter,
  { from, to, limit }: { from: string; to: string; limit: number },
): Promise<Page<string>> {
  const fields = (Object.keys(COLUMNS) as Field[]).filter((field) => filter[field] !== undefined);
  const first = fields.length > 1 ? await fewest(source, bot, fields, filter) : fields[0];
  const rest = fields.filter((field) => field !== first);
  const values = [from, to, bot ?? null, first ? filter[first] : null];
  const all = [...values, ...rest.map((field) => filter[field])];
  const label = `${bot === undefined ? 'all' : 'own'} by ${[first, ...rest].join(' ')}`;
  // An operator's list is put together from those of all bots: the indexes begin with the bot.
  const walk = (tail: string): string =>
    `SELECT h.id, h.session_id, h.user_id, h.status, h.provider FROM handover h
     WHERE h.bot = b.name AND h.id > $1 AND h.id < $2 ${first ? `AND h.${COLUMNS[first]} = $4` : ''} ORDER BY h.id DESC ${tail}`;
  const bots = bot === undefined ? 'bot b' : '(SELECT $3::text AS name) b';
  // Every parameter has its type, also where it is not used.
  const typed = '($3::text IS NULL OR true) AND ($4::text IS NULL OR true)';
  const kept = rest.map((field, index) => `w.${COLUMNS[field]} = $${index + 5}`).join(' AND ') || 'true';
  if (rest.length === 0) {
    const rows = await query<{ id: string }>(
      source,
      `ids ${label} ${limit}`,
      `SELECT w.id FROM ${bots}, LATERAL (${walk(`LIMIT ${limit + 1}`)}) w WHERE ${typed} ORDER BY w.id DESC LIMIT ${limit + 1}`,
      values,
    );
    return page(
      rows.map(({ id }) => id),
      limit,
      (id) => id,
    );
  }
  // What fits and where each walk ended are one statement's: between two, rows can leave the walk, and its end would lie too far.
  const rows = await query<Walked>(
    source,
    `ids ${label} ${limit}`,
    `SELECT w.id, w."isEnd" FROM ${bots}, LATERAL (
       WITH walked AS MATERIALIZED (${walk(`LIMIT ${MAX_WALK}`)})
       (SELECT w.id, false AS "isEnd" FROM walked w WHERE ${kept} ORDER BY w.id DESC LIMIT ${limit + 1})
       UNION ALL (SELECT w.id, true FROM walked w ORDER BY w.id DESC OFFSET ${MAX_WALK - 1} LIMIT 1)) w
     WHERE ${typed} ORDER BY w.id DESC`,
    all,
  );
  return walkedPage(rows, limit, (id) => id);
}

/** A row that fits, or the last one of a walk that was not at its end. */
export interface Walked {
  id: string;
  isEnd: boolean;
}

/**
 * A page of what was found in several walks, newest first. Where one of them ended early nothing is known of what lies behind, whoever
 * else found something there: the page ends at the first such place.
 */
export function walkedPage<T extends string | bigint>(
  rows: Walked[],
  limit: number,
  order: (id: string) => T,
): Page<string> {
  const ends = rows.filter(({ isEnd }) => isEnd).map(({ id }) => id);
  const end = ends.length === 0 ? null : ends.reduce((a, b) => (order(a) > order(b) ? a : b));
  const found = rows.filter(({ isEnd }) => !isEnd).map(({ id }) => id);
  const ids = end === null ? found : found.filter((id) => order(id) >= order(end));
  return ids.length > limit ? page(ids, limit, (id) => id) : { data: ids, next: end };
}

async function fewest(source: DataSource, bot: string | undefined, fields: Field[], filter: IdFilter): Promise<Field> {
  const count = (field: Field, index: number): string =>
    `(SELECT count(*) FROM (SELECT 1 FROM ${bot === undefined ? 'bot b' : '(SELECT $1::text AS name) b'}, LATERAL (
       SELECT 1 FROM handover h WHERE h.bot = b.name AND h.${COLUMNS[field]} = $${index + 2} ORDER BY h.id DESC LIMIT ${MAX_COUNT}) one LIMIT ${MAX_COUNT}) few) AS "${field}"`;
  const [counts] = await query<Record<Field, string>>(
    source,
    `fewest of ${bot === undefined ? 'all' : 'own'} ${fields.join(' ')}`,
    `SELECT ${fields.map(count).join(', ')} WHERE $1::text IS NULL OR true`,
    [bot ?? null, ...fields.map((field) => filter[field])],
  );
  return fields.reduce((best, field) => (Number(counts![field]) < Number(counts![best]) ? field : best));
}
