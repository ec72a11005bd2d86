import {
  HANDOVER_STATUSES,
  type Answer,
  type Change,
  type Clock,
  type ConversationFilter,
  type Cost,
  type DueHandover,
  type Handover,
  type HandoverFilter,
  type HandoverStore,
  type HandoverUnit,
  type IdempotencyKey,
  type Message,
  type NewestOf,
  type Page,
  type PageRequest,
  type StoredEvent,
  type TakenLane,
  type TimerStore,
  type UnitQuery,
  type Wakeups,
} from '#core';
import type { DataSource } from 'typeorm';
import { MessageEntity } from '../entities/index.js';
import { query } from '../statement.js';
import { Changes, sessionOccupied } from './changes.js';
import { commitApart } from './commit-apart.js';
import { filteredIds, type IdFilter } from './filtered.js';
import { UnitCache } from './unit-cache.js';
import { HANDOVER_COLUMNS, unitOf, type HandoverRow } from './unit-rows.js';
import {
  EVENTS_AFTER,
  handoversOf,
  MESSAGES_AFTER,
  MESSAGES_UP_TO,
  pageWithinBytes,
  withinBytes,
} from './within-bytes.js';

const LISTED = handoversOf(HANDOVER_COLUMNS);

const OPEN = `('${HANDOVER_STATUSES.slice(0, 3).join("', '")}')`;
/** Of all that shared a conversation of the contact centre's, those that still matter. */
const IS_OPEN_OR_OWN = `(incoming IS NULL OR status IN ${OPEN} OR status IN ('open', 'handed_over'))`;
/** What the gateway changes by itself: outcomes, timers, comparisons. */
const OWN: Cost = { owner: 'operator', bytes: 0 };

/** Handovers, their messages and events in PostgreSQL. */
export class PgHandoverStore implements HandoverStore, TimerStore {
  private readonly changes: Changes;
  private readonly cache = new UnitCache();

  constructor(
    private readonly source: DataSource,
    private readonly clock: Clock,
    private readonly wakeups: Wakeups,
  ) {
    this.changes = new Changes(source, this);
  }

  async get(id: string): Promise<Handover | null> {
    const [unit] = await this.read('id', [id], this.clock.now());
    return unit?.handover ?? null;
  }

  // Ids say what a row is, which an index over them answers: `ho_` a handover, `cv_` a conversation.
  list(filter: HandoverFilter, { limit, cursor }: PageRequest): Promise<Page<Handover>> {
    return this.filtered(filter, { from: 'ho_', to: cursor ?? 'hp', limit });
  }

  conversations(filter: ConversationFilter, { limit, cursor }: PageRequest): Promise<Page<Handover>> {
    return this.filtered(filter, { from: 'cv_', to: cursor ?? 'cw', limit });
  }

  async lastIncoming(provider: string, conversationId: string): Promise<Handover | null> {
    const [row] = await query<HandoverRow>(
      this.source,
      'last incoming',
      // Ordered by what has no index, so that the planner looks up the conversation and does not walk along all ids.
      `SELECT ${HANDOVER_COLUMNS} FROM handover WHERE conversation_id = $1 AND provider = $2 AND incoming->>'id' = id
       ORDER BY created_at DESC LIMIT 1`,
      [conversationId, provider],
    );
    return row ? unitOf(row, this.clock.now()).handover : null;
  }

  messages(handoverId: string, { limit, cursor }: PageRequest): Promise<Page<Message>> {
    const values = [handoverId, Number(cursor ?? 0), limit + 1];
    return pageWithinBytes<Message>(this.source, MESSAGES_AFTER, limit, values, sequenceOf);
  }

  async messagesUpTo(handoverId: string, sequence: number, limit: number): Promise<Message[]> {
    const values = [handoverId, sequence, limit];
    return (await withinBytes<Message>(this.source, MESSAGES_UP_TO, limit, values)).rows.reverse();
  }

  events(handoverId: string, afterSequence: number, limit: number): Promise<Page<StoredEvent>> {
    const values = [handoverId, afterSequence, limit + 1];
    return pageWithinBytes<StoredEvent>(this.source, EVENTS_AFTER, limit, values, sequenceOf);
  }

