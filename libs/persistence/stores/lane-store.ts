import {
  FREE_LIMIT,
  type Appetite,
  type Command,
  type DeliveredMessage,
  type Handover,
  type Lane,
  type LaneStore,
  type Lifecycle,
  type LogItem,
  type MarkedLane,
  type Message,
  type ReplicaSign,
  type TakenLane,
} from '#core';
import type { DataSource } from 'typeorm';
import { query, Statement } from '../statement.js';
import { endResend, settleDeadLetter, type Letter } from './resend.js';
import { HANDOVER_COLUMNS, type HandoverRow } from './unit-rows.js';

/** A lane that an older version has made says no bot. */
const BOT = `CASE WHEN l.bot <> '' THEN l.bot ELSE (SELECT h.bot FROM handover h WHERE h.id = l.handover_id) END AS bot`;
const LANE = `l.handover_id AS "handoverId", l.direction, l.target, ${BOT}, l.done, l.last, l.attempts, l.uncertain, l.resend`;
/** Of a bot's lanes that are due, as the index `lane_waiting` has them. */
const DUE = `SELECT d.handover_id, d.direction FROM lane d
  WHERE d.direction = w.direction AND d.target = w.target AND d.bot = w.bot AND d.owner IS NULL AND d.due_at <= now()`;
/** The first bot with a lane that nobody holds. */
const NEXT_BOT = `SELECT d.bot FROM lane d WHERE d.direction = a.direction AND d.target = a.target AND d.owner IS NULL`;
/** The sign of whoever has no row. */
const NEVER_SEEN = '';
/** Those of the replicas in two parameters that have the same sign still. */
const UNCHANGED = `SELECT d.id FROM unnest($1::uuid[], $2::text[]) AS d(id, sign) LEFT JOIN replica r ON r.id = d.id
  WHERE coalesce(r.xmin::text, '${NEVER_SEEN}') = d.sign`;
/** Whoever locks several lanes does it in this order. Commits sort by the bytes of the ids, too. */
const IN_ORDER = 'ORDER BY handover_id COLLATE "C", direction COLLATE "C"';
const SENT = `m.author->>'type' = 'user' AS "isUser", CASE WHEN c.payload ? 'as' THEN c.payload->'as'->>'text' ELSE m.text END AS text,
  m.attachments <> '[]'::jsonb AND coalesce((c.payload->>'part')::int, 1) = 1 AS "hasFiles"`;

/** How far each handover's logs are done, and who works on them. */
export class PgLaneStore implements LaneStore {
  /** @param vital connections of its own for signs of life and notes, which must get through while the others are all taken */
  constructor(
    private readonly source: DataSource,
    private readonly vital: DataSource = source,
  ) {}

  /** Every renewal of a row is a transaction, so the number of the last one tells one sign from the next. */
  async heartbeat(replica: string): Promise<ReplicaSign[]> {
    return this.vital.query<ReplicaSign[]>(
      `WITH me AS (
         INSERT INTO replica (id, seen_at) VALUES ($1, now()) ON CONFLICT (id) DO UPDATE SET seen_at = now()
         RETURNING id, xmin::text AS sign)
       SELECT id AS replica, sign FROM me UNION ALL SELECT id, xmin::text FROM replica WHERE id <> $1`,
      [replica],
    );
  }

  async retire(replica: string, clean: Lane[]): Promise<void> {
    await this.source.query(
      `WITH gone AS (DELETE FROM replica WHERE id = $1),
            mine AS (SELECT handover_id, direction FROM lane WHERE owner = $1 ${IN_ORDER} FOR UPDATE)
       UPDATE lane l SET owner = NULL, due_at = now(), uncertain = NOT (l.direction || l.handover_id = ANY($2::text[]))
       FROM mine m WHERE l.handover_id = m.handover_id AND l.direction = m.direction`,
      [replica, clean.map(({ direction, handoverId }) => direction + handoverId)],
    );
  }

