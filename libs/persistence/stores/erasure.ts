import type { DataSource } from 'typeorm';
import { transact } from '../conflict.js';

export const FINAL = `('completed', 'cancelled', 'failed', 'ended')`;
/** Everything that is a handover's, beside its tiles, which go with its row. By an index each. */
const OF_A_HANDOVER = ['message', 'event', 'command', 'dead_letter', 'attachment', 'lane', 'inbox'];

/** Parts of a statement: removes the handovers in `doomed (id)` with everything that is theirs. */
export function removal(): string {
  const parts = OF_A_HANDOVER.map(
    (table) => `gone_${table} AS (DELETE FROM ${table} t USING doomed d WHERE t.handover_id = d.id)`,
  );
  return `${parts.join(', ')},
    gone_keys AS (
      DELETE FROM idempotency_key k USING doomed d
      WHERE k.bot = d.bot AND k.scope IN ('messages ' || d.id, 'handover ' || d.id)),
    gone AS (DELETE FROM handover h USING doomed d WHERE h.id = d.id RETURNING h.id)`;
}

/** Handovers and conversations of one user that are removed in one go. */
const BATCH = 100;

/**
 * Removes all that is stored of a user: the handovers and conversations, with everything that is theirs, batch by batch. Resolves to how
 * many, or to the id of one that is open; then nothing was removed. Without a bot: those of every bot.
 */
export async function eraseUser(
  source: DataSource,
  userId: string,
  bot: string | null,
): Promise<{ erased: number } | { open: string }> {
  const bots = bot === null ? 'bot b' : '(SELECT $2::text AS name) b';
  const values = bot === null ? [userId] : [userId, bot];
  const [open] = await source.query<{ id: string }[]>(
    `SELECT h.id FROM ${bots} JOIN handover h ON h.bot = b.name AND h.user_id = $1 WHERE h.status NOT IN ${FINAL} LIMIT 1`,
    values,
  );
  if (open) return { open: open.id };
  let erased = 0;
  for (;;) {
    const count = await transact(source, async (manager) => {
      const [row] = await manager.query<{ count: number }[]>(
        `WITH doomed AS MATERIALIZED (
           SELECT h.id, h.bot FROM ${bots} JOIN handover h ON h.bot = b.name AND h.user_id = $1
           WHERE h.status IN ${FINAL} LIMIT ${BATCH} FOR UPDATE OF h),
         gone_starts AS (
           DELETE FROM idempotency_key k USING doomed d
           WHERE k.bot = d.bot AND k.scope = 'handovers' AND k.answer->'body'->>'id' = d.id),
         ${removal()} SELECT count(*)::int AS count FROM gone`,
        values,
      );
      return row!.count;
    });
    erased += count;
    if (count < BATCH) return { erased };
  }
}