  async newestOf(ids: string[]): Promise<NewestOf[]> {
    return query<NewestOf>(
      this.source,
      'newest of streams',
      `SELECT h.id, h.event_sequence AS "eventSequence", h.version,
         (SELECT count(*)::text || ' ' || coalesce(max(t.revision), 0)::text FROM copilot_tile t WHERE t.handover_id = h.id) AS tiles
       FROM handover h WHERE h.id = ANY($1::text[])`,
      [ids],
    );
  }

  message(id: string): Promise<Message | null> {
    return this.source.manager.findOneBy(MessageEntity, { id });
  }

  async due(providers: string[], limit: number): Promise<DueHandover[]> {
    const rows = await query<{ id: string; messageSequence: number; sequence: number | null; at: Date }>(
      this.source,
      'due',
      // What has arrived already is applied before a timer may call it missing. The LIMITs keep the look-ups from becoming joins.
      `SELECT h.id, h.message_sequence AS "messageSequence", said.sequence, said.at FROM handover h
       LEFT JOIN LATERAL (
         SELECT m.sequence, m.at FROM message m
         WHERE m.handover_id = h.id AND m.sequence > h.transcript_length AND m.author->>'type' = 'user'
         ORDER BY m.sequence DESC LIMIT 1
       ) said ON true
       WHERE h.wake_at <= $1 AND h.provider = ANY($2::text[])
         AND (SELECT count(*) FROM (SELECT 1 FROM inbox i WHERE i.conversation_id = h.conversation_id
           AND i.status = 'pending' LIMIT 1) open) = 0
       ORDER BY h.wake_at LIMIT $3`,
      [this.clock.now(), providers, limit],
    );
    return rows.map(({ id, messageSequence, sequence, at }) => ({
      id,
      mark: { messageSequence, user: sequence === null ? null : { sequence, at } },
    }));
  }

  change<T>(handoverId: string, work: Change<T>['work'], { anew = false, cost = OWN } = {}): Promise<T | null> {
    return this.changes.submit({ kind: 'change', handoverId, key: null, work, anew, cost });
  }

  answer(
    handoverId: string,
    key: IdempotencyKey | null,
    work: Change<Answer>['work'],
    cost: Cost,
  ): Promise<Answer | null> {
    return this.changes.submit({ kind: 'change', handoverId, key, work, anew: false, cost });
  }

  answered(key: IdempotencyKey): Promise<Answer | null> {
    return this.changes.answered(key);
  }

  async create(
    key: IdempotencyKey | null,
    work: () => { unit: HandoverUnit; answer: Answer },
    cost: Cost,
  ): Promise<Answer> {
    try {
      return await this.changes.submit({ kind: 'create', key, work, cost });
    } catch (error) {
      const { constraint } = error as { constraint?: string };
      // Another replica started a handover in this session, or had the same key, at the same moment.
      if (constraint === 'idempotency_key_pkey') return this.changes.submit({ kind: 'create', key, work, cost });
      if (constraint !== 'handover_open_session') throw error;
      if (key) return this.changes.submit({ kind: 'create', key, work, cost });
      // Not read from the error: the server may speak any language.
      const { bot, sessionId } = work().unit.handover;
      const open = await this.openSessions([{ bot, sessionId }]);
      throw sessionOccupied(open.get(`${bot} ${sessionId}`) ?? '');
    }
  }

  async openSessions(sessions: { bot: string; sessionId: string }[]): Promise<Map<string, string>> {
    const rows = await query<{ id: string; bot: string; sessionId: string }>(
      this.source,
      'open sessions',
      `SELECT h.id, h.bot, h.session_id AS "sessionId" FROM unnest($1::text[], $2::text[]) AS s(bot, session_id)
       JOIN handover h ON h.bot = s.bot AND h.session_id = s.session_id AND h.status IN ${OPEN}`,
      [sessions.map(({ bot }) => bot), sessions.map(({ sessionId }) => sessionId)],
    );
    return new Map(rows.map(({ id, bot, sessionId }) => [`${bot} ${sessionId}`, id]));
  }

