import type { Page } from '#core';
import type { DataSource } from 'typeorm';
import { query } from '../statement.js';

/** A page ends where it would be larger than this, whatever its limit; its first row is in it however large. Bytes as they are stored. */
export const PAGE_BYTES = 1_048_576;

/** What a page is read from. The texts are SQL of our own. */
export interface PageSource {
  /** Names the statement. */
  label: string;
  table: string;
  columns: string;
  /** The column that rows are told apart by among the candidates, and its type. */
  key: string;
  type: 'integer' | 'text';
  /** What narrows it beside the key, over `$1`. */
  scope: string;
  /** Bytes of a row. */
  size: string;
  /** One array of the keys of all candidates, in the order of the page. */
  candidates: string;
}

/**
 * The first rows of the candidates that are within `PAGE_BYTES` together, and whether there are more. The rows are walked along one by
 * one, so the database reads no row beyond the one that is too much, and none of those comes here.
 * @param values of the source's own parameters, from `$1` on
 */
export async function withinBytes<T extends object>(
  source: DataSource,
  { label, table, columns, key, type, scope, size, candidates }: PageSource,
  limit: number,
  values: unknown[],
): Promise<{ rows: T[]; isEnd: boolean }> {
  const bytes = `$${values.length + 1}`;
  const most = `$${values.length + 2}`;
  const found = await query<{ row: T | null; candidates: number | null }>(
    source,
    label,
    `WITH RECURSIVE keys AS MATERIALIZED (SELECT (${candidates})::${type}[] AS list),
       walk AS (
         SELECT 0 AS n, 0::bigint AS total
         UNION ALL
         SELECT n + 1, total + coalesce((SELECT ${size} FROM ${table} x WHERE ${scope} AND x.${key} = list[n + 1]), 0)
         FROM walk, keys WHERE n < least(cardinality(list), ${most}::integer) AND total <= ${bytes}::bigint)
     SELECT x.*, cardinality(list) AS "pageCandidates" FROM keys, walk, LATERAL (
       SELECT ${columns} FROM ${table} x WHERE ${scope} AND x.${key} = list[n]) x
     WHERE n > 0 AND (n = 1 OR total <= ${bytes}) ORDER BY n`,
    [...values, PAGE_BYTES, limit],
  );
  const counted = found as unknown as (T & { pageCandidates?: number })[];
  const isEnd = counted.length >= (counted[0]?.pageCandidates ?? 0);
  for (const row of counted) delete row.pageCandidates;
  return { rows: counted, isEnd };
}

/** The same as a page whose cursor is its last row's. */
export async function pageWithinBytes<T extends object>(
  source: DataSource,
  from: PageSource,
  limit: number,
  values: unknown[],
  cursorOf: (row: T) => string,
): Promise<Page<T>> {
  const { rows, isEnd } = await withinBytes<T>(source, from, limit, values);
  return { data: rows, next: isEnd ? null : cursorOf(rows.at(-1)!) };
}

const length = (column: string): string => `coalesce(octet_length(x.${column}::text), 0)`;

const MESSAGES = {
  table: 'message',
  columns: `x.id, x.handover_id AS "handoverId", x.sequence, x.author, x.text, x.attachments, x.cards, x.status, x.error, x.conversion, x.at`,
  key: 'sequence',
  type: 'integer',
  scope: 'x.handover_id = $1',
  size: `500 + ${['text', 'attachments', 'cards', 'conversion', 'error'].map(length).join(' + ')}`,
} as const;

/** Messages after a sequence (`$2`), oldest first. */
export const MESSAGES_AFTER: PageSource = {
  ...MESSAGES,
  label: 'messages after',
  candidates: `SELECT array_agg(k.sequence ORDER BY k.sequence) FROM (
    SELECT sequence FROM message WHERE handover_id = $1 AND sequence > $2::integer ORDER BY sequence LIMIT $3::integer) k`,
};

/** Messages up to a sequence (`$2`), newest first. */
export const MESSAGES_UP_TO: PageSource = {
  ...MESSAGES,
  label: 'messages up to',
  candidates: `SELECT array_agg(k.sequence ORDER BY k.sequence DESC) FROM (
    SELECT sequence FROM message WHERE handover_id = $1 AND sequence <= $2::integer ORDER BY sequence DESC LIMIT $3::integer) k`,
};

/** Events after a sequence (`$2`). */
export const EVENTS_AFTER: PageSource = {
  label: 'events after',
  table: 'event',
  columns: 'x.sequence, x.type, x.body',
  key: 'sequence',
  type: 'integer',
  scope: 'x.handover_id = $1',
  size: `200 + ${length('body')}`,
  candidates: `SELECT array_agg(k.sequence ORDER BY k.sequence) FROM (
    SELECT sequence FROM event WHERE handover_id = $1 AND sequence > $2::integer ORDER BY sequence LIMIT $3::integer) k`,
};

/** Handovers or conversations whose ids (`$1`) are known, in their order. */
export function handoversOf(columns: string): PageSource {
  return {
    label: 'handovers of a page',
    table: 'handover',
    columns,
    key: 'id',
    type: 'text',
    scope: 'x.id = ANY($1::text[])',
    size: `1000 + ${['"user"', 'settings', 'metadata', 'queue', 'agent', 'error', 'lifecycle', 'incoming'].map(length).join(' + ')}`,
    candidates: 'SELECT $1::text[]',
  };
}
