import { isConversation, type HandoverUnit, type TakenLane } from '#core';
import type { DataSource } from 'typeorm';
import { queryOnce, Statement, type JsonRow } from '../statement.js';
import { ADVANCED_COLUMNS, advancedRow, CHANGED_COLUMNS, changedRow, NEW_COLUMNS, newRow } from './unit-rows.js';

/** Everything that follows a handover's row is stored only if the row was. */
const IF_OK = 'WHERE r."handoverId" IN (SELECT id FROM ok)';
const NO_LIMIT = 2_147_483_647;

export interface CommitResult {
  /** Ids of handovers that somebody else had changed. */
  stale: Set<string>;
  /** Lanes that did not exist before and have a holder now. */
  opened: TakenLane[];
  /** Lanes that did not exist before and wait to be taken. */
  left: TakenLane[];
  /** Lanes that were there. */
  extended: TakenLane[];
}

/**
 * Commits changed handovers with all that they bring, in one statement. A handover that somebody else changed since it was read
 * is left out with everything of its own; the others are stored.
 */
export async function commitUnits(
  source: DataSource,
  given: HandoverUnit[],
  takerOf: (lane: TakenLane) => string | null,
): Promise<CommitResult> {
  // In one order, which all statements that lock several handovers and lanes keep to: so none waits for one that waits for it.
  const units = given.toSorted((a, b) => (a.handover.id < b.handover.id ? -1 : 1));
  // The second of two in one session waits for the first, so these go by their sessions.
  const created = units.filter((unit) => unit.isNew && !isHandedOver(unit)).toSorted(bySession);
  const advanced: JsonRow[] = [];
  const changed: JsonRow[] = [];
  const untouched: string[] = [];
  for (const unit of units) {
    if (unit.isNew) continue;
    const [advance, change] = [advancedRow(unit), changedRow(unit)];
    if (advance) advanced.push(advance);
    else if (change) changed.push(change);
    else untouched.push(unit.handover.id);
  }

  const statement = new Statement();
  // One list is locked as it is worked off. Several are locked before, together.
  const isMixed = [created, advanced, changed].filter(({ length }) => length > 0).length > 1;
  if (isMixed) {
    const ids = units.flatMap(({ isNew, handover }) => (isNew ? [] : handover.id));
    statement.value('locked', ids, lockHandovers);
  }
  const afterLocks = isMixed ? 'AND (SELECT count(*) FROM locked) >= 0' : '';
  statement
    .rows('created', created.map(newRow), NEW_COLUMNS, (r) =>
      insertHandovers(r, isMixed ? `WHERE true ${afterLocks}` : ''),
    )
    .rows('advanced', advanced, ADVANCED_COLUMNS, (r) => `${advanceHandovers(r)} ${afterLocks} RETURNING h.id`)
    .rows('changed', changed, CHANGED_COLUMNS, (r) => `${updateHandovers(r)} ${afterLocks} RETURNING h.id`)
    .rows('handed_over', units.filter(isHandedOver).map(newRow), NEW_COLUMNS, insertOfChanged);
  const sources = ['created', 'advanced', 'changed', 'handed_over']
    .filter((name) => statement.has(name))
    .map((name) => `SELECT id FROM ${name}`);
  statement.value('ok', untouched, (ids) => [...sources, `SELECT unnest(${ids}::text[]) AS id`].join(' UNION ALL '));
  const lanes = units.flatMap(lanesOf);
  lockLanes(statement, units);
  const owned = lanes.map((lane) => ({ ...lane, owner: takerOf(lane) }));
  addMessages(statement, units);
  addLogs(statement, units);
  addLanes(statement, owned);
  addRecords(statement, units);

  const select = (): string => {
    const laned = (isNew: string): string =>
      lanes.length > 0 ? `ARRAY(SELECT direction || handover_id FROM laned WHERE ${isNew})` : `'{}'::text[]`;
    return `SELECT ARRAY(SELECT id FROM ok) AS ok, ${laned('is_new')} AS opened, ${laned('NOT is_new')} AS extended`;
  };
  type Row = { ok: string[]; opened: string[]; extended: string[] };
  const [result] = await statement.run<Row>(source, 'commit', select, queryOnce);
  const { ok, opened, extended } = result!;
  const isNew = lanes.map(({ direction, handoverId }) => opened.includes(direction + handoverId));
  return {
    stale: new Set(units.map(({ handover }) => handover.id).filter((id) => !ok.includes(id))),
    opened: lanes.filter((_, index) => isNew[index] && owned[index]!.owner !== null),
    left: lanes.filter((_, index) => isNew[index] && owned[index]!.owner === null),
    extended: lanes.filter(({ direction, handoverId }) => extended.includes(direction + handoverId)),
  };
}

