import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import type { Limits } from './session.js';
import { StartError } from './start-error.js';

/** An index that is made without locking its table: after the transaction of its migration, before the gateway starts to work. */
export interface ConcurrentIndex {
  name: string;
  /** What stands behind `ON`: the table, the columns, a condition. */
  on: string;
  unique?: boolean;
}

/** A step of the schema. `up` runs in one transaction and takes each lock within a second or is tried again as a whole. */
export interface Migration extends MigrationInterface {
  /** Made one by one. One that is there already is left alone; what an interrupted start left half-made is made again. */
  readonly concurrently?: ConcurrentIndex[];
  /**
   * Changes of many rows: each statement changes some hundred of those that it finds unchanged, by an index, and is repeated, each
   * time in a transaction of its own, until it finds none. They run at every start.
   */
  readonly batches?: string[];
}

/** Versions of a schema: before and after a migration, and the newest one that is known here. */
export interface MigrationReport {
  before: number;
  after: number;
  known: number;
}

/** Any number, the same in every replica. */
const MIGRATION_LOCK = 7_281_411_903;
/** Not the one above: an older version waits for that in a statement, for whose end a concurrent index would wait in turn. */
const CONCURRENT_LOCK = 7_281_411_906;
/**
 * For a change of the schema. Whatever waits for a lock on a table holds up all that comes after it, so it waits for a moment only;
 * old replicas go on in the pauses.
 */
export const MIGRATION_LIMITS: Limits = { statementMs: 600_000, lockMs: 1_000, idleTransactionMs: 0 };
/** A concurrent index waits for transactions that began before it, and holds up nobody in the meantime. Milliseconds. */
const CONCURRENT_STATEMENT_MS = 6 * 3_600_000;
const MAX_TRIES = 40;
const PAUSE_MS = { first: 250, max: 8_000 };
/** How often a replica looks whether another one is done with the schema, in milliseconds. */
const LOOK_EVERY_MS = 250;
/** A lock that was not to be had, a deadlock with the work of old replicas. */
const WORTH_REPEATING = /^(55P03|40P01|40001)$/;
/** Texts of any language can be kept. SQL_ASCII keeps whatever bytes it is given. */
const ENCODINGS = ['UTF8', 'SQL_ASCII'];

/**
 * Brings the schema up to date. Of several replicas that start together one does, and the others wait.
 * @throws {StartError} when the database cannot be worked with by this version
 */
export async function migrate(source: DataSource, migrations: Migration[]): Promise<MigrationReport> {
  await refuseEncoding(source);
  const report = await locked(source, MIGRATION_LOCK, async (lock) => {
    await refuseNewerSchema(lock, migrations.length);
    const before = await versionOf(lock);
    await untilUnlocked(() => source.runMigrations({ transaction: 'each' }));
    // Not by the lock's transaction: PostgreSQL may go on believing there what it saw before, that the table does not exist.
    return { before, after: await versionOf(source), known: migrations.length };
  });
  const indexes = migrations.flatMap(({ concurrently = [] }) => concurrently);
  const batches = migrations.flatMap((migration) => migration.batches ?? []);
  if (batches.length > 0 || (await missing(source, indexes)).length > 0)
    await locked(source, CONCURRENT_LOCK, async () => {
      for (const index of await missing(source, indexes)) await build(source, index);
      for (const batch of batches) await repeat(source, batch);
    });
  return report;
}

/** Whoever waits asks again and again: a statement that waits would hold up concurrent indexes, and nothing would ever go on. */
async function locked<T>(source: DataSource, key: number, work: (lock: QueryRunner) => Promise<T>): Promise<T> {
  const lock = source.createQueryRunner();
  try {
    for (;;) {
      await lock.startTransaction();
      // Without a parameter: a statement with one stays open in its transaction with what it saw, and a concurrent index waits for that.
      const [row] = (await lock.query(`SELECT pg_try_advisory_xact_lock(${key}) AS ok`)) as { ok: boolean }[];
      if (row!.ok) break;
      await lock.rollbackTransaction();
      await pause(LOOK_EVERY_MS * (0.5 + Math.random()));
    }
    const result = await work(lock);
    await lock.commitTransaction();
    return result;
  } finally {
    await lock.release();
  }
}

