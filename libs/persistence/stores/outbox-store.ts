import { STALE_REPLICA_MS, type Lane, type OutboxItem, type OutboxStore } from '#core';
import type { DataSource } from 'typeorm';

const ALIVE = `EXISTS (SELECT 1 FROM replica r WHERE r.id = lane.owner AND r.seen_at > now() - interval '${STALE_REPLICA_MS} ms')`;

/** The outbox, and who holds which lane. */
export class PgOutboxStore implements OutboxStore {
  constructor(private readonly source: DataSource) {}

  async heartbeat(replica: string): Promise<void> {
    await this.source.query(
      `INSERT INTO replica (id, seen_at) VALUES ($1, now()) ON CONFLICT (id) DO UPDATE SET seen_at = now()`,
      [replica],
    );
  }

  async retire(replica: string): Promise<void> {
    await this.source.query(`DELETE FROM replica WHERE id = $1 OR seen_at < now() - interval '1 day'`, [replica]);
  }

  async claim(replica: string, lane: Lane): Promise<{ takenOver: boolean } | null> {
    // xmax is 0 on a row that this statement inserted; otherwise somebody's row was still there.
    const rows = await this.source.query<{ takenOver: boolean }[]>(
      `INSERT INTO lane (handover_id, direction, owner) VALUES ($1, $2, $3)
       ON CONFLICT (handover_id, direction) DO UPDATE SET owner = $3 WHERE lane.owner = $3 OR NOT ${ALIVE}
       RETURNING xmax <> 0 AS "takenOver"`,
      [lane.handoverId, lane.direction, replica],
    );
    return rows[0] ?? null;
  }

  async release(replica: string, lane: Lane): Promise<void> {
    await this.source.query(`DELETE FROM lane WHERE handover_id = $1 AND direction = $2 AND owner = $3`, [
      lane.handoverId,
      lane.direction,
      replica,
    ]);
  }

  async findDue(replica: string, limit: number): Promise<Lane[]> {
    return this.source.query<Lane[]>(
      `SELECT handover_id AS "handoverId", direction FROM (
         SELECT DISTINCT ON (handover_id, direction) handover_id, direction, next_attempt_at
         FROM outbox WHERE status = 'pending' ORDER BY handover_id, direction, id
       ) head
       WHERE next_attempt_at <= now() AND NOT EXISTS (
         SELECT 1 FROM lane WHERE lane.handover_id = head.handover_id AND lane.direction = head.direction AND lane.owner <> $1 AND ${ALIVE}
       ) ORDER BY next_attempt_at LIMIT $2`,
      [replica, limit],
    );
  }

  async head(lane: Lane): Promise<OutboxItem | null> {
    const rows = await this.source.query<OutboxItem[]>(
      `SELECT id, handover_id AS "handoverId", direction, kind, message_id AS "messageId", event_sequence AS "eventSequence", payload,
              attempts, uncertain,
              extract(epoch FROM next_attempt_at - now())::float8 * 1000 AS "dueInMs",
              extract(epoch FROM now() - created_at)::float8 * 1000 AS "ageMs"
       FROM outbox WHERE handover_id = $1 AND direction = $2 AND status = 'pending' ORDER BY id LIMIT 1`,
      [lane.handoverId, lane.direction],
    );
    return rows[0] ?? null;
  }

  async postpone(id: string, delayMs: number, tried: { uncertain: boolean; error: string } | null): Promise<void> {
    await this.source.query(
      `UPDATE outbox SET attempts = attempts + $3, uncertain = coalesce($4, uncertain), last_error = coalesce($5, last_error),
              next_attempt_at = now() + $2 * interval '1 ms'
       WHERE id = $1 AND status = 'pending'`,
      [id, Math.round(delayMs), tried ? 1 : 0, tried?.uncertain ?? null, tried?.error ?? null],
    );
  }

  async settle(id: string, status: 'done' | 'failed', error: string | null): Promise<void> {
    await this.source.query(
      `UPDATE outbox SET status = $2, last_error = $3, attempts = attempts + 1, settled_at = now() WHERE id = $1 AND status = 'pending'`,
      [id, status, error],
    );
  }

  async countIdenticalBefore(messageId: string): Promise<number> {
    const [row] = await this.source.query<{ count: number }[]>(
      `WITH this AS (SELECT * FROM message WHERE id = $1),
            ours AS (SELECT m.sequence, (m.author->>'type' = 'user') = (t.author->>'type' = 'user') AND m.text IS NOT DISTINCT FROM t.text AS same
                     FROM message m, this t
                     WHERE m.handover_id = t.handover_id AND m.sequence < t.sequence AND m.status <> 'failed'
                       AND (m.author->>'type' IN ('user', 'bot') OR m.sequence <= (SELECT transcript_length FROM handover WHERE id = t.handover_id)))
       SELECT count(*)::int AS count FROM ours
       WHERE sequence > coalesce((SELECT max(sequence) FROM ours WHERE NOT same), 0)`,
      [messageId],
    );
    return row!.count;
  }
}
