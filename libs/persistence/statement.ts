import { repairHalfPairs } from '#core';
import type { DataSource } from 'typeorm';
import { retried } from './conflict.js';

/** A row of a recordset parameter: what JSON can say, dates as themselves. */
export type JsonRow = Record<string, unknown>;

/**
 * One statement put together from parts that all succeed or none does. Only parts that have rows are sent; each combination is
 * a prepared statement of its own, so the server parses and plans it once per connection.
 */
export class Statement {
  private readonly parts: { name: string; sql(): string }[] = [];
  private readonly params: unknown[] = [];

  /** Adds a part over rows, which it sees as `r`: `columns` are their names and types. */
  rows(name: string, rows: object[], columns: string, sql: (recordset: string) => string): this {
    if (rows.length === 0) return this;
    const param = this.params.push(toJson(rows));
    return this.part(name, () => sql(`json_to_recordset($${param}::json) AS r(${columns})`));
  }

  /** Adds a part with one value as its parameter. */
  value(name: string, value: unknown, sql: (param: string) => string): this {
    const param = this.params.push(value);
    return this.part(name, () => sql(`$${param}`));
  }

  has(name: string): boolean {
    return this.parts.some((part) => part.name === name);
  }

  /** `select` ends the statement; it depends on nothing but which parts there are. `run` as below: `query`, unless given. */
  run<T extends object>(
    source: DataSource,
    label: string,
    select: () => string,
    run: typeof query<T> = query<T>,
  ): Promise<T[]> {
    const shape = `${label}:${this.parts.map(({ name }) => name).join(',')}`;
    let text = texts.get(shape);
    if (text === undefined) {
      text = `WITH ${this.parts.map(({ name, sql }) => `${name} AS (${sql()})`).join(',\n')} ${select()}`;
      texts.set(shape, text);
    }
    return run(source, shape, text, this.params);
  }

  /** Adds a part that works with what others found. */
  part(name: string, sql: () => string): this {
    this.parts.push({ name, sql });
    return this;
  }
}

const texts = new Map<string, string>();

interface Pool {
  query(config: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
}

/** Runs a prepared statement, one for each label; again, where it got into the way of another. TypeORM's own `query` cannot name one. */
export function query<T extends object>(
  source: DataSource,
  label: string,
  text: string,
  values: unknown[],
): Promise<T[]> {
  return retried(() => queryOnce<T>(source, label, text, values));
}

/** The same for whoever knows better what to do about a conflict. */
export async function queryOnce<T extends object>(
  source: DataSource,
  label: string,
  text: string,
  values: unknown[],
): Promise<T[]> {
  const { master } = source.driver as unknown as { master: Pool };
  return (await master.query({ name: shortName(label), text, values })).rows as T[];
}

function toJson(rows: object[]): string {
  const json = JSON.stringify(rows);
  // Whole pairs are written as they are, so an escape is a half, or somebody's own backslash.
  return json.includes('\\ud') ? JSON.stringify(rows, repairHalfPairs) : json;
}

const names = new Map<string, string>();

/** Names of prepared statements may have 63 characters. */
function shortName(label: string): string {
  const known = names.get(label);
  if (known) return known;
  const name = `handover_${names.size}`;
  names.set(label, name);
  return name;
}
