import type { DueInspection, InspectionStore, KnownMessage, Transcript, Turn } from '#core';
import type { DataSource } from 'typeorm';
import { query } from '../statement.js';

/** As many messages as a contact centre's list is read for at the most. */
const MAX_TRANSCRIPT = 2_000;
/** In the words of the index that serves it. */
const IS_OPEN = `h.conversation_id IS NOT NULL AND h.status IN ('requested', 'queued', 'active')`;
const DUE_COLUMNS = `h.id AS "handoverId", h.provider, (extract(epoch FROM h.settled_until) * 1000)::float8 AS "settledUntil"`;

/** The turns are columns of the handover that no change of it writes, so that neither gets into the other's way. */
export class PgInspectionStore implements InspectionStore {
  constructor(private readonly source: DataSource) {}

  take(
    turns: Turn[],
    { limit, pauseMs, leaseMs }: { limit: number; pauseMs: number; leaseMs: number },
  ): Promise<DueInspection[]> {
    const isOld = (every: string): string => `h.created_at <= now() - ${every} * interval '1 ms'`;
    const isDue = (every: string): string => `${IS_OPEN} AND h.inspect_at <= now() AND ${isOld(every)}`;
    const isBehind = (since: string, every: string): string =>
      `${IS_OPEN} AND h.inspected_at < ${since} AND ${isOld(every)}`;
    const oldest = (by: string, condition: string): string => `
      SELECT one.id FROM turn, LATERAL (
        SELECT h.id FROM handover h WHERE h.provider = turn.name AND ${condition}
        ORDER BY h.${by} LIMIT $3 FOR UPDATE SKIP LOCKED) one`;
    return query<DueInspection>(
      this.source,
      'take inspections',
      `WITH turn AS (
         UPDATE provider p SET inspect_after = now() + $4 * interval '1 ms'
         FROM unnest($1::text[], $2::float8[]) AS t(provider, every)
         WHERE p.name = t.provider AND p.inspect_after <= now()
           AND (EXISTS (SELECT 1 FROM handover h WHERE h.provider = p.name AND ${isDue('t.every')})
             OR EXISTS (SELECT 1 FROM handover h WHERE h.provider = p.name AND ${isBehind('p.inspect_since', 't.every')}))
         RETURNING p.name, t.every, p.inspect_since AS since
       ), behind AS (${oldest('inspected_at', isBehind('turn.since', 'turn.every'))}
       ), due AS (${oldest('inspect_at', isDue('turn.every'))}
       ), taken AS (
         SELECT one_turn.id FROM turn, LATERAL (
           SELECT h.id FROM (SELECT id FROM behind UNION SELECT id FROM due) found
           JOIN handover h ON h.id = found.id AND h.provider = turn.name LIMIT $3) one_turn
       )
       UPDATE handover h SET inspect_at = now() + $5 * interval '1 ms', inspected_at = now()
       FROM taken WHERE h.id = taken.id RETURNING ${DUE_COLUMNS}`,
      [turns.map(({ provider }) => provider), turns.map(({ everyMs }) => everyMs), limit, pauseMs, leaseMs],
    );
  }

  async get(handoverId: string): Promise<DueInspection | null> {
    const [row] = await query<DueInspection>(
      this.source,
      'inspection',
      `SELECT ${DUE_COLUMNS} FROM handover h WHERE h.id = $1 AND ${IS_OPEN}`,
      [handoverId],
    );
    return row ?? null;
  }

  async putOff(handoverId: string, delayMs: number, settledUntil: number | null): Promise<void> {
    await query(
      this.source,
      'put inspection off',
      `UPDATE handover SET inspect_at = now() + $2 * interval '1 ms',
         settled_until = coalesce(to_timestamp($3::float8 / 1000), settled_until) WHERE id = $1`,
      [handoverId, delayMs, settledUntil],
    );
  }

  async rest(provider: string, ms: number): Promise<void> {
    await query(
      this.source,
      'rest from inspections',
      `UPDATE provider SET inspect_after = greatest(inspect_after, now() + $2 * interval '1 ms') WHERE name = $1`,
      [provider, ms],
    );
  }

  async hasten(providers: string[]): Promise<void> {
    await query(
      this.source,
      'hasten inspections',
      // One row a provider, however many handovers are open.
      `UPDATE provider SET inspect_since = now() WHERE name = ANY($1::text[])`,
      [providers],
    );
  }

  async transcript(handoverId: string): Promise<(Transcript & { lastAt: number | null }) | null> {
    type Row = { messageSequence: number; lastAt: number | null; messages: KnownMessage[] };
    const [row] = await query<Row>(
      this.source,
      'transcript of agents',
      // One statement, so that the messages are those of this sequence.
      `SELECT h.message_sequence AS "messageSequence",
         (SELECT (extract(epoch FROM m.at) * 1000)::float8 FROM message m
          WHERE m.handover_id = h.id ORDER BY m.sequence DESC LIMIT 1) AS "lastAt",
         coalesce((SELECT json_agg(json_build_object('id', m.id, 'author', m.author->>'type', 'text', m.text,
             'at', (extract(epoch FROM m.at) * 1000)::float8, 'remoteId', m.remote_id) ORDER BY m.sequence)
           FROM (SELECT * FROM message m WHERE m.handover_id = h.id AND m.sequence > h.transcript_length
             AND m.author->>'type' IN ('agent', 'system') ORDER BY m.sequence DESC LIMIT ${MAX_TRANSCRIPT}) m),
           '[]') AS messages
       FROM handover h WHERE h.id = $1`,
      [handoverId],
    );
    return row ?? null;
  }

  async recognise(messages: { id: string; remoteId: string }[]): Promise<void> {
    await query(
      this.source,
      'recognise messages',
      `UPDATE message m SET remote_id = g.remote_id FROM unnest($1::text[], $2::text[]) AS g(id, remote_id)
       WHERE m.id = g.id AND m.remote_id IS NULL`,
      [messages.map(({ id }) => id), messages.map(({ remoteId }) => remoteId)],
    );
  }
}