/** A new handover of a conversation that began in the contact centre: it depends on that one's row. */
function isHandedOver({ isNew, handover }: HandoverUnit): boolean {
  return isNew && handover.incoming !== null && !isConversation(handover);
}

function bySession({ handover: a }: HandoverUnit, { handover: b }: HandoverUnit): number {
  return a.bot === b.bot ? (a.sessionId < b.sessionId ? -1 : 1) : a.bot < b.bot ? -1 : 1;
}

function lockHandovers(ids: string): string {
  return `SELECT id FROM handover WHERE id = ANY(${ids}::text[]) ORDER BY id COLLATE "C" FOR NO KEY UPDATE`;
}

/**
 * Messages that are there already are changed under the lock of their lane, here and where their arrival is noted. So all lanes are
 * locked before any of these messages, and not as they get longer.
 */
function lockLanes(statement: Statement, units: HandoverUnit[]): void {
  if (units.every(({ messageStatuses }) => messageStatuses.length === 0)) return;
  statement.value(
    'lane_locks',
    units.map(({ handover }) => handover.id),
    (ids) => `SELECT 1 FROM lane WHERE handover_id = ANY(${ids}::text[]) AND handover_id IN (SELECT id FROM ok)
      ORDER BY handover_id COLLATE "C", direction COLLATE "C" FOR UPDATE`,
  );
}

const LANES_ARE_LOCKED = '(SELECT count(*) FROM lane_locks) >= 0';

function insertHandovers(recordset: string, condition = ''): string {
  return `INSERT INTO handover (id, bot, provider, session_id, user_id, "user", settings, metadata, status, conversation_id, bound_at, queue,
      agent, error, end_reason, created_at, queued_at, active_at, ended_at, closing, lifecycle, wake_at, transcript_length,
      message_sequence, event_sequence, command_sequence, incoming)
    SELECT id, bot, provider, session_id, user_id, "user", settings, metadata, status, conversation_id, bound_at, queue,
      agent, error, end_reason, created_at, queued_at, active_at, ended_at, closing, lifecycle, wake_at, transcript_length,
      message_sequence, event_sequence, command_sequence, incoming FROM ${recordset} ${condition} RETURNING id`;
}

function insertOfChanged(recordset: string): string {
  return insertHandovers(recordset, `WHERE r.incoming->>'id' IN (SELECT id FROM changed)`);
}

/**
 * Events that come with a change must be new, and nothing of their conversation may be open: what another replica has taken before
 * comes first. The LIMITs keep the planner from turning look-ups into joins, which read the whole table once it has grown.
 */
const ARRIVES_IN_ORDER = `(r.source IS NULL OR (SELECT count(*) FROM unnest(r.keys) AS k(key),
    LATERAL (SELECT 1 FROM inbox i WHERE i.key = k.key AND i.source = r.source LIMIT 1) known) = 0
  AND (SELECT count(*) FROM (SELECT 1 FROM inbox i WHERE i.conversation_id = r.conversation_id
    AND i.status IN ('pending', 'parked') LIMIT 1) earlier) = 0)`;

/** A request under one of these keys was not answered before. */
const IS_ASKED_ONCE = `(r.asked IS NULL OR (SELECT count(*) FROM generate_series(1, cardinality(r.asked), 3) AS n,
    LATERAL (SELECT 1 FROM idempotency_key k WHERE k.bot = r.asked[n] AND k.scope = r.asked[n + 1] AND k.key = r.asked[n + 2]
      LIMIT 1) known) = 0)`;

/** A handover is changed only as it was read. */
function advanceHandovers(recordset: string): string {
  return `UPDATE handover h SET message_sequence = r.message_sequence, event_sequence = r.event_sequence,
      command_sequence = r.command_sequence, version = r.next_version
    FROM ${recordset} WHERE h.id = r.id AND h.version = r.version AND ${IS_ASKED_ONCE} AND ${ARRIVES_IN_ORDER}`;
}

