import { DataSource, type QueryRunner } from 'typeorm';
import { BotEntity, EventEntity, HandoverEntity, MessageEntity, ProviderEntity } from './entities/index.js';
import { StartError } from './start-error.js';
import { Initial0001 } from './migrations/0001-initial.js';
import { Lanes0002 } from './migrations/0002-lanes.js';
import { ProviderOptions0003 } from './migrations/0003-provider-options.js';
import { IncomingConversations0005 } from './migrations/0005-incoming-conversations.js';
import { Attachments0004 } from './migrations/0004-attachments.js';
import { Copilot0006 } from './migrations/0006-copilot.js';
import { Conversion0007 } from './migrations/0007-conversion.js';
import { Inspections0009 } from './migrations/0009-inspections.js';
import { ConfirmedTenant0016 } from './migrations/0016-confirmed-tenant.js';

/** All of them, in order: the nth takes the schema to version n. */
const MIGRATIONS = [
  Initial0001,
  Lanes0002,
  ProviderOptions0003,
  Attachments0004,
  IncomingConversations0005,
  Copilot0006,
  Conversion0007,
  Inspections0009,
  ConfirmedTenant0016,
];
/** Any number, the same in every replica. */
const MIGRATION_LOCK = 7_281_411_903;
const CONNECT_TIMEOUT_MS = 5_000;
const QUERY_TIMEOUT_MS = 5_000;
const IDLE_TRANSACTION_MS = 15_000;
/**
 * All statements look rows up by an index, whatever the size of a table. They are planned once per connection, and a plan made
 * while a table was small must not scan it for ever; so scans and the joins that rest on them are off the menu.
 */
const SESSION_OPTIONS = [
  'plan_cache_mode=force_generic_plan',
  'enable_seqscan=off',
  'enable_bitmapscan=off',
  'enable_hashjoin=off',
  'enable_mergejoin=off',
  'jit=off',
]
  .map((option) => `-c ${option}`)
  .join(' ');

/**
 * Brings the schema up to date and opens the pool. Safe when many replicas do so at the same time: one migrates, the others wait.
 * @throws {StartError} when the database cannot be used, or was brought to a schema that this version would break
 */
export async function openDatabase(url: string, poolSize = 16): Promise<DataSource> {
  return orStartError(url, async () => {
    await migrateAt(url);
    return connect(url, poolSize, {
      query_timeout: QUERY_TIMEOUT_MS,
      options: SESSION_OPTIONS,
      idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
      keepAlive: true,
    });
  });
}

/** Versions of a schema: before and after a migration, and the newest one that is known here. */
export interface MigrationReport {
  before: number;
  after: number;
  known: number;
}

/**
 * Brings the schema up to date and does nothing else.
 * @throws {StartError} as `openDatabase`; with a `cause` when the database could not be used, without one when it is refused
 */
export function migrateDatabase(url: string): Promise<MigrationReport> {
  return orStartError(url, () => migrateAt(url));
}

async function migrateAt(url: string): Promise<MigrationReport> {
  const migrator = await connect(url, 2, { keepAlive: true });
  return migrate(migrator).finally(() => migrator.destroy());
}

async function orStartError<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StartError) throw error;
    const { host } = new URL(url);
    const { code, message } = error as { code?: string; message: string };
    throw new StartError(`DATABASE_URL: the PostgreSQL at ${host} cannot be used: ${message || code}`, {
      cause: error,
    });
  }
}

function connect(url: string, poolSize: number, extra: object): Promise<DataSource> {
  return new DataSource({
    type: 'postgres',
    url,
    entities: [BotEntity, EventEntity, HandoverEntity, MessageEntity, ProviderEntity],
    migrations: MIGRATIONS,
    migrationsTableName: 'schema_version',
    synchronize: false,
    logging: false,
    poolSize,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    extra,
  }).initialize();
}

/** A migration, and waiting for another replica's, may take its time. */
async function migrate(source: DataSource): Promise<MigrationReport> {
  const lock = source.createQueryRunner();
  try {
    await lock.startTransaction();
    await lock.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await refuseNewerSchema(lock);
    const before = await versionOf(lock);
    await source.runMigrations({ transaction: 'each' });
    // Not by the lock's transaction: PostgreSQL may go on believing there what it saw before, that the table does not exist.
    const after = await versionOf(source);
    await lock.commitTransaction();
    return { before, after, known: MIGRATIONS.length };
  } finally {
    await lock.release();
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

/**
 * A newer version may have been here. What it only added does no harm, and its rows in `schema_version` are left alone; the
 * floor says up to where its changes can't be worked with by a version that does not know them.
 */
async function refuseNewerSchema(runner: QueryRunner): Promise<void> {
  const known = MIGRATIONS.length;
  const [table] = (await runner.query(`SELECT to_regclass('schema_floor') AS name`)) as { name: string | null }[];
  if (!table?.name) return;
  const [floor] = (await runner.query(`SELECT max(oldest) AS oldest FROM schema_floor`)) as { oldest: number | null }[];
  const oldest = floor?.oldest ?? 0;
  if (oldest <= known) return;
  throw new StartError(
    `This version of the gateway is too old for its database: it knows the schema up to version ${known}, and the database needs ${oldest} or newer. Start the version that was used last, or a newer one; to go back, restore the backup that was made before the update.`,
  );
}
