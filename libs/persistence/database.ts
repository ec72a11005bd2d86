import { DataSource } from 'typeorm';
import { BotEntity, EventEntity, HandoverEntity, MessageEntity, ProviderEntity } from './entities/index.js';
import { Initial0001 } from './migrations/0001-initial.js';

/** Any number, the same in every replica. */
const MIGRATION_LOCK = 7_281_411_903;

/** Opens the pool and brings the schema up to date. Safe when many replicas do so at the same time: one migrates, the others wait. */
export async function openDatabase(url: string, poolSize = 16): Promise<DataSource> {
  const source = new DataSource({
    type: 'postgres',
    url,
    entities: [BotEntity, EventEntity, HandoverEntity, MessageEntity, ProviderEntity],
    migrations: [Initial0001],
    migrationsTableName: 'schema_version',
    synchronize: false,
    logging: false,
    poolSize,
    connectTimeoutMS: 5_000,
    extra: { query_timeout: 15_000, idle_in_transaction_session_timeout: 15_000, keepAlive: true },
  });
  await source.initialize();
  await migrate(source);
  return source;
}

async function migrate(source: DataSource): Promise<void> {
  const lock = source.createQueryRunner();
  try {
    await lock.startTransaction();
    await lock.query('SET LOCAL idle_in_transaction_session_timeout = 0');
    await lock.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await source.runMigrations({ transaction: 'each' });
    await lock.commitTransaction();
  } finally {
    await lock.release();
  }
}