/** The same, with all that can change. It does not end while events that arrived are not applied. */
function updateHandovers(recordset: string): string {
  return `UPDATE handover h SET status = r.status, conversation_id = r.conversation_id, bound_at = r.bound_at, queue = r.queue, agent = r.agent,
      error = r.error, end_reason = r.end_reason, queued_at = r.queued_at, active_at = r.active_at, ended_at = r.ended_at,
      closing = r.closing, wake_at = r.wake_at, incoming = r.incoming, message_sequence = r.message_sequence, event_sequence = r.event_sequence,
      command_sequence = r.command_sequence, version = r.next_version, lifecycle = coalesce(r.lifecycle, h.lifecycle),
      "user" = coalesce(r."user", h."user"), settings = coalesce(r.settings, h.settings),
      metadata = CASE WHEN r.has_metadata THEN r.metadata ELSE h.metadata END
    FROM ${recordset} WHERE h.id = r.id AND h.version = r.version AND ${IS_ASKED_ONCE} AND ${ARRIVES_IN_ORDER}
      AND (NOT r.is_ending OR (SELECT count(*) FROM (SELECT 1 FROM inbox i WHERE i.conversation_id = r.conversation_id
        AND i.status = 'pending' AND NOT (i.id = ANY(r.settled)) LIMIT 1) earlier) = 0)`;
}

function addMessages(statement: Statement, units: HandoverUnit[]): void {
  statement.rows(
    'messages',
    units.flatMap(({ messages }) => messages),
    `id text, "handoverId" text, sequence integer, author jsonb, text text, attachments jsonb, cards jsonb, status text, error text,
     conversion jsonb, at timestamptz, "remoteId" text`,
    (
      r,
    ) => `INSERT INTO message (id, handover_id, sequence, author, text, attachments, cards, status, error, conversion, at, remote_id)
      SELECT id, "handoverId", sequence, author, text, attachments, cards, status, error, conversion, at, "remoteId" FROM ${r} ${IF_OK}`,
  );
  const named = units.flatMap(({ messages }) =>
    messages.flatMap(({ handoverId, attachments }): JsonRow[] => attachments.map(({ id }) => ({ handoverId, id }))),
  );
  statement.rows(
    'named',
    named,
    '"handoverId" text, id text',
    (r) => `UPDATE attachment a SET named = true FROM ${r} ${IF_OK} AND a.id = r.id`,
  );
  const statuses = units.flatMap(({ handover, messageStatuses }) =>
    messageStatuses.flatMap(({ ids, status, error }): JsonRow[] => {
      const row = { handoverId: handover.id, status, error };
      if (Array.isArray(ids)) return ids.map((id) => ({ ...row, id }));
      return [{ ...row, upto: ids === 'transcript' ? handover.transcriptLength : NO_LIMIT }];
    }),
  );
  statement.rows(
    'statuses',
    statuses.filter((row) => 'id' in row),
    '"handoverId" text, id text, status text, error text',
    (r) =>
      `UPDATE message m SET status = r.status, error = r.error FROM ${r}
        ${IF_OK} AND ${LANES_ARE_LOCKED} AND m.id = r.id AND m.status = 'pending'`,
  );
  statement.rows(
    'ranges',
    statuses.filter((row) => 'upto' in row),
    '"handoverId" text, upto integer, status text, error text',
    (r) => `UPDATE message m SET status = r.status, error = r.error FROM ${r}
      ${IF_OK} AND ${LANES_ARE_LOCKED} AND m.handover_id = r."handoverId" AND m.sequence <= r.upto AND m.status = 'pending'`,
  );
}

function addLogs(statement: Statement, units: HandoverUnit[]): void {
  statement.rows(
    'events',
    units.flatMap(({ events }) => events),
    '"handoverId" text, sequence integer, type text, body text, "webhookId" text',
    (r) => `INSERT INTO event (handover_id, sequence, type, body, webhook_id)
      SELECT "handoverId", sequence, type, body, "webhookId" FROM ${r} ${IF_OK}`,
  );
  const commands = units.flatMap(({ handover, commands: all }) =>
    all.map(({ sequence, kind, message, payload }): JsonRow => {
      return { handoverId: handover.id, sequence, kind, messageId: message?.id ?? null, payload };
    }),
  );
  statement.rows(
    'commands',
    commands,
    '"handoverId" text, sequence integer, kind text, "messageId" text, payload jsonb',
    (r) => `INSERT INTO command (handover_id, sequence, kind, message_id, payload)
      SELECT "handoverId", sequence, kind, "messageId", payload FROM ${r} ${IF_OK}`,
  );
}

