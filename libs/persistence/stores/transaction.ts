import {
  HandoverUnit,
  Refusal,
  type Answer,
  type Clock,
  type Committed,
  type Handover,
  type IdempotencyKey,
  type InboxLane,
  type InboxRow,
  type InboxTransaction,
  type Message,
} from '#core';
import type { EntityManager } from 'typeorm';
import { EventEntity, HandoverEntity, MessageEntity } from '../entities/index.js';

/** How long a key answers the same request the same way. */
const KEY_LIFETIME = '24 hours';

/** One database transaction, in the words of the core. */
export class PgTransaction implements InboxTransaction {
  /** What has to be woken up once this is committed. */
  readonly committed: Committed[] = [];

  constructor(
    private readonly manager: EntityManager,
    private readonly clock: Clock,
  ) {}

  async create(unit: HandoverUnit): Promise<void> {
    const { bot, sessionId } = unit.handover;
    const [open] = await this.manager.query<{ id: string }[]>(
      `SELECT id FROM handover WHERE bot = $1 AND session_id = $2 AND status IN ('requested', 'queued', 'active')`,
      [bot, sessionId],
    );
    if (open) throw sessionOccupied(open.id);
    await this.manager.insert(HandoverEntity, row(unit));
    await this.store(unit);
  }

  async change<T>(id: string, work: (unit: HandoverUnit) => T | Promise<T>): Promise<T | null> {
    const found = await this.manager.findOne(HandoverEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (!found) return null;
    const { wakeAt: _, ...handover } = found;
    const unit = new HandoverUnit(handover as Handover, this.clock.now());
    const result = await work(unit);
    await this.manager.update(HandoverEntity, { id }, row(unit));
    await this.store(unit, { isBound: found.conversationId === null && unit.handover.conversationId !== null });
    return result;
  }

  message(id: string): Promise<Message | null> {
    return this.manager.findOneBy(MessageEntity, { id });
  }

  async earlierAnswer(key: IdempotencyKey): Promise<Answer | null> {
    // The insert waits for a transaction that holds the same key: two requests at the same moment run one after the other.
    const inserted = await this.manager.query<unknown[]>(
      `INSERT INTO idempotency_key (bot, scope, key, fingerprint) VALUES ($1, $2, $3, $4)
       ON CONFLICT (bot, scope, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = NULL, created_at = now()
         WHERE idempotency_key.created_at < now() - interval '${KEY_LIFETIME}'
       RETURNING key`,
      [key.bot, key.scope, key.key, key.fingerprint],
    );
    if (inserted.length > 0) return null;
    const [earlier] = await this.manager.query<{ fingerprint: string; answer: Answer }[]>(
      `SELECT fingerprint, answer FROM idempotency_key WHERE bot = $1 AND scope = $2 AND key = $3`,
      [key.bot, key.scope, key.key],
    );
    if (earlier!.fingerprint !== key.fingerprint) {
      throw new Refusal(
        'key_reused',
        'This Idempotency-Key was used with another request. Use a new key for a new request.',
      );
    }
    return earlier!.answer;
  }

  async rememberAnswer(key: IdempotencyKey, answer: Answer): Promise<void> {
    await this.manager.query(`UPDATE idempotency_key SET answer = $4 WHERE bot = $1 AND scope = $2 AND key = $3`, [
      key.bot,
      key.scope,
      key.key,
      JSON.stringify(answer),
    ]);
  }

  async settleItem(id: string, status: 'done' | 'failed', error: string | null): Promise<boolean> {
    const [, affected] = await this.manager.query<[unknown, number]>(
      `UPDATE outbox SET status = $2, last_error = $3, attempts = attempts + 1, settled_at = now() WHERE id = $1 AND status = 'pending'`,
      [id, status, error],
    );
    return affected > 0;
  }

  async openRows({ source, conversationId }: InboxLane): Promise<InboxRow[]> {
    // Locked: another replica that found the same rows waits here, and no longer finds those that were settled meanwhile.
    return this.manager.query<InboxRow[]>(
      `SELECT id, source, key, type, providers, tenant, conversation_id AS "conversationId", handover_hint AS "handoverHint",
              body, received_at AS "receivedAt"
       FROM inbox WHERE source = $1 AND conversation_id = $2 AND status IN ('pending', 'parked') ORDER BY id LIMIT 500 FOR UPDATE`,
      [source, conversationId],
    );
  }

  async findHandover(
    providers: string[],
    conversationId: string,
    hints: string[],
  ): Promise<{ id: string; provider: string } | null> {
    const [found] = await this.manager.query<{ id: string; provider: string }[]>(
      `SELECT id, provider FROM handover WHERE provider = ANY($1) AND conversation_id = $2
       UNION ALL
       SELECT id, provider FROM handover WHERE provider = ANY($1) AND conversation_id IS NULL AND id = ANY($3)
       LIMIT 1`,
      [providers, conversationId, hints],
    );
    return found ?? null;
  }

  async hasUnbound(providers: string[]): Promise<boolean> {
    const rows = await this.manager.query<unknown[]>(
      `SELECT 1 FROM handover h WHERE provider = ANY($1) AND conversation_id IS NULL
         AND EXISTS (SELECT 1 FROM outbox o WHERE o.handover_id = h.id AND direction = 'provider' AND kind = 'start' AND o.status = 'pending')
       LIMIT 1`,
      [providers],
    );
    return rows.length > 0;
  }

  async settleRow(
    id: string,
    status: 'parked' | 'applied' | 'ignored' | 'dead',
    reason: string | null,
    handoverId: string | null,
  ): Promise<void> {
    await this.manager.query(`UPDATE inbox SET status = $2, reason = $3, handover_id = $4 WHERE id = $1`, [
      id,
      status,
      reason,
      handoverId,
    ]);
  }

  /** Messages, events and commands of a changed handover, and the outbox items they amount to. */
  private async store(unit: HandoverUnit, { isBound = false } = {}): Promise<void> {
    const { handover, messages, events, commands } = unit;
    if (messages.length > 0) await this.manager.insert(MessageEntity, messages as never[]);
    for (const { ids, status, error } of unit.messageStatuses) await this.setStatus(unit, ids, status, error);
    if (events.length > 0) {
      await this.manager.insert(EventEntity, events);
      await this.queueEvents(handover, events);
    }
    for (const command of commands) {
      await this.manager.query(
        `INSERT INTO outbox (handover_id, direction, kind, message_id, payload) VALUES ($1, 'provider', $2, $3, $4)`,
        [handover.id, command.kind, command.messageId ?? null, command.payload ?? null],
      );
    }
    this.committed.push({
      handoverId: handover.id,
      provider: handover.provider,
      hasEvents: events.length > 0,
      hasCommands: commands.length > 0,
      isBound,
      wakeAt: unit.wakeAt,
    });
  }

  private async setStatus(
    unit: HandoverUnit,
    ids: string[] | 'transcript' | 'pending',
    status: string,
    error: string | null,
  ): Promise<void> {
    const { id, transcriptLength } = unit.handover;
    const [which, value] =
      ids === 'transcript'
        ? ['sequence <= $4', transcriptLength]
        : ids === 'pending'
          ? ['$4::int IS NULL', null]
          : ['id = ANY($4)', ids];
    await this.manager.query(
      `UPDATE message SET status = $2, error = $3 WHERE handover_id = $1 AND status = 'pending' AND ${which}`,
      [id, status, error, value],
    );
  }

  /** A bot without a callback reads the stream; one whose callback is gone for good gets failed deliveries that can be sent again. */
  private async queueEvents(handover: Handover, events: { sequence: number }[]): Promise<void> {
    await this.manager.query(
      `INSERT INTO outbox (handover_id, direction, kind, event_sequence, status, last_error, settled_at)
       SELECT $1, 'bot', 'event', s,
              CASE WHEN b.gone_url = b.callback_url THEN 'failed' ELSE 'pending' END,
              CASE WHEN b.gone_url = b.callback_url THEN 'The callback URL answered 410 Gone.' END,
              CASE WHEN b.gone_url = b.callback_url THEN now() END
       FROM bot b, unnest($3::int[]) AS s WHERE b.name = $2 AND b.callback_url IS NOT NULL ORDER BY s`,
      [handover.id, handover.bot, events.map(({ sequence }) => sequence)],
    );
  }
}

export function sessionOccupied(handoverId: string): Refusal {
  return new Refusal('conflict', 'This session has an open handover already. Close it first, or go on with it.', [], {
    handoverId,
  });
}

function row(unit: HandoverUnit): never {
  return { ...unit.handover, wakeAt: unit.wakeAt } as never;
}