/** @throws {StartError} when somebody holds a lock for too long */
async function untilUnlocked<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (!WORTH_REPEATING.test(code ?? '')) throw error;
      if (tries >= MAX_TRIES)
        throw new StartError(
          `The schema could not be changed: another program has held a lock on its tables all the time (${message}). Nothing is half done. Look for it in pg_stat_activity (a backup, a report, a transaction that was left open), and start again when it is over.`,
          { cause: error },
        );
      await pause(Math.min(PAUSE_MS.max, PAUSE_MS.first * 1.5 ** tries) * (0.5 + Math.random()));
    }
  }
}

async function missing(source: DataSource, indexes: ConcurrentIndex[]): Promise<ConcurrentIndex[]> {
  const rows = await source.query<{ name: string }[]>(
    `SELECT n.name FROM unnest($1::text[]) AS n(name) JOIN pg_index i ON i.indexrelid = to_regclass(quote_ident(n.name)) WHERE i.indisvalid`,
    [indexes.map(({ name }) => name)],
  );
  const there = new Set(rows.map(({ name }) => name));
  return indexes.filter(({ name }) => !there.has(name));
}

async function build(source: DataSource, { name, on, unique = false }: ConcurrentIndex): Promise<void> {
  const runner = source.createQueryRunner();
  try {
    await runner.query(`SET lock_timeout = 0; SET statement_timeout = ${CONCURRENT_STATEMENT_MS}`);
    await untilUnlocked(async () => {
      await runner.query(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`);
      await runner.query(`CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${name} ON ${on}`);
    });
  } finally {
    await runner.query('RESET lock_timeout; RESET statement_timeout').catch(() => undefined);
    await runner.release();
  }
}

async function repeat(source: DataSource, batch: string): Promise<void> {
  for (;;) {
    const [, count] = await untilUnlocked(() => source.query<[unknown[], number]>(batch));
    if (count === 0) return;
  }
}

/** How many migrations the database has gone through. */
async function versionOf(connection: { query(sql: string): Promise<unknown> }): Promise<number> {
  const [table] = (await connection.query(`SELECT to_regclass('schema_version') AS name`)) as { name: string | null }[];
  if (!table?.name) return 0;
  const [row] = (await connection.query(`SELECT count(*)::int AS version FROM schema_version`)) as {
    version: number;
  }[];
  return row!.version;
}

async function refuseEncoding(source: DataSource): Promise<void> {
  const [row] = await source.query<{ encoding: string; name: string }[]>(
    `SELECT current_setting('server_encoding') AS encoding, current_database() AS name`,
  );
  const { encoding, name } = row!;
  if (ENCODINGS.includes(encoding)) return;
  throw new StartError(
    `DATABASE_URL: the database "${name}" has the encoding ${encoding}, which cannot keep texts of every language, nor emoji. Create one with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0. Nothing was changed.`,
  );
}

/**
 * A newer version may have been here. What it only added does no harm, and its rows in `schema_version` are left alone; the
 * floor says up to where its changes can't be worked with by a version that does not know them.
 */
async function refuseNewerSchema(runner: QueryRunner, known: number): Promise<void> {
  const [table] = (await runner.query(`SELECT to_regclass('schema_floor') AS name`)) as { name: string | null }[];
  if (!table?.name) return;
  const [floor] = (await runner.query(`SELECT max(oldest) AS oldest FROM schema_floor`)) as { oldest: number | null }[];
  const oldest = floor?.oldest ?? 0;
  if (oldest <= known) return;
  throw new StartError(
    `This version of the gateway is too old for its database: it knows the schema up to version ${known}, and the database needs ${oldest} or newer. Start the version that was used last, or a newer one; to go back, restore the backup that was made before the update.`,
  );
}
