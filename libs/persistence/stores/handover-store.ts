import {
  HANDOVER_STATUSES,
  type Clock,
  type Handover,
  type HandoverFilter,
  type HandoverStore,
  type InboxTransaction,
  type Message,
  type Page,
  type PageRequest,
  type StoredEvent,
  type TimerStore,
  type Wakeups,
} from '#core';
import { In, LessThan, MoreThan, QueryFailedError, type DataSource } from 'typeorm';
import { EventEntity, HandoverEntity, MessageEntity } from '../entities/index.js';
import { PgTransaction, sessionOccupied } from './transaction.js';

const OPEN = HANDOVER_STATUSES.slice(0, 3);

/** Handovers, their messages and events in PostgreSQL. */
export class PgHandoverStore implements HandoverStore, TimerStore {
  constructor(
    private readonly source: DataSource,
    private readonly clock: Clock,
    private readonly wakeups: Wakeups,
  ) {}

  get(id: string): Promise<Handover | null> {
    return this.source.manager.findOneBy(HandoverEntity, { id });
  }

  async list(filter: HandoverFilter, { limit, cursor }: PageRequest): Promise<Page<Handover>> {
    const rows = await this.source.manager.find(HandoverEntity, {
      where: { ...filter, ...(cursor ? { id: LessThan(cursor) } : {}) },
      order: { id: 'DESC' },
      take: limit + 1,
    });
    return page<Handover>(rows, limit, ({ id }) => id);
  }

  async messages(handoverId: string, { limit, cursor }: PageRequest): Promise<Page<Message>> {
    const rows = await this.source.manager.find(MessageEntity, {
      where: { handoverId, ...(cursor ? { sequence: MoreThan(Number(cursor)) } : {}) },
      order: { sequence: 'ASC' },
      take: limit + 1,
    });
    return page<Message>(rows, limit, ({ sequence }) => String(sequence));
  }

  events(handoverId: string, afterSequence: number, limit: number): Promise<StoredEvent[]> {
    return this.source.manager.find(EventEntity, {
      where: { handoverId, sequence: MoreThan(afterSequence) },
      order: { sequence: 'ASC' },
      take: limit,
    });
  }

  async findOpen(bot: string, sessionId: string): Promise<string | null> {
    const found = await this.source.manager.findOne(HandoverEntity, {
      select: { id: true },
      where: { bot, sessionId, status: In(OPEN) },
    });
    return found?.id ?? null;
  }

  async due(limit: number): Promise<string[]> {
    const rows = await this.source.query<{ id: string }[]>(
      // What has arrived already is applied before a timer may call it missing.
      `SELECT id FROM handover h WHERE wake_at <= $1
         AND NOT EXISTS (SELECT 1 FROM inbox i WHERE i.conversation_id = h.conversation_id AND i.status = 'pending')
       ORDER BY wake_at LIMIT $2`,
      [this.clock.now(), limit],
    );
    return rows.map(({ id }) => id);
  }

  async transaction<T>(work: (tx: InboxTransaction) => Promise<T>): Promise<T> {
    const committed: PgTransaction['committed'] = [];
    try {
      const result = await this.source.transaction(async (manager) => {
        const tx = new PgTransaction(manager, this.clock);
        const outcome = await work(tx);
        committed.push(...tx.committed);
        return outcome;
      });
      for (const change of committed) this.wakeups.committed(change);
      return result;
    } catch (error) {
      throw await this.explain(error);
    }
  }

  /** Two starts of one session at the same moment both pass the check; the unique index stops the second. */
  private async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof QueryFailedError)) return error;
    const { constraint, detail } = error.driverError as { constraint?: string; detail?: string };
    if (constraint !== 'handover_open_session') return error;
    const [, bot, session] = /=\((.*?), (.*)\) already exists/s.exec(detail ?? '') ?? [];
    const open = bot === undefined || session === undefined ? null : await this.findOpen(bot, session);
    return sessionOccupied(open ?? '');
  }
}

function page<T>(rows: T[], limit: number, cursorOf: (row: T) => string): Page<T> {
  const data = rows.slice(0, limit);
  return { data, next: rows.length > limit ? cursorOf(data.at(-1)!) : null };
}
