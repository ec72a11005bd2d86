import {
  HANDOVER_IS_OVER,
  type ArchivedEvent,
  type InboxArchive,
  type InboxFilter,
  type InboxRecord,
  type InboxStatus,
  type Page,
  type PageRequest,
  type ReplayFilter,
} from '#core';
import type { DataSource } from 'typeorm';
import { MAX_WALK, walkedPage } from './filtered.js';
import { page } from './page.js';

const RECORD = `id, type, key, status, reason, providers, tenant, conversation_id AS "conversationId", handover_id AS "handoverId",
  repeats, received_at AS "receivedAt"`;
const EVENT = `id, type, key, providers, tenant, conversation_id AS "conversationId", handover_hint AS "handoverHint", body`;
/** A message that came after the end is in the transcript already, although its event counts as ignored. */
const MAY_BE_REPLAYED = `status IN ('dead', 'ignored', 'parked') AND reason IS DISTINCT FROM '${HANDOVER_IS_OVER}'`;

const STATUSES: Record<InboxStatus, string> = {
  pending: 'pending',
  parked: 'parked',
  applied: 'applied',
  ignored: 'ignored',
  dead: 'dead',
};

/** The inbox as operators see it. */
export class PgInboxArchiveStore implements InboxArchive {
  constructor(private readonly source: DataSource) {}

  async list(filter: InboxFilter, { limit, cursor }: PageRequest): Promise<Page<InboxRecord>> {
    const { status, conversationId, handoverId, provider } = filter;
    const values: unknown[] = [];
    const param = (value: unknown): string => `$${values.push(value)}`;
    // A status is one of a few words, and written out: only so the partial index over it is seen to fit.
    const narrowed = [
      ...(status === undefined ? [] : [`status = '${STATUSES[status]}'`]),
      ...(conversationId === undefined ? [] : [`conversation_id = ${param(conversationId)}`]),
      ...(handoverId === undefined ? [] : [`handover_id = ${param(handoverId)}`]),
    ];
    const before = cursor === undefined ? '' : `AND id < ${param(cursor)}::bigint`;
    const walk = `SELECT ${RECORD} FROM inbox WHERE ${[...narrowed, 'true'].join(' AND ')} ${before} ORDER BY id DESC`;
    if (provider === undefined) {
      const rows = await this.source.query<InboxRecord[]>(`${walk} LIMIT ${limit + 1}`, values);
      return page(rows, limit, ({ id }) => id);
    }
    // Events may belong to several providers, so there is no index over them: a long walk ends the page early.
    const rows = await this.source.query<(InboxRecord & { isEnd: boolean })[]>(
      `WITH walked AS MATERIALIZED (${walk} LIMIT ${MAX_WALK})
       (SELECT w.*, false AS "isEnd" FROM walked w WHERE ${param(provider)} = ANY(w.providers) ORDER BY w.id DESC LIMIT ${limit + 1})
       UNION ALL (SELECT w.*, true FROM walked w ORDER BY w.id DESC OFFSET ${MAX_WALK - 1} LIMIT 1)`,
      values,
    );
    const { data, next } = walkedPage(rows, limit, BigInt);
    const records = new Map(rows.flatMap(({ isEnd, ...record }) => (isEnd ? [] : [[record.id, record]])));
    return { data: data.map((id) => records.get(id)!), next };
  }

  async get(id: string): Promise<InboxRecord | null> {
    const [row] = await this.source.query<InboxRecord[]>(`SELECT ${RECORD} FROM inbox WHERE id = $1`, [id]);
    return row ?? null;
  }

  async replayable(id: string): Promise<ArchivedEvent | null> {
    const [row] = await this.source.query<ArchivedEvent[]>(
      `SELECT ${EVENT} FROM inbox WHERE id = $1 AND ${MAY_BE_REPLAYED}`,
      [id],
    );
    return row ?? null;
  }

  replayables({ status, provider, since }: ReplayFilter, afterId: string, limit: number): Promise<ArchivedEvent[]> {
    return this.source.query<ArchivedEvent[]>(
      `SELECT ${EVENT} FROM inbox
       WHERE status = $1 AND ${MAY_BE_REPLAYED} AND ($2::text IS NULL OR $2 = ANY(providers))
         AND ($3::timestamptz IS NULL OR received_at >= $3) AND id > $4
       ORDER BY id LIMIT $5`,
      [status, provider ?? null, since ?? null, afterId, limit],
    );
  }

  async reopen(events: Pick<ArchivedEvent, 'id' | 'conversationId' | 'handoverHint'>[]): Promise<number> {
    const [, count] = await this.source.query<[unknown[], number]>(
      `UPDATE inbox i SET status = 'pending', reason = NULL, handover_id = NULL, conversation_id = g.conversation_id,
         handover_hint = g.handover_hint
       FROM unnest($1::bigint[], $2::text[], $3::text[]) AS g(id, conversation_id, handover_hint)
       WHERE i.id = g.id AND i.${MAY_BE_REPLAYED}`,
      [
        events.map(({ id }) => id),
        events.map(({ conversationId }) => conversationId),
        events.map(({ handoverHint }) => handoverHint),
      ],
    );
    return count;
  }
}
