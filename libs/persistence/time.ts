import type { DataSource } from 'typeorm';
import { query } from './statement.js';

/** The database's time, epoch milliseconds. */
export async function databaseTime(source: DataSource): Promise<number> {
  const rows = await query<{ time: number }>(
    source,
    'time',
    `SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS time`,
    [],
  );
  return rows[0]!.time;
}
