import {
  ClaimLost,
  newId,
  type Attachment,
  type AttachmentStore,
  type CarriedFile,
  type NewArrival,
  type NewUpload,
} from '#core';
import type { DataSource } from 'typeorm';
import { query } from '../statement.js';
import { collectAfter } from '../young-garbage.js';

/** Bytes of a piece as it is kept. Files are read by it: changing it needs a migration. */
const CHUNK_BYTES = 64 * 1024;
/**
 * Bytes read at once, a part of a piece. In a row they are text of twice the size: one that does not fit into a single read of the
 * socket, 64 KiB, is put together in buffers of up to four times the piece.
 */
const READ_BYTES = 16 * 1024;
const FOREIGN_KEY_VIOLATION = '23503';
/** Pieces need not be on the disk each: the commit of the file's size, which comes after them, waits for all. */
const NOT_YET_DURABLE = `(SELECT set_config('synchronous_commit', 'off', true)) AS commit`;

/** Files in PostgreSQL. */
export class PgAttachmentStore implements AttachmentStore {
  constructor(private readonly source: DataSource) {}

  async add(upload: NewUpload, content: AsyncIterable<Uint8Array>): Promise<Attachment> {
    const { handoverId, filename, contentType } = upload;
    const id = newId('att');
    await query(
      this.source,
      'add attachment',
      `INSERT INTO attachment (id, handover_id, filename, content_type) VALUES ($1, $2, $3, $4)`,
      [id, handoverId, filename, contentType],
    );
    try {
      const size = await this.keep(id, content);
      await this.settle(id, { contentType, size, error: null });
      return { id, filename, contentType, size };
    } catch (error) {
      // Where this fails too, housekeeping finds it.
      await this.release(id).catch(() => undefined);
      throw error;
    }
  }

  async unnamedBytes(): Promise<Map<string, number>> {
    const rows = await query<{ bot: string; bytes: number }>(
      this.source,
      'unnamed bytes',
      `SELECT h.bot, sum(greatest(a.size, 16384))::float8 AS bytes FROM attachment a JOIN handover h ON h.id = a.handover_id
       WHERE NOT a.named AND a.inbox_id IS NULL AND a.status = 'complete' GROUP BY h.bot`,
      [],
    );
    return new Map(rows.map(({ bot, bytes }) => [bot, bytes]));
  }

  find(handoverId: string, ids: string[]): Promise<Attachment[]> {
    return query<Attachment>(
      this.source,
      'find attachments',
      // What was sent to a handover of an incoming conversation is the conversation's as well.
      `SELECT id, filename, content_type AS "contentType", size FROM attachment a
       WHERE id = ANY($2::text[]) AND status = 'complete'
         AND (handover_id = $1 OR (SELECT h.incoming->>'id' FROM handover h WHERE h.id = a.handover_id) = $1)`,
      [handoverId, ids],
    );
  }

  async *read(id: string): AsyncGenerator<Buffer> {
    for (let offset = 0; ; offset += READ_BYTES) {
      const [part] = await query<{ bytes: Buffer }>(
        this.source,
        'read chunk',
        `SELECT substring(bytes FROM $3 FOR $4) AS bytes FROM attachment_chunk WHERE attachment_id = $1 AND sequence = $2`,
        [id, Math.floor(offset / CHUNK_BYTES), (offset % CHUNK_BYTES) + 1, READ_BYTES],
      );
      if (!part || part.bytes.length === 0) return;
      collectAfter(part.bytes.length);
      yield part.bytes;
    }
  }

  async carried(messageId: string, ids: string[]): Promise<CarriedFile[]> {
    const rows = await query<CarriedFile>(
      this.source,
      'carried attachments',
      `SELECT id, filename, content_type AS "contentType", size, remote_ids->>$1::text AS "remoteId" FROM attachment
       WHERE id = ANY($2::text[]) AND status = 'complete'`,
      [messageId, ids],
    );
    return ids.flatMap((id) => rows.find((row) => row.id === id) ?? []);
  }

