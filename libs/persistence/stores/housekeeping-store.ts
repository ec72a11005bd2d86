import type { HousekeepingStore } from '#core';
import type { DataSource } from 'typeorm';
import { eraseUser, FINAL, removal } from './erasure.js';

/** Held for the length of one batch: one replica is enough for this. Any number, the same in every replica. */
const HOUSEKEEPING_LOCK = 7_281_411_905;

/** Removes old rows of tables that only grow. */
export class PgHousekeepingStore implements HousekeepingStore {
  constructor(private readonly source: DataSource) {}

  /** Walks along the key and stops at the first batch with a young row, so no index on the time is needed. */
  async removeInboxRows(olderThanMs: number, afterId: string, limit: number): Promise<string | null> {
    const [row] = await this.source.query<{ last: string | null; isAllOld: boolean }[]>(
      `WITH mine AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($4) AS ok),
            batch AS MATERIALIZED (
              SELECT id, received_at < now() - $1 * interval '1 ms' AS old FROM inbox
              WHERE id > $2 AND (SELECT ok FROM mine) ORDER BY id LIMIT $3),
            gone AS (
              DELETE FROM inbox i USING batch b WHERE i.id = b.id AND b.old AND i.status IN ('applied', 'ignored', 'dead'))
       SELECT max(id) AS last, count(*) = $3 AND bool_and(old) AS "isAllOld" FROM batch`,
      [olderThanMs, afterId, limit, HOUSEKEEPING_LOCK],
    );
    return row!.isAllOld ? row!.last : null;
  }

  /** Ids begin with what they are and their time, so they are walked along as the inbox is. What is still to be delivered stays. */
  async removeHandovers(olderThanMs: number, afterId: string, limit: number): Promise<string | null> {
    const [row] = await this.source.query<{ last: string | null; isAllOld: boolean }[]>(
      `WITH mine AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($4) AS ok),
            batch AS MATERIALIZED (
              SELECT h.id, h.bot, h.created_at < now() - $1 * interval '1 ms' AS old,
                h.status IN ${FINAL} AND h.ended_at < now() - $1 * interval '1 ms' AS over
              FROM handover h WHERE h.id > $2 AND h.id < left($2, 2) || '~' AND (SELECT ok FROM mine) ORDER BY h.id LIMIT $3),
            doomed AS MATERIALIZED (
              SELECT b.id, b.bot FROM batch b WHERE b.over AND NOT EXISTS (SELECT 1 FROM lane l WHERE l.handover_id = b.id)),
            ${removal()}
       SELECT max(id) AS last, count(*) = $3 AND bool_and(old) AS "isAllOld" FROM batch`,
      [olderThanMs, afterId, limit, HOUSEKEEPING_LOCK],
    );
    return row!.isAllOld ? row!.last : null;
  }

  erase(userId: string, bot: string | null): Promise<{ erased: number } | { open: string }> {
    return eraseUser(this.source, userId, bot);
  }

  async removeKeys(limit: number): Promise<number> {
    const [, count] = await this.source.query<[unknown[], number]>(
      `DELETE FROM idempotency_key k USING (
         SELECT bot, scope, key FROM idempotency_key WHERE created_at < now() - interval '24 hours'
         ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED) old
       WHERE k.bot = old.bot AND k.scope = old.scope AND k.key = old.key`,
      [limit],
    );
    return count;
  }

  /** Ids of files begin with their time, so they are walked along as the inbox is. */
  async removeAttachments(olderThanMs: number, afterId: string, limit: number): Promise<string | null> {
    const [row] = await this.source.query<{ last: string | null; isAllOld: boolean }[]>(
      `WITH mine AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($4) AS ok),
            batch AS MATERIALIZED (
              SELECT a.id, a.created_at < now() - $1 * interval '1 ms' AS old,
                (SELECT h.status IN ('completed', 'cancelled', 'failed', 'ended') FROM handover h WHERE h.id = a.handover_id) IS NOT FALSE AS over
              FROM attachment a WHERE a.id > $2 AND (SELECT ok FROM mine) ORDER BY a.id LIMIT $3),
            gone AS (DELETE FROM attachment a USING batch b WHERE a.id = b.id AND b.old AND b.over)
       SELECT max(id) AS last, count(*) = $3 AND bool_and(old) AS "isAllOld" FROM batch`,
      [olderThanMs, afterId, limit, HOUSEKEEPING_LOCK],
    );
    return row!.isAllOld ? row!.last : null;
  }

  async removeUnnamed(limit: number): Promise<number> {
    const [, count] = await this.source.query<[unknown[], number]>(
      `DELETE FROM attachment a USING (
         SELECT id FROM attachment WHERE NOT named AND created_at < now() - interval '24 hours'
         ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED) old
       WHERE a.id = old.id`,
      [limit],
    );
    return count;
  }
}
