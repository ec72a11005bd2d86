import {
  HANDOVER_IS_OVER,
  type ArchivedEvent,
  type InboxArchive,
  type InboxFilter,
  type InboxRecord,
  type Page,
  type PageRequest,
  type ReplayFilter,
} from '#core';
import type { DataSource } from 'typeorm';
import { page } from './page.js';

const RECORD = `id, type, key, status, reason, providers, tenant, conversation_id AS "conversationId", handover_id AS "handoverId",
  repeats, received_at AS "receivedAt"`;
const EVENT = `id, type, key, providers, tenant, conversation_id AS "conversationId", handover_hint AS "handoverHint", body`;
/** A message that came after the end is in the transcript already, although its event counts as ignored. */
const MAY_BE_REPLAYED = `status IN ('dead', 'ignored', 'parked') AND reason IS DISTINCT FROM '${HANDOVER_IS_OVER}'`;

/** The inbox as operators see it. */
export class PgInboxArchiveStore implements InboxArchive {
  constructor(private readonly source: DataSource) {}

  async list(filter: InboxFilter, { limit, cursor }: PageRequest): Promise<Page<InboxRecord>> {
    const { status, conversationId, handoverId, provider } = filter;
    const rows = await this.source.query<InboxRecord[]>(
      `SELECT ${RECORD} FROM inbox
       WHERE ($1::text IS NULL OR status = $1) AND ($2::text IS NULL OR conversation_id = $2)
         AND ($3::text IS NULL OR handover_id = $3) AND ($4::text IS NULL OR $4 = ANY(providers)) AND ($5::bigint IS NULL OR id < $5)
       ORDER BY id DESC LIMIT $6`,
      [status ?? null, conversationId ?? null, handoverId ?? null, provider ?? null, cursor ?? null, limit + 1],
    );
    return page(rows, limit, ({ id }) => id);
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
