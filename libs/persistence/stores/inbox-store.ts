import { costOfEvent, type InboxEntry, type InboxRow, type InboxStore } from '#core';
import type { DataSource } from 'typeorm';
import { isDatabaseAway } from '../away.js';
import { isConflict } from '../conflict.js';
import { GroupCommit } from '../group-commit.js';
import { query, queryOnce } from '../statement.js';

/** What arrived less than this ago is being worked on by the replica that took it, in milliseconds. */
const UNDER_WAY_MS = 1_000;

/** Verified webhooks, exactly as they came. */
export class PgInboxStore implements InboxStore {
  private readonly group = new GroupCommit<InboxEntry, boolean>((entries) => this.store(entries), {
    keyOf: ({ conversationId, key }) => conversationId ?? key,
    isTransient: isDatabaseAway,
    isConflict,
    costOf: costOfEvent,
  });

  constructor(private readonly source: DataSource) {}

  add(entry: InboxEntry): Promise<boolean> {
    return this.group.submit(entry);
  }

  async findPending(limit: number): Promise<string[]> {
    return this.conversations('pending', limit);
  }

  async findParked(limit: number): Promise<string[]> {
    return this.conversations('parked', limit);
  }

  openRows(conversationIds: string[]): Promise<InboxRow[]> {
    return query<InboxRow>(
      this.source,
      'open rows',
      `SELECT id, source, key, type, providers, tenant, conversation_id AS "conversationId", handover_hint AS "handoverHint",
              body, received_at AS "receivedAt"
       FROM inbox WHERE conversation_id = ANY($1::text[]) AND status IN ('pending', 'parked') ORDER BY id LIMIT 2000`,
      [conversationIds],
    );
  }

  async hasUnbound(providers: string[]): Promise<boolean> {
    const rows = await query(
      this.source,
      'unbound',
      `SELECT 1 FROM lane l JOIN handover h ON h.id = l.handover_id AND h.conversation_id IS NULL
       WHERE l.direction = 'provider' AND l.done = 0 AND l.target = ANY($1::text[]) LIMIT 1`,
      [providers],
    );
    return rows.length > 0;
  }

  async settle(
    ids: string[],
    status: 'parked' | 'ignored' | 'dead',
    reason: string,
    handoverId: string | null,
  ): Promise<void> {
    await query(
      this.source,
      'settle rows',
      `UPDATE inbox SET status = $2, reason = $3, handover_id = $4, body = CASE WHEN $2 = 'ignored' THEN ''::bytea ELSE body END
       WHERE id = ANY($1::bigint[]) AND status IN ('pending', 'parked')`,
      [ids, status, reason, handoverId],
    );
  }

  private async conversations(status: 'pending' | 'parked', limit: number): Promise<string[]> {
    const rows = await this.source.query<{ conversationId: string }[]>(
      `SELECT conversation_id AS "conversationId" FROM inbox WHERE status = '${status}' AND conversation_id IS NOT NULL
         AND received_at < now() - interval '${UNDER_WAY_MS} ms'
       GROUP BY conversation_id ORDER BY min(id) LIMIT $1`,
      [limit],
    );
    return rows.map(({ conversationId }) => conversationId);
  }

  /** One statement for many; a delivery that is known already is counted on its row. */
  private async store(entries: InboxEntry[]): Promise<boolean[]> {
    const known = new Set<string>();
    const isFirst = entries.map(({ source, key }) => {
      const text = `${source} ${key}`;
      return !known.has(text) && known.add(text) !== undefined;
    });
    const first = entries.filter((_, index) => isFirst[index]);
    const rows = await queryOnce<{ source: string; key: string }>(
      this.source,
      'store webhooks',
      `WITH given AS (
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[], $9::text[])
           WITH ORDINALITY AS g(source, key, type, providers, tenant, conversation_id, handover_hint, body, reason, position)
       ), added AS (
         INSERT INTO inbox (source, key, type, providers, tenant, conversation_id, handover_hint, body, status, reason)
         SELECT source, key, type, string_to_array(providers, ' '), tenant, conversation_id, handover_hint, body,
                CASE WHEN reason IS NULL THEN 'pending' ELSE 'ignored' END, reason
         FROM given ORDER BY position ON CONFLICT DO NOTHING RETURNING source, key
       ), repeated AS (
         UPDATE inbox i SET repeats = repeats + 1 FROM given g WHERE i.source = g.source AND i.key = g.key
       )
       SELECT source, key FROM added`,
      [
        first.map(({ source }) => source),
        first.map(({ key }) => key),
        first.map(({ type }) => type),
        first.map(({ providers }) => providers.join(' ')),
        first.map(({ tenant }) => tenant),
        first.map(({ conversationId }) => conversationId),
        first.map(({ handoverHint }) => handoverHint),
        first.map(({ body }) => body),
        first.map(({ ignored }) => ignored),
      ],
    );
    const added = new Set(rows.map(({ source, key }) => `${source} ${key}`));
    return entries.map(({ source, key }, index) => isFirst[index]! && added.has(`${source} ${key}`));
  }
}
