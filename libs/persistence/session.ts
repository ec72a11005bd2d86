import type { ClientConfig } from 'pg';

/** How long a connection may take to be made, in milliseconds. */
export const CONNECT_TIMEOUT_MS = 5_000;
/** After this the client gives a statement up, in milliseconds. The server ends it before, so that none goes on unseen. */
const QUERY_TIMEOUT_MS = 5_000;

/** What the server ends by itself, in milliseconds. */
export interface Limits {
  statementMs: number;
  lockMs: number;
  idleTransactionMs: number;
}

/** Less than what the client waits: a statement that the client gave up must not hold a connection, or store what was refused. */
const LIMITS: Limits = { statementMs: 4_500, lockMs: 3_000, idleTransactionMs: 15_000 };
/** How often the server looks whether the client of a running statement is still there, in milliseconds. */
const CLIENT_CHECK_MS = 1_000;

/**
 * All statements look rows up by an index, whatever the size of a table. They are planned once per connection, and a plan made
 * while a table was small must not scan it for ever; so scans and the joins that rest on them are off the menu.
 */
const BY_INDEX = {
  plan_cache_mode: 'force_generic_plan',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
};

/** What a database or a role may have set otherwise, and what this code relies on. */
const ASSUMED = {
  client_encoding: 'UTF8',
  datestyle: 'ISO, MDY',
  intervalstyle: 'postgres',
  timezone: 'UTC',
  bytea_output: 'hex',
  extra_float_digits: '1',
  standard_conforming_strings: 'on',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  array_nulls: 'on',
  transform_null_equals: 'off',
};

/** Settings that not every version and platform has. */
const WHERE_KNOWN = {
  idle_session_timeout: '0',
  transaction_timeout: '0',
  client_connection_check_interval: String(CLIENT_CHECK_MS),
};

interface Queried {
  query(sql: string): Promise<unknown>;
}

/**
 * Options of a pool or a client. The session is set up by a statement after connecting: connection poolers refuse startup parameters
 * that they do not know.
 */
export function sessionOptions(): ClientConfig & { onConnect(client: Queried): Promise<void> } {
  return {
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    onConnect: (client) => setUp(client, LIMITS, BY_INDEX),
  };
}

/** The same for schema changes: planned as usual, and with limits of their own. */
export function migrationOptions(limits: Limits): ClientConfig & { onConnect(client: Queried): Promise<void> } {
  return { keepAlive: true, onConnect: (client) => setUp(client, limits, {}) };
}

/** One round trip. */
async function setUp(client: Queried, limits: Limits, plans: object): Promise<void> {
  const settings = {
    ...ASSUMED,
    ...plans,
    statement_timeout: String(limits.statementMs),
    lock_timeout: String(limits.lockMs),
    idle_in_transaction_session_timeout: String(limits.idleTransactionMs),
  };
  const optional = Object.entries(WHERE_KNOWN).map(
    ([name, value]) => `BEGIN PERFORM set_config('${name}', '${value}', false); EXCEPTION WHEN OTHERS THEN NULL; END;`,
  );
  await client.query(
    [
      ...Object.entries(settings).map(([name, value]) => `SET ${name} = '${value}'`),
      `DO $$ BEGIN ${optional.join(' ')} END $$`,
    ].join('; '),
  );
}