  async unitsOf(by: UnitQuery): Promise<HandoverUnit[]> {
    const now = this.clock.now();
    const [column, values] = by.ids ? ['id', by.ids] : ['conversation_id', by.conversationIds ?? []];
    const found =
      by.anew || !this.wakeups.isAlone
        ? []
        : values.flatMap((value) => this.known(column === 'id' ? { id: value } : { conversationId: value }, now));
    const known = new Set(found.map(({ handover }) => (column === 'id' ? handover.id : handover.conversationId)));
    const unknown = values.filter((value) => !known.has(value));
    return unknown.length === 0 ? found : [...found, ...(await this.read(column as 'id', unknown, now))];
  }

  async receive(conversationId: string, work: (unit: HandoverUnit) => boolean, cost: Cost): Promise<boolean> {
    try {
      return await this.changes.submit({ kind: 'receive', conversationId, key: null, work, cost });
    } catch (error) {
      // Somebody else stored the same event at the same moment.
      if ((error as { constraint?: string }).constraint === 'inbox_source_key_key') return false;
      throw error;
    }
  }

  private async filtered(
    filter: IdFilter,
    range: { from: string; to: string; limit: number },
  ): Promise<Page<Handover>> {
    const { data: ids, next } = await filteredIds(this.source, filter, range);
    if (ids.length === 0) return { data: [], next };
    // Ids are looked up before rows, of which only as many are read as fit on a page.
    const { rows } = await withinBytes<HandoverRow>(this.source, LISTED, range.limit, [ids]);
    const now = this.clock.now();
    const data = rows.map((row) => unitOf(row, now).handover);
    return { data, next: rows.length < ids.length ? (data.at(-1)?.id ?? next) : next };
  }

  private known(by: { id?: string; conversationId?: string }, now: Date): HandoverUnit[] {
    const unit = this.cache.take(by, now);
    return unit ? [unit] : [];
  }

  private async read(column: 'id' | 'conversation_id', values: string[], now: Date): Promise<HandoverUnit[]> {
    const rows = await query<HandoverRow>(
      this.source,
      `units by ${column}`,
      `SELECT ${HANDOVER_COLUMNS} FROM handover WHERE ${column} = ANY($1::text[])${column === 'id' ? '' : ` AND ${IS_OPEN_OR_OWN}`}`,
      [values],
    );
    const current = column === 'id' ? rows : withoutHandedOver(rows);
    return current.map((row) => unitOf(row, now));
  }

  /** Forgets what this replica remembers of handovers: the database has lost something of it. */
  forget(): void {
    this.cache.clear();
  }

  async commit(changed: HandoverUnit[]): Promise<Set<string>> {
    const units = changed.some(({ opened }) => opened.length > 0)
      ? changed.flatMap((unit) => [unit, ...unit.opened])
      : changed;
    const { taker } = this.wakeups;
    const takerOf = (lane: TakenLane): string | null => (this.wakeups.hasRoomFor(lane) ? taker : null);
    const { stale, opened, left, extended } = await commitApart(this.source, changed, takerOf).catch(
      (error: unknown) => {
        this.wakeups.unsure?.();
        throw error;
      },
    );
    const stored = stale.size === 0 ? units : units.filter(({ handover }) => !stale.has(handover.id));
    for (const unit of stored) this.cache.put(unit);
    this.wakeups.committed({ units: stored, taker, opened, left, extended });
    return stale;
  }
}

function sequenceOf({ sequence }: { sequence: number }): string {
  return String(sequence);
}

/** A conversation whose handover is open leaves its events to that. */
function withoutHandedOver(rows: HandoverRow[]): HandoverRow[] {
  const handedOver = new Set(rows.flatMap(({ id, incoming }) => (incoming && incoming.id !== id ? incoming.id : [])));
  return handedOver.size === 0 ? rows : rows.filter(({ id }) => !handedOver.has(id));
}