/** A lane that somebody holds or that waits for its next try stays as it is and only gets longer. */
function addLanes(statement: Statement, lanes: (TakenLane & { owner: string | null })[]): void {
  statement.rows(
    'laned',
    lanes,
    '"handoverId" text, direction text, target text, bot text, done integer, last integer, owner uuid',
    (r) => `INSERT INTO lane AS l (handover_id, direction, target, bot, done, last, owner)
      SELECT r."handoverId", r.direction, r.target, r.bot, r.done, r.last, r.owner FROM ${r} ${IF_OK}
        AND (r.direction = 'provider' OR EXISTS (SELECT 1 FROM bot b WHERE b.name = r.target AND b.callback_url IS NOT NULL))
        ${statement.has('lane_locks') ? `AND ${LANES_ARE_LOCKED}` : ''}
      ORDER BY r."handoverId" COLLATE "C", r.direction COLLATE "C"
      ON CONFLICT (handover_id, direction) DO UPDATE SET last = greatest(l.last, excluded.last)
      RETURNING handover_id, direction, xmax = 0 AS is_new`,
  );
}

/** The lanes that a unit's events and commands open, where there were none. */
function lanesOf({ handover, events, commands }: HandoverUnit): TakenLane[] {
  const { id, bot, provider, eventSequence, commandSequence } = handover;
  const lanes: TakenLane[] = [];
  if (events.length > 0) lanes.push(untried(id, 'bot', bot, bot, events.length, eventSequence));
  if (commands.length > 0) lanes.push(untried(id, 'provider', provider, bot, commands.length, commandSequence));
  return lanes;
}

function untried(
  handoverId: string,
  direction: TakenLane['direction'],
  target: string,
  bot: string,
  count: number,
  last: number,
): TakenLane {
  const done = last - count;
  return { handoverId, direction, target, bot, done, last, attempts: 0, uncertain: false, resend: false };
}

function addRecords(statement: Statement, units: HandoverUnit[]): void {
  const verdicts = units.flatMap(({ handover, verdicts: all }) =>
    all.map(({ id, status, reason }): JsonRow => ({ id, status, reason, handoverId: handover.id })),
  );
  statement.rows(
    'verdicts',
    verdicts,
    'id bigint, "handoverId" text, status text, reason text',
    (r) => `UPDATE inbox i SET status = r.status, reason = r.reason, handover_id = r."handoverId" FROM ${r}
      ${IF_OK} AND i.id = r.id AND i.status IN ('pending', 'parked')`,
  );
  const arrivals = units.flatMap(({ handover, arrivals: all }) =>
    all.map(({ entry, status, reason }): JsonRow => {
      const { source, key, type, providers, tenant, conversationId } = entry;
      const body = entry.body.toString('base64');
      return { handoverId: handover.id, source, key, type, providers, tenant, conversationId, body, status, reason };
    }),
  );
  statement.rows(
    'arrivals',
    arrivals,
    `"handoverId" text, source text, key text, type text, providers text[], tenant text, "conversationId" text, body text,
     status text, reason text`,
    (r) => `INSERT INTO inbox (source, key, type, providers, tenant, conversation_id, body, status, reason, handover_id)
      SELECT source, key, type, providers, tenant, "conversationId", decode(body, 'base64'), status, reason, "handoverId"
      FROM ${r} ${IF_OK}`,
  );
  const answers = units.flatMap(({ handover, answers: all }) =>
    all.map(({ key, answer }): JsonRow => ({ ...key, answer, handoverId: handover.id })),
  );
  // Fails where the key is there already: two replicas had the same request at the same moment, and the second looks again.
  statement.rows(
    'answers',
    answers,
    'bot text, scope text, key text, fingerprint text, answer json, "handoverId" text',
    (r) => `INSERT INTO idempotency_key (bot, scope, key, fingerprint, answer)
      SELECT bot, scope, key, fingerprint, answer FROM ${r} ${IF_OK}`,
  );
}