  take(replica: string, appetite: Appetite[]): Promise<TakenLane[]> {
    return query<TakenLane>(
      this.source,
      'take due lanes',
      `WITH RECURSIVE a AS (
         SELECT * FROM json_to_recordset($2::json) AS a(direction text, target text, bots json, others json)
       ), w AS (
         SELECT a.*, (${NEXT_BOT} ORDER BY d.bot LIMIT 1) AS bot FROM a
         UNION ALL
         SELECT a.direction, a.target, a.bots, a.others, (${NEXT_BOT} AND d.bot > a.bot ORDER BY d.bot LIMIT 1)
         FROM w a WHERE a.bot IS NOT NULL
       )
       UPDATE lane l SET owner = $1 FROM (
         SELECT found.handover_id, found.direction
         FROM (SELECT w.*, coalesce(w.bots->w.bot, w.others) AS wanted FROM w WHERE w.bot IS NOT NULL) w, LATERAL (
           SELECT * FROM (${DUE} AND least(d.attempts, 4) = 0
             ORDER BY d.due_at LIMIT (w.wanted->>'fresh')::integer FOR UPDATE SKIP LOCKED) fresh
           UNION ALL
           SELECT * FROM (SELECT again.* FROM generate_series(1, 4) AS tries, LATERAL (${DUE} AND least(d.attempts, 4) = tries
             ORDER BY d.due_at LIMIT (w.wanted->>'tried')::integer FOR UPDATE SKIP LOCKED) again
             LIMIT (w.wanted->>'tried')::integer) tried
         ) found
       ) f WHERE l.handover_id = f.handover_id AND l.direction = f.direction RETURNING ${LANE}`,
      [replica, JSON.stringify(appetite)],
    );
  }

  /** The few that are dead first, and then only their lanes: all that others hold and held may be very much. */
  async free(dead: ReplicaSign[], callsEndInMs: number): Promise<number> {
    const freed = await query(
      this.source,
      'free lanes',
      `WITH dead AS MATERIALIZED (${UNCHANGED}),
            found AS MATERIALIZED (
              SELECT f.* FROM dead, LATERAL (
                SELECT l.handover_id, l.direction FROM lane l WHERE l.owner = dead.id LIMIT ${FREE_LIMIT} FOR UPDATE SKIP LOCKED) f
              LIMIT ${FREE_LIMIT})
       UPDATE lane l SET owner = NULL, uncertain = true,
         due_at = now() + CASE l.direction WHEN 'provider' THEN $3 ELSE 0 END * interval '1 ms'
       FROM found f WHERE l.handover_id = f.handover_id AND l.direction = f.direction RETURNING 1`,
      [...columnsOf(dead), callsEndInMs],
    );
    return freed.length;
  }

  /** Goes from owner to owner along their index. */
  async strays(): Promise<ReplicaSign[]> {
    const rows = await this.source.query<{ id: string }[]>(
      `WITH RECURSIVE owners AS (
         (SELECT owner FROM lane WHERE owner IS NOT NULL ORDER BY owner LIMIT 1)
         UNION ALL
         SELECT (SELECT l.owner FROM lane l WHERE l.owner > o.owner ORDER BY l.owner LIMIT 1) FROM owners o WHERE o.owner IS NOT NULL)
       SELECT owner AS id FROM owners WHERE owner IS NOT NULL AND NOT EXISTS (SELECT 1 FROM replica WHERE id = owner)`,
    );
    return rows.map(({ id }) => ({ replica: id, sign: NEVER_SEEN }));
  }

  async forget(dead: ReplicaSign[]): Promise<void> {
    await query(
      this.source,
      'forget replicas',
      `WITH dead AS MATERIALIZED (${UNCHANGED})
       DELETE FROM replica r USING dead WHERE r.id = dead.id AND NOT EXISTS (SELECT 1 FROM lane l WHERE l.owner = r.id)`,
      columnsOf(dead),
    );
  }

  held(replica: string): Promise<TakenLane[]> {
    return query<TakenLane>(this.source, 'held lanes', `SELECT ${LANE} FROM lane l WHERE l.owner = $1`, [replica]);
  }

  /** What an operator wants sent again comes when nothing else is left, so that a resend in trouble holds up nothing new. */
  async next(lane: TakenLane, after: number, limit: number, maxBytes: number): Promise<LogItem[]> {
    const isResend = lane.resend && lane.last <= after;
    const again = isResend ? await this.resendable(lane) : [];
    const { handoverId, direction } = lane;
    const items = await (direction === 'bot'
      ? this.nextEvents(handoverId, after, limit, maxBytes, again)
      : this.nextCommands(handoverId, after, limit, maxBytes, again));
    if (isResend && items.length === 0) await endResend(this.source, lane, again);
    return items;
  }

