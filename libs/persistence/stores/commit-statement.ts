import type { CommittedLane, HandoverUnit } from '#core';
import type { DataSource } from 'typeorm';
import { Statement, type JsonRow } from '../statement.js';
import { CHANGED_COLUMNS, changedRow, logsBefore, NEW_COLUMNS, newRow } from './unit-rows.js';

/** Everything that follows a handover's row is stored only if the row was. */
const IF_OK = 'WHERE r.handover_id IN (SELECT id FROM ok)';
const NO_LIMIT = 2_147_483_647;

export interface CommitResult {
  /** Ids of handovers that somebody else had changed. */
  stale: Set<string>;
  /** The lanes of what was committed, whoever holds them. */
  lanes: CommittedLane[];
}

/**
 * Commits changed handovers with all that they bring, in one statement. A handover that somebody else changed since it was read
 * is left out with everything of its own; the others are stored.
 */
export async function commitUnits(
  source: DataSource,
  units: HandoverUnit[],
  taker: string | null,
): Promise<CommitResult> {
  const created = units.filter(({ isNew }) => isNew);
  const existing = units.filter(({ isNew }) => !isNew).map((unit) => ({ unit, row: changedRow(unit) }));
  const changed = existing.flatMap(({ row }) => (row ? [row] : []));
  const untouched = existing.filter(({ row }) => row === null).map(({ unit }) => unit.handover.id);

  const statement = new Statement()
    .rows('created', created.map(newRow), NEW_COLUMNS, insertHandovers)
    .rows('changed', changed, CHANGED_COLUMNS, updateHandovers);
  const sources = ['created', 'changed'].filter((name) => statement.has(name)).map((name) => `SELECT id FROM ${name}`);
  statement.value('ok', untouched, (ids) => [...sources, `SELECT unnest(${ids}::text[]) AS id`].join(' UNION ALL '));
  addMessages(statement, units);
  addLogs(statement, units);
  addLanes(statement, units, taker);
  addRecords(statement, units);

  const laned = statement.has('laned') ? `(SELECT coalesce(json_agg(laned), '[]') FROM laned)` : `'[]'::json`;
  const [result] = await statement.run<{ ok: string[]; lanes: CommitResult['lanes'] }>(
    source,
    'commit',
    `SELECT ARRAY(SELECT id FROM ok) AS ok, ${laned} AS lanes`,
  );
  const ok = new Set(result!.ok);
  const stale = units.map(({ handover }) => handover.id).filter((id) => !ok.has(id));
  return { stale: new Set(stale), lanes: result!.lanes };
}

function insertHandovers(recordset: string): string {
  return `INSERT INTO handover (id, bot, provider, session_id, user_id, "user", settings, metadata, status, conversation_id, bound_at, queue,
      agent, error, end_reason, created_at, queued_at, active_at, ended_at, closing, lifecycle, wake_at, transcript_length,
      message_sequence, event_sequence, command_sequence)
    SELECT id, bot, provider, session_id, user_id, "user", settings, metadata, status, conversation_id, bound_at, queue,
      agent, error, end_reason, created_at, queued_at, active_at, ended_at, closing, lifecycle, wake_at, transcript_length,
      message_sequence, event_sequence, command_sequence FROM ${recordset} RETURNING id`;
}

/**
 * A handover is changed only as it was read. Events that come with the change must be new, and nothing of their conversation may
 * be open: what another replica has taken before comes first. Nor does a handover end while events that arrived are not applied.
 */
function updateHandovers(recordset: string): string {
  return `UPDATE handover h SET status = r.status, conversation_id = r.conversation_id, bound_at = r.bound_at, queue = r.queue, agent = r.agent,
      error = r.error, end_reason = r.end_reason, queued_at = r.queued_at, active_at = r.active_at, ended_at = r.ended_at,
      closing = r.closing, wake_at = r.wake_at, message_sequence = r.message_sequence, event_sequence = r.event_sequence,
      command_sequence = r.command_sequence, version = h.version + 1, lifecycle = coalesce(r.lifecycle, h.lifecycle),
      "user" = coalesce(r."user", h."user"), settings = coalesce(r.settings, h.settings),
      metadata = CASE WHEN r.has_metadata THEN r.metadata ELSE h.metadata END
    FROM ${recordset} WHERE h.id = r.id AND h.version = r.version
      AND (r.source IS NULL OR NOT EXISTS (SELECT 1 FROM inbox i WHERE i.source = r.source AND i.key = ANY(r.keys))
        AND (SELECT count(*) FROM (SELECT 1 FROM inbox i WHERE i.conversation_id = r.conversation_id
          AND i.status IN ('pending', 'parked') LIMIT 1) earlier) = 0)
      AND (NOT r.is_ending OR (SELECT count(*) FROM (SELECT 1 FROM inbox i WHERE i.conversation_id = r.conversation_id
        AND i.status = 'pending' AND NOT (i.id = ANY(r.settled)) LIMIT 1) earlier) = 0)
    RETURNING h.id`;
}

