import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A database of its own, made from the migrated template. `drop` is to be called at the end. */
export async function freshDatabase(): Promise<{
  url: string;
  drop(): Promise<void>;
  query(sql: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Ends every connection and takes no new ones, until `comeBack`. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}> {
  const template = new URL(process.env.TEST_DATABASE_URL!);
  const name = `test_${randomBytes(6).toString('hex')}`;
  await admin(template, `CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`);
  const url = new URL(template);
  url.pathname = `/${name}`;
  const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      return (await client.query(sql, values)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };
  return {
    url: url.href,
    query,
    drop: () => admin(template, `DROP DATABASE ${name} WITH (FORCE)`),
    goAway: async () => {
      await admin(template, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
      await admin(template, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    },
    comeBack: () => admin(template, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`),
  };
}

async function admin(template: URL, sql: string): Promise<void> {
  const url = new URL(template);
  url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
