import { runSql } from './database.js';

/**
 * The only place of the benchmark that knows the schema. Each table gets one row per handover: a copy of a row that the gateway
 * itself wrote for one finished handover, with only what must be unique made unique. So what a column holds need not be known here.
 *
 * `unique` is SQL per column, where `n` counts the copies; `pattern` says which of the finished handover's rows is copied.
 */
const TABLES = [
  {
    name: 'handover',
    pattern: 'ended_at IS NOT NULL',
    unique: { id: "'ho_fill' || n", session_id: "'fill-' || n", conversation_id: "'fill-' || n" },
  },
  {
    name: 'message',
    pattern: "author->>'type' = 'agent'",
    unique: { id: "'msg_fill' || n", handover_id: "'ho_fill' || n" },
  },
  { name: 'event', pattern: "type = 'message.created'", unique: { handover_id: "'ho_fill' || n" } },
  { name: 'command', pattern: "kind = 'start'", unique: { handover_id: "'ho_fill' || n" } },
  {
    name: 'inbox',
    pattern: "status = 'applied'",
    unique: {
      id: "nextval(pg_get_serial_sequence('inbox', 'id'))",
      key: "'bench-tenant/fill-' || n",
      conversation_id: "'fill-' || n",
      handover_id: "'ho_fill' || n",
    },
  },
];

/** Multiplies the one finished handover in a database. Returns what is in it then, in words. @throws {Error} when a table stays empty */
export async function fill(url, rows) {
  // What the copies cost to write is not measured; afterwards the database is as a long run leaves it.
  await runSql(url, [
    'SET synchronous_commit = off',
    ...TABLES.map((table) => copy(table, rows)),
    'VACUUM ANALYZE',
    'CHECKPOINT',
  ]);
  const { rows: counts } = await runSql(url, [TABLES.map(count).join(' UNION ALL ')]);
  const short = counts.find(({ rows: found }) => Number(found) < rows);
  if (short)
    throw new Error(`The table ${short.name} was not filled: no row of the finished handover fits its pattern.`);
  return counts.map(({ name, rows: found, size }) => `${name}: ${found} rows, ${size}`).join('; ');
}

function copy({ name, pattern, unique }, rows) {
  const changes = Object.entries(unique).flatMap(([column, value]) => [`'${column}'`, value]);
  return `
    INSERT INTO ${name} OVERRIDING SYSTEM VALUE
    SELECT one.*
    FROM generate_series(1, ${rows}) AS n,
         (SELECT ${name} AS pattern FROM ${name} WHERE ${pattern} LIMIT 1) AS finished,
         LATERAL jsonb_populate_record(finished.pattern, jsonb_build_object(${changes.join(', ')})) AS one`;
}

function count({ name }) {
  return `SELECT '${name}' AS name, count(*) AS rows, pg_size_pretty(pg_total_relation_size('${name}')) AS size FROM ${name}`;
}
