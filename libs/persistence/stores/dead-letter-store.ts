import type { DeadLetter, DeadLetterStore, DeliveryFilter, Page, PageRequest, StuckLane } from '#core';
import type { DataSource } from 'typeorm';
import { transact } from '../conflict.js';
import { page } from './page.js';

/** The item's kind, an event's type, a command's message: `x` has the handover, the direction and `at`, the number in the log. */
const item = (x: string, at: string): { columns: string; joins: string } => ({
  columns: `${x}.handover_id AS "handoverId", ${x}.direction, ${x}.target, ${at} AS sequence, e.type AS event, c.message_id AS "messageId"`,
  joins: `LEFT JOIN event e ON ${x}.direction = 'bot' AND e.handover_id = ${x}.handover_id AND e.sequence = ${at}
    LEFT JOIN command c ON ${x}.direction = 'provider' AND c.handover_id = ${x}.handover_id AND c.sequence = ${at}`,
});
const LETTER = item('d', 'd.sequence');
const NEXT = item('l', 'l.done + 1');

const LETTERS = `SELECT ${LETTER.columns}, d.id, CASE d.direction WHEN 'bot' THEN 'event' ELSE d.kind END AS kind,
    coalesce(l.last_error, d.error) AS error, d.status, d.failed_at AS "failedAt", d.delivered_at AS "deliveredAt",
    l.attempts, l.due_at AS "dueAt"
  FROM dead_letter d ${LETTER.joins}
    LEFT JOIN lane l ON d.status = 'resending' AND l.handover_id = d.handover_id AND l.direction = d.direction`;

/** What was given up, for operators. */
export class PgDeadLetterStore implements DeadLetterStore {
  constructor(private readonly source: DataSource) {}

  async list(
    status: DeadLetter['status'],
    filter: DeliveryFilter,
    { limit, cursor }: PageRequest,
  ): Promise<Page<DeadLetter>> {
    const values: unknown[] = [limit + 1, status];
    const before = cursor === undefined ? '' : `AND d.id < $${values.push(cursor)}::bigint`;
    const rows = await this.source.query<DeadLetter[]>(
      `${LETTERS} WHERE d.status = $2 ${matches('d', filter, values)} ${before} ORDER BY d.id DESC LIMIT $1`,
      values,
    );
    return page(rows, limit, ({ id }) => id);
  }

  /** A lane in somebody's hands that was not tried yet is under way, and does not wait. */
  async waiting(filter: DeliveryFilter, { limit, cursor }: PageRequest): Promise<Page<StuckLane>> {
    const [handoverId, direction] = cursor?.split('.') ?? [];
    const values: unknown[] = [limit + 1];
    const before =
      handoverId === undefined
        ? ''
        : `AND (l.handover_id, l.direction) < ($${values.push(handoverId)}, $${values.push(direction)}::text)`;
    const rows = await this.source.query<StuckLane[]>(
      `SELECT ${NEXT.columns}, coalesce(c.kind, 'event') AS kind, l.last - l.done - 1 AS waiting, l.attempts, l.last_error AS error,
         l.due_at AS "dueAt"
       FROM lane l ${NEXT.joins}
       WHERE l.last > l.done AND (l.owner IS NULL OR l.attempts > 0)
         ${matches('l', filter, values)} ${before}
       ORDER BY l.handover_id DESC, l.direction DESC LIMIT $1`,
      values,
    );
    return page(rows, limit, (lane) => `${lane.handoverId}.${lane.direction}`);
  }

  async get(id: string): Promise<DeadLetter | null> {
    const [row] = await this.source.query<DeadLetter[]>(`${LETTERS} WHERE d.id = $1`, [id]);
    return row ?? null;
  }

  async resend({ id, handoverId, direction }: DeadLetter): Promise<boolean> {
    return transact(this.source, async (manager) => {
      // Until the end nothing is added to the handover's logs, so a lane made here begins where they end.
      await manager.query(`SELECT 1 FROM handover WHERE id = $1 FOR UPDATE`, [handoverId]);
      await manager.query(
        `INSERT INTO lane AS l (handover_id, direction, target, bot, done, last, resend)
         SELECT h.id, $2, CASE $2 WHEN 'bot' THEN h.bot ELSE h.provider END, h.bot, n.last, n.last, true
         FROM handover h, LATERAL (SELECT CASE $2 WHEN 'bot' THEN h.event_sequence ELSE h.command_sequence END AS last) n
         WHERE h.id = $1
         ON CONFLICT (handover_id, direction) DO UPDATE SET resend = true,
           due_at = CASE WHEN l.owner IS NULL THEN now() ELSE l.due_at END`,
        [handoverId, direction],
      );
      // A message in parts is sent again from the first part that did not arrive, whichever of them was asked for.
      const [changed] = await manager.query<[{ id: string }[], number]>(
        `UPDATE dead_letter d SET status = 'resending'
         WHERE d.handover_id = $2 AND d.direction = $3 AND d.status = 'failed' AND (d.id = $1 OR EXISTS (
           SELECT 1 FROM dead_letter a JOIN command asked ON asked.handover_id = $2 AND asked.sequence = a.sequence
             JOIN command c ON c.handover_id = $2 AND c.sequence = d.sequence AND c.message_id = asked.message_id
           WHERE a.id = $1 AND a.direction = 'provider'))
         RETURNING d.id`,
        [id, handoverId, direction],
      );
      await manager.query(
        `UPDATE message m SET status = 'pending', error = NULL FROM dead_letter d
           JOIN command c ON c.handover_id = d.handover_id AND c.sequence = d.sequence
         WHERE d.id = $1 AND d.direction = 'provider' AND d.status = 'resending' AND m.id = c.message_id AND m.status = 'failed'`,
        [id],
      );
      return changed.some((letter) => letter.id === id);
    });
  }
}

/** Each combination is a statement of its own, so that each finds its index. */
function matches(x: string, { direction, target, handoverId }: DeliveryFilter, values: unknown[]): string {
  const narrowed = Object.entries({ direction, target, handover_id: handoverId });
  return narrowed
    .filter(([, value]) => value !== undefined)
    .map(([column, value]) => `AND ${x}.${column} = $${values.push(value)}`)
    .join(' ');
}
