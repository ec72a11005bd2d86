import type { InboxEntry, InboxLane, InboxStore, InboxTransaction } from '#core';
import type { DataSource } from 'typeorm';
import type { PgHandoverStore } from './handover-store.js';

/** Verified webhooks, exactly as they came. */
export class PgInboxStore implements InboxStore {
  constructor(
    private readonly source: DataSource,
    private readonly handovers: PgHandoverStore,
  ) {}

  async add(entry: InboxEntry): Promise<boolean> {
    const rows = await this.source.query<unknown[]>(
      `INSERT INTO inbox (source, key, type, providers, tenant, conversation_id, handover_hint, body)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (source, key) DO NOTHING RETURNING id`,
      [
        entry.source,
        entry.key,
        entry.type,
        entry.providers,
        entry.tenant,
        entry.conversationId,
        entry.handoverHint,
        entry.body,
      ],
    );
    return rows.length > 0;
  }

  async findOpen(limit: number): Promise<InboxLane[]> {
    return this.source.query<InboxLane[]>(
      `SELECT source, conversation_id AS "conversationId" FROM inbox WHERE status IN ('pending', 'parked')
       GROUP BY source, conversation_id ORDER BY min(id) LIMIT $1`,
      [limit],
    );
  }

  transaction<T>(work: (tx: InboxTransaction) => Promise<T>): Promise<T> {
    return this.handovers.transaction(work);
  }
}