  /** The rows are locked first, in one order: a statement that changed them as it meets them could wait for one that waits for it. */
  mark(
    replica: string,
    lanes: (Lane & { done: number })[],
    delivered: DeliveredMessage[],
    isDurable: boolean,
  ): Promise<MarkedLane[]> {
    const statement = new Statement()
      .value('me', replica, (id) => `SELECT ${id}::uuid AS id`)
      .rows(
        'marked',
        lanes,
        '"handoverId" text, direction text, done integer',
        (r) => `SELECT l.handover_id, l.direction, l.last, l.resend, r.done, l.last = r.done AND NOT l.resend AS gone
          FROM ${r}, lane l WHERE l.handover_id = r."handoverId" AND l.direction = r.direction
          AND l.owner = (SELECT id FROM me) AND l.done <= r.done AND l.last >= r.done
          ORDER BY l.handover_id COLLATE "C", l.direction COLLATE "C" FOR UPDATE OF l`,
      )
      .part(
        'emptied',
        () =>
          `DELETE FROM lane l USING marked k WHERE k.gone AND l.handover_id = k.handover_id AND l.direction = k.direction`,
      )
      .part(
        'advanced',
        () => `UPDATE lane l SET done = k.done, attempts = 0, uncertain = false, last_error = NULL FROM marked k
          WHERE NOT k.gone AND l.handover_id = k.handover_id AND l.direction = k.direction`,
      )
      .rows(
        'arrived',
        delivered,
        '"handoverId" text, id text',
        // Only under the lock of its lane, as everything that changes messages of several handovers.
        (r) => `UPDATE message m SET status = 'delivered', error = NULL FROM ${r}
          WHERE r."handoverId" IN (SELECT handover_id FROM marked) AND m.id = r.id AND m.status = 'pending'`,
      );
    const commit = `(SELECT set_config('synchronous_commit', '${isDurable ? 'on' : 'off'}', true)) AS commit`;
    return statement.run<MarkedLane>(
      this.vital,
      isDurable ? 'mark for good' : 'mark',
      () =>
        `SELECT k.handover_id AS "handoverId", k.direction, k.gone AS "isGone", k.last, k.resend FROM ${commit}, marked k`,
    );
  }

  async look(replica: string, lane: Lane): Promise<TakenLane | null> {
    const [row] = await query<TakenLane>(
      this.source,
      'look at lane',
      `SELECT ${LANE} FROM lane l WHERE handover_id = $1 AND direction = $2 AND owner = $3`,
      [lane.handoverId, lane.direction, replica],
    );
    return row ?? null;
  }

  async postpone(
    replica: string,
    lane: Pick<TakenLane, 'handoverId' | 'direction' | 'done' | 'uncertain'>,
    delayMs: number,
    error: string | null,
  ): Promise<boolean> {
    const { handoverId, direction, done, uncertain } = lane;
    const rows = await query(
      this.source,
      'postpone lane',
      `UPDATE lane SET owner = NULL, due_at = CASE WHEN $5 = 0 THEN least(due_at, now()) ELSE now() + $5 * interval '1 ms' END,
         attempts = (CASE WHEN done < $4 THEN 0 ELSE attempts END) + $6, done = greatest(done, $4),
         uncertain = $7, last_error = coalesce($8, last_error)
       WHERE handover_id = $1 AND direction = $2 AND owner = $3 AND last >= $4 RETURNING 1`,
      [handoverId, direction, replica, done, Math.round(delayMs), error === null ? 0 : 1, uncertain, error],
    );
    return rows.length > 0;
  }

  async bury(lane: TakenLane, item: LogItem, error: string): Promise<void> {
    await this.source.query(
      `INSERT INTO dead_letter (handover_id, direction, target, sequence, kind, error) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (handover_id, direction, sequence) DO UPDATE SET status = 'failed', error = excluded.error, failed_at = now()`,
      [lane.handoverId, lane.direction, lane.target, item.sequence, item.kind, error],
    );
  }

  settleDeadLetter(id: string, error: string | null): Promise<void> {
    return settleDeadLetter(this.source, id, error);
  }

  /** A part of a message counts as what was sent for it. What was given up was not sent; of what came later, what still waits. */
  async countIdenticalBefore(handoverId: string, sequence: number, afterTranscript: boolean): Promise<number> {
    const [row] = await this.source.query<{ count: number }[]>(
      `WITH this AS (SELECT ${SENT} FROM command c JOIN message m ON m.id = c.message_id WHERE c.handover_id = $1 AND c.sequence = $2),
            sent AS (
              SELECT c.sequence, ${SENT} FROM command c JOIN message m ON m.id = c.message_id
              WHERE c.handover_id = $1 AND c.sequence <> $2 AND (c.sequence < $2 OR m.status <> 'pending')
                AND NOT EXISTS (SELECT 1 FROM dead_letter d WHERE d.handover_id = $1 AND d.direction = 'provider'
                  AND d.sequence = c.sequence AND d.status <> 'delivered')
              UNION ALL
              SELECT m.sequence - h.transcript_length - 1, m.author->>'type' = 'user', m.text, false FROM handover h
                JOIN message m ON m.handover_id = h.id AND m.sequence <= h.transcript_length
              WHERE h.id = $1 AND NOT $3::boolean),
            ours AS (SELECT s.sequence, s."isUser" = t."isUser" AND s.text IS NOT DISTINCT FROM t.text AND s."hasFiles" = t."hasFiles" AS same FROM sent s, this t)
       SELECT count(*)::int AS count FROM ours
       WHERE sequence > coalesce((SELECT max(sequence) FROM ours WHERE NOT same), -2147483648)`,
      [handoverId, sequence, afterTranscript],
    );
    return row!.count;
  }