  async noteRemote(id: string, messageId: string, remoteId: string): Promise<void> {
    await query(
      this.source,
      'note remote attachment',
      `UPDATE attachment SET remote_ids = remote_ids || jsonb_build_object($2::text, $3::text) WHERE id = $1`,
      [id, messageId, remoteId],
    );
  }

  async arrived(inboxId: string): Promise<(Attachment & { position: number })[]> {
    const rows = await query<Attachment & { error: string | null; position: number }>(
      this.source,
      'arrived attachments',
      `SELECT id, filename, content_type AS "contentType", size, error, position FROM attachment
       WHERE inbox_id = $1 AND status <> 'partial' ORDER BY position`,
      [inboxId],
    );
    return rows.map(({ error, ...row }) => ({ ...row, ...(error === null ? {} : { error }) }));
  }

  async claim(arrival: NewArrival, replica: string, dead: string[]): Promise<string | null> {
    const { handoverId, inboxId, position, filename } = arrival;
    await query(
      this.source,
      'drop lost claim',
      `DELETE FROM attachment a WHERE a.inbox_id = $1 AND a.position = $2 AND a.status = 'partial'
         AND (a.owner = $3 OR a.owner = ANY($4::uuid[]) OR NOT EXISTS (SELECT 1 FROM replica r WHERE r.id = a.owner))`,
      [inboxId, position, replica, dead],
    );
    const [claimed] = await query<{ id: string }>(
      this.source,
      'claim attachment',
      `INSERT INTO attachment (id, handover_id, filename, inbox_id, position, owner) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (inbox_id, position) WHERE inbox_id IS NOT NULL DO NOTHING RETURNING id`,
      [newId('att'), handoverId, filename, inboxId, position, replica],
    );
    return claimed?.id ?? null;
  }

  async keep(id: string, content: AsyncIterable<Uint8Array>): Promise<number> {
    await query(this.source, 'drop chunks', `DELETE FROM attachment_chunk WHERE attachment_id = $1`, [id]);
    let size = 0;
    let sequence = 0;
    for await (const chunk of inChunks(content)) {
      await this.addChunk(id, sequence++, chunk);
      size += chunk.length;
      collectAfter(chunk.length);
    }
    return size;
  }

  async settle(
    id: string,
    result: { contentType: string | null; size: number | null; error: string | null },
  ): Promise<void> {
    const settled = await query(
      this.source,
      'settle attachment',
      `UPDATE attachment SET content_type = $2, size = $3, error = $4, status = CASE WHEN $4::text IS NULL THEN 'complete' ELSE 'failed' END
       WHERE id = $1 AND status = 'partial' RETURNING id`,
      [id, result.contentType, result.size, result.error],
    );
    if (settled.length === 0) throw new ClaimLost();
  }

  async release(id: string): Promise<void> {
    await query(this.source, 'release attachment', `DELETE FROM attachment WHERE id = $1 AND status = 'partial'`, [id]);
  }

  private async addChunk(id: string, sequence: number, bytes: Buffer): Promise<void> {
    try {
      await query(
        this.source,
        'add chunk',
        `INSERT INTO attachment_chunk (attachment_id, sequence, bytes) SELECT $1, $2, $3 FROM ${NOT_YET_DURABLE}`,
        [id, sequence, bytes],
      );
    } catch (error) {
      throw (error as { code?: string }).code === FOREIGN_KEY_VIOLATION ? new ClaimLost() : error;
    }
  }
}

/**
 * The same bytes in pieces of one size, the last one excepted. A file without bytes has no piece. All pieces are the same memory: each
 * is to be done with before the next is asked for.
 */
async function* inChunks(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let filled = 0;
  for await (const part of content) {
    for (let from = 0; from < part.length;) {
      const taken = Math.min(part.length - from, CHUNK_BYTES - filled);
      chunk.set(part.subarray(from, from + taken), filled);
      filled += taken;
      from += taken;
      if (filled < CHUNK_BYTES) continue;
      yield chunk;
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
