import type { Lane } from '#core';
import type { DataSource, EntityManager } from 'typeorm';
import { transact } from '../conflict.js';

/** A dead letter that is to be sent again, by its number in the handover's log. */
export interface Letter {
  id: string;
  sequence: number;
}

/**
 * Notes what sending a dead letter again came to; null when it arrived. The lane is locked before the letter, as it is by whoever
 * asks for a resend, so that neither overlooks what the other is about to commit.
 */
export async function settleDeadLetter(source: DataSource, id: string, error: string | null): Promise<void> {
  await transact(source, async (manager) => {
    const [lane] = await manager.query<Lane[]>(
      `SELECT l.handover_id AS "handoverId", l.direction FROM dead_letter d JOIN lane l USING (handover_id, direction)
       WHERE d.id = $1 FOR UPDATE OF l`,
      [id],
    );
    await manager.query(
      `UPDATE dead_letter SET status = CASE WHEN $2::text IS NULL THEN 'delivered' ELSE 'failed' END,
         delivered_at = CASE WHEN $2::text IS NULL THEN now() END, error = coalesce($2, error),
         failed_at = CASE WHEN $2::text IS NULL THEN failed_at ELSE now() END
       WHERE id = $1`,
      [id, error],
    );
    if (error === null) {
      // Noted here, and not with the lane's progress: nothing would note it again after a crash between the two. A message in
      // parts has arrived with its last one.
      await manager.query(
        `UPDATE message m SET status = 'delivered', error = NULL FROM dead_letter d
           JOIN command c ON c.handover_id = d.handover_id AND c.sequence = d.sequence
         WHERE d.id = $1 AND d.direction = 'provider' AND m.id = c.message_id AND m.status = 'pending'
           AND coalesce(c.payload->'part' = c.payload->'parts', true)`,
        [id],
      );
    }
    if (lane) await updateLane(manager, lane);
  });
}

/** Nothing was found to be sent again: letters whose content is gone have failed for good. */
export async function endResend(source: DataSource, lane: Lane, gone: Letter[]): Promise<void> {
  for (const { id } of gone) await settleDeadLetter(source, id, 'What was to be sent is not stored any more.');
  await transact(source, async (manager) => {
    await manager.query(`SELECT 1 FROM lane WHERE handover_id = $1 AND direction = $2 FOR UPDATE`, [
      lane.handoverId,
      lane.direction,
    ]);
    await updateLane(manager, lane);
  });
}

/** With the lane locked, this statement sees every letter that anybody wants sent again. */
async function updateLane(manager: EntityManager, { handoverId, direction }: Lane): Promise<void> {
  await manager.query(
    `UPDATE lane l SET attempts = 0, last_error = NULL, resend = EXISTS (
       SELECT 1 FROM dead_letter d WHERE d.handover_id = l.handover_id AND d.direction = l.direction AND d.status = 'resending')
     WHERE handover_id = $1 AND direction = $2`,
    [handoverId, direction],
  );
}