  async isBusy({ handoverId, direction }: Lane): Promise<boolean> {
    const rows = await query(
      this.source,
      'busy lane',
      `SELECT 1 FROM lane WHERE handover_id = $1 AND direction = $2 AND last > done`,
      [handoverId, direction],
    );
    return rows.length > 0;
  }

  private async nextEvents(
    handoverId: string,
    after: number,
    limit: number,
    maxBytes: number,
    again: Letter[],
  ): Promise<LogItem[]> {
    const rows = await query<{ sequence: number; webhookId: string | null; body: string; ageMs: number }>(
      this.source,
      again.length > 0 ? 'events again' : 'next events',
      upToBytes(`SELECT sequence, webhook_id AS "webhookId", body, extract(epoch FROM now() - created_at)::float8 * 1000 AS "ageMs", octet_length(body) AS size FROM event
       WHERE handover_id = $1 AND ${again.length > 0 ? 'sequence = ANY($2::integer[])' : 'sequence > $2::integer'}
       ORDER BY sequence LIMIT $3`),
      [handoverId, again.length > 0 ? again.map(({ sequence }) => sequence) : after, limit, maxBytes],
    );
    return rows.map(({ sequence, webhookId, body, ageMs }) => ({
      kind: 'event',
      sequence,
      webhookId,
      body,
      ageMs,
      ...letterOf(again, sequence),
    }));
  }

  private async nextCommands(
    handoverId: string,
    after: number,
    limit: number,
    maxBytes: number,
    again: Letter[],
  ): Promise<LogItem[]> {
    const rows = await query<CommandRow>(
      this.source,
      again.length > 0 ? 'commands again' : 'next commands',
      `SELECT sequence, kind, payload, "ageMs",
         (SELECT row_to_json(m) FROM (SELECT id, handover_id AS "handoverId", sequence, author, text, attachments, cards, status, error, conversion, at
            FROM message WHERE id = c.message_id) m) AS message
       FROM (${upToBytes(`SELECT sequence, kind, payload, message_id, extract(epoch FROM now() - c.created_at)::float8 * 1000 AS "ageMs",
         coalesce(octet_length(payload::text), 0)
           + coalesce((SELECT coalesce(octet_length(text), 0) + octet_length(cards::text) FROM message WHERE id = c.message_id), 0) AS size
       FROM command c
       WHERE handover_id = $1 AND ${again.length > 0 ? 'sequence = ANY($2::integer[])' : 'sequence > $2::integer'}
       ORDER BY sequence LIMIT $3`)}) c ORDER BY sequence`,
      [handoverId, again.length > 0 ? again.map(({ sequence }) => sequence) : after, limit, maxBytes],
    );
    if (rows.length === 0) return [];
    const [handover] = await query<HandoverRow>(
      this.source,
      'handover of lane',
      `SELECT ${HANDOVER_COLUMNS} FROM handover WHERE id = $1`,
      [handoverId],
    );
    if (!handover) return [];
    return rows.map((row) => ({
      ...row,
      message: row.message && { ...row.message, at: new Date(row.message.at) },
      handover: handoverOf(handover),
      ...letterOf(again, row.sequence),
    }));
  }

  private async resendable({ handoverId, direction }: Lane): Promise<Letter[]> {
    return this.source.query<Letter[]>(
      `SELECT id, sequence FROM dead_letter WHERE handover_id = $1 AND direction = $2 AND status = 'resending' ORDER BY sequence`,
      [handoverId, direction],
    );
  }
}

function columnsOf(signs: ReplicaSign[]): string[][] {
  return [signs.map(({ replica }) => replica), signs.map(({ sign }) => sign)];
}

/** The first of these rows, and those after it as long as their `size`s do not add up to more than `$4`. */
function upToBytes(rows: string): string {
  return `SELECT * FROM (SELECT *, sum(size) OVER (ORDER BY sequence) AS reached, row_number() OVER (ORDER BY sequence) AS nth FROM (${rows}) s) s
    WHERE nth = 1 OR reached <= $4::integer ORDER BY sequence`;
}

interface CommandRow {
  sequence: number;
  kind: Command['kind'];
  payload: Command['payload'];
  ageMs: number;
  message: (Omit<Message, 'at'> & { at: string }) | null;
}

function letterOf(letters: Letter[], sequence: number): { deadLetter?: string } {
  const found = letters.find((letter) => letter.sequence === sequence);
  return found ? { deadLetter: found.id } : {};
}

function handoverOf({ lifecycleText, version: _, ...row }: HandoverRow): Handover {
  return { ...row, lifecycle: JSON.parse(lifecycleText) as Lifecycle };
}
