import { DataSource } from 'typeorm';
import { BotEntity, EventEntity, HandoverEntity, MessageEntity, ProviderEntity } from './entities/index.js';
import { migrate, MIGRATION_LIMITS, type Migration, type MigrationReport } from './migrator.js';
import { CONNECT_TIMEOUT_MS, migrationOptions, sessionOptions } from './session.js';
import { asStartError, placeOf, StartError } from './start-error.js';
import { Initial0001 } from './migrations/0001-initial.js';
import { Lanes0002 } from './migrations/0002-lanes.js';
import { ProviderOptions0003 } from './migrations/0003-provider-options.js';
import { IncomingConversations0005 } from './migrations/0005-incoming-conversations.js';
import { Attachments0004 } from './migrations/0004-attachments.js';
import { Copilot0006 } from './migrations/0006-copilot.js';
import { Conversion0007 } from './migrations/0007-conversion.js';
import { Inspections0009 } from './migrations/0009-inspections.js';
import { WebhookIds0010 } from './migrations/0010-webhook-ids.js';
import { LanesByBot0011 } from './migrations/0011-lanes-by-bot.js';
import { Lists0012 } from './migrations/0012-lists.js';
import { ConfirmedTenant0016 } from './migrations/0016-confirmed-tenant.js';
import { BotProviders0017 } from './migrations/0017-bot-providers.js';

/** All of them, in order: the nth takes the schema to version n. */
const MIGRATIONS: (new () => Migration)[] = [
  Initial0001,
  Lanes0002,
  ProviderOptions0003,
  Attachments0004,
  IncomingConversations0005,
  Copilot0006,
  Conversion0007,
  Inspections0009,
  WebhookIds0010,
  LanesByBot0011,
  Lists0012,
  ConfirmedTenant0016,
  BotProviders0017,
];
/** Connections for requests and deliveries. */
const POOL_SIZE = 16;
/** Connections for what must get through while all others are taken. */
const VITAL_POOL_SIZE = 2;

/**
 * Brings the schema up to date and opens the pool. Safe when many replicas do so at the same time: one migrates, the others wait.
 * @throws {StartError} when the database cannot be used, or was brought to a schema that this version would break
 */
export async function openDatabase(url: string, poolSize = POOL_SIZE): Promise<DataSource> {
  return orStartError(url, async () => {
    await migrateAt(url);
    const source = await connect(url, poolSize, sessionOptions());
    if (await isWritable(source)) return source;
    await source.destroy();
    throw new StartError(
      `DATABASE_URL: the PostgreSQL at ${placeOf(url)} is read-only: it is a standby, or default_transaction_read_only is on. Use the address of the primary.`,
    );
  });
}

/**
 * A small pool of its own for signs of life and for notes of what was delivered: a replica whose other connections all wait for the
 * same lock is not dead, and must not look so.
 * @throws {StartError} when the database cannot be used
 */
export function openVitalPool(url: string): Promise<DataSource> {
  return orStartError(url, () => connect(url, VITAL_POOL_SIZE, sessionOptions()));
}

/**
 * Brings the schema up to date and does nothing else.
 * @throws {StartError} as `openDatabase`; with a `cause` when the database could not be used, without one when it is refused
 */
export function migrateDatabase(url: string): Promise<MigrationReport> {
  return orStartError(url, () => migrateAt(url));
}

/** Whether the database answers and takes changes. A session that does not is ended: it may be one with a server that was demoted. */
export async function isWritable(source: DataSource): Promise<boolean> {
  const { master } = source.driver as unknown as { master: Pool };
  const client = await master.connect();
  let ok = false;
  try {
    const { rows } = await client.query(`SELECT current_setting('transaction_read_only') = 'off' AS ok`);
    ok = rows[0]!.ok;
  } finally {
    client.release(!ok);
  }
  return ok;
}

interface Pool {
  connect(): Promise<{ query(sql: string): Promise<{ rows: { ok: boolean }[] }>; release(destroy: boolean): void }>;
}

async function migrateAt(url: string): Promise<MigrationReport> {
  const migrator = await connect(url, 3, migrationOptions(MIGRATION_LIMITS));
  return migrate(
    migrator,
    MIGRATIONS.map((Step) => new Step()),
  ).finally(() => migrator.destroy());
}

async function orStartError<T>(url: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStartError(url, error);
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