function addMessages(statement: Statement, units: HandoverUnit[]): void {
  const messages = units.flatMap((unit) =>
    unit.messages.map(({ handoverId, ...message }): JsonRow => ({ ...message, handover_id: handoverId })),
  );
  statement.rows(
    'messages',
    messages,
    `id text, handover_id text, sequence integer, author jsonb, text text, attachments jsonb, cards jsonb, status text, error text, at timestamptz`,
    (r) => `INSERT INTO message (id, handover_id, sequence, author, text, attachments, cards, status, error, at)
      SELECT id, handover_id, sequence, author, text, attachments, cards, status, error, at FROM ${r} ${IF_OK}`,
  );
  const statuses = units.flatMap(({ handover, messageStatuses }) =>
    messageStatuses.flatMap(({ ids, status, error }): JsonRow[] => {
      const row = { handover_id: handover.id, status, error };
      if (Array.isArray(ids)) return ids.map((id) => ({ ...row, id }));
      return [{ ...row, upto: ids === 'transcript' ? handover.transcriptLength : NO_LIMIT }];
    }),
  );
  statement.rows(
    'statuses',
    statuses.filter((row) => 'id' in row),
    'handover_id text, id text, status text, error text',
    (r) =>
      `UPDATE message m SET status = r.status, error = r.error FROM ${r} ${IF_OK} AND m.id = r.id AND m.status = 'pending'`,
  );
  statement.rows(
    'ranges',
    statuses.filter((row) => 'upto' in row),
    'handover_id text, upto integer, status text, error text',
    (r) => `UPDATE message m SET status = r.status, error = r.error FROM ${r}
      ${IF_OK} AND m.handover_id = r.handover_id AND m.sequence <= r.upto AND m.status = 'pending'`,
  );
}

function addLogs(statement: Statement, units: HandoverUnit[]): void {
  const events = units.flatMap((unit) =>
    unit.events.map(({ handoverId, sequence, type, body }): JsonRow => ({
      handover_id: handoverId,
      sequence,
      type,
      body,
    })),
  );
  statement.rows(
    'events',
    events,
    'handover_id text, sequence integer, type text, body text',
    (r) =>
      `INSERT INTO event (handover_id, sequence, type, body) SELECT handover_id, sequence, type, body FROM ${r} ${IF_OK}`,
  );
  const commands = units.flatMap(({ handover, commands: all }) =>
    all.map(({ sequence, kind, message, payload }): JsonRow => {
      return { handover_id: handover.id, sequence, kind, message_id: message?.id ?? null, payload };
    }),
  );
  statement.rows(
    'commands',
    commands,
    'handover_id text, sequence integer, kind text, message_id text, payload jsonb',
    (r) => `INSERT INTO command (handover_id, sequence, kind, message_id, payload)
      SELECT handover_id, sequence, kind, message_id, payload FROM ${r} ${IF_OK}`,
  );
}

/** A lane that somebody holds or that waits for its next try stays as it is and only gets longer. */
function addLanes(statement: Statement, units: HandoverUnit[], taker: string | null): void {
  const lanes = units.flatMap((unit) => {
    const { handover, events, commands } = unit;
    const before = logsBefore(unit);
    const lane = (direction: string, target: string, done: number, last: number): JsonRow => ({
      handover_id: handover.id,
      direction,
      target,
      done,
      last,
      owner: taker,
    });
    return [
      ...(events.length > 0 ? [lane('bot', handover.bot, before.bot, handover.eventSequence)] : []),
      ...(commands.length > 0 ? [lane('provider', handover.provider, before.provider, handover.commandSequence)] : []),
    ];
  });
  statement.rows(
    'laned',
    lanes,
    'handover_id text, direction text, target text, done integer, last integer, owner uuid',
    (r) => `INSERT INTO lane AS l (handover_id, direction, target, done, last, owner)
      SELECT r.handover_id, r.direction, r.target, r.done, r.last, r.owner FROM ${r} ${IF_OK}
        AND (r.direction = 'provider' OR EXISTS (SELECT 1 FROM bot b WHERE b.name = r.target AND b.callback_url IS NOT NULL))
      ON CONFLICT (handover_id, direction) DO UPDATE SET last = greatest(l.last, excluded.last)
      RETURNING handover_id AS "handoverId", direction, target, done, last, attempts, uncertain, resend, owner,
        xmax = 0 AS "isNew"`,
  );
}

function addRecords(statement: Statement, units: HandoverUnit[]): void {
  const verdicts = units.flatMap(({ handover, verdicts: all }) =>
    all.map((verdict): JsonRow => ({ ...verdict, handover_id: handover.id })),
  );
  statement.rows(
    'verdicts',
    verdicts,
    'id bigint, handover_id text, status text, reason text',
    (r) => `UPDATE inbox i SET status = r.status, reason = r.reason, handover_id = r.handover_id FROM ${r}
      ${IF_OK} AND i.id = r.id AND i.status IN ('pending', 'parked')`,
  );
  const arrivals = units.flatMap(({ handover, arrivals: all }) =>
    all.map(({ entry, status, reason }): JsonRow => {
      const { source, key, type, providers, tenant, conversationId, body } = entry;
      const row = {
        source,
        key,
        type,
        providers,
        tenant,
        conversation_id: conversationId,
        body: body.toString('base64'),
      };
      return { ...row, status, reason, handover_id: handover.id };
    }),
  );
  statement.rows(
    'arrivals',
    arrivals,
    `source text, key text, type text, providers text[], tenant text, conversation_id text, body text, status text, reason text,
     handover_id text`,
    (r) => `INSERT INTO inbox (source, key, type, providers, tenant, conversation_id, body, status, reason, handover_id)
      SELECT source, key, type, providers, tenant, conversation_id, decode(body, 'base64'), status, reason, handover_id FROM ${r} ${IF_OK}`,
  );
  const answers = units.flatMap(({ handover, answers: all }) =>
    all.map(({ key, answer }): JsonRow => ({ ...key, answer, handover_id: handover.id })),
  );
  // Fails where the key is there already: two replicas had the same request at the same moment, and the second looks again.
  statement.rows(
    'answers',
    answers,
    'bot text, scope text, key text, fingerprint text, answer json, handover_id text',
    (r) => `INSERT INTO idempotency_key (bot, scope, key, fingerprint, answer)
      SELECT bot, scope, key, fingerprint, answer FROM ${r} ${IF_OK}`,
  );
}
