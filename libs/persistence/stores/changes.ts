import { Refusal, type Answer, type Change, type HandoverUnit, type IdempotencyKey } from '#core';
import type { DataSource } from 'typeorm';
import { isDatabaseAway } from '../away.js';
import { GroupCommit } from '../group-commit.js';
import { query } from '../statement.js';

/** How long a key answers the same request the same way. */
const KEY_LIFETIME = '24 hours';
/** Another replica can win a handover's row only so often before something else is wrong. */
const MAX_ROUNDS = 20;

export type Request =
  | { kind: 'change'; handoverId: string; key: IdempotencyKey | null; work: Change<unknown>['work'] }
  | { kind: 'create'; key: IdempotencyKey | null; work: () => { unit: HandoverUnit; answer: Answer } };

type Result = { value: unknown } | { refusal: unknown };

/** What the changes need of the store. */
export interface UnitStore {
  unitsOf(by: { ids: string[] }): Promise<HandoverUnit[]>;
  /** The open handover of each session, as `bot session` → id. */
  openSessions(sessions: { bot: string; sessionId: string }[]): Promise<Map<string, string>>;
  commit(units: HandoverUnit[]): Promise<Set<string>>;
}

/** Changes asked for by requests, outcomes and timers: read together, worked out in memory, committed together. */
export class Changes {
  private readonly group = new GroupCommit<Request, Result>((requests) => this.flush(requests), {
    keyOf: (request) => (request.kind === 'change' ? request.handoverId : keyText(request.key)),
    isTransient: isDatabaseAway,
  });

  constructor(
    private readonly source: DataSource,
    private readonly store: UnitStore,
  ) {}

  async submit<T>(request: Request): Promise<T> {
    const result = await this.group.submit(request);
    if ('refusal' in result) throw result.refusal;
    return result.value as T;
  }

  private async flush(requests: Request[]): Promise<Result[]> {
    const results = new Array<Result | undefined>(requests.length);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const open = requests.flatMap((request, index) => (results[index] ? [] : [{ request, index }]));
      if (open.length === 0) return results as Result[];
      const done = await this.round(open.map(({ request }) => request));
      done.forEach((result, position) => (results[open[position]!.index] = result));
    }
    throw new Refusal('unavailable', 'This handover is being changed too often at the moment. Try again.');
  }

  /** Results of all requests; undefined for those that must look again because somebody else was faster. */
  private async round(requests: Request[]): Promise<(Result | undefined)[]> {
    const keys = requests.flatMap(({ key }) => key ?? []);
    const ids = [...new Set(requests.flatMap((one) => (one.kind === 'change' ? one.handoverId : [])))];
    const [answers, existing] = await Promise.all([
      this.earlierAnswers(keys),
      ids.length > 0 ? this.store.unitsOf({ ids }) : [],
    ]);
    const units = new Map(existing.map((unit) => [unit.handover.id, unit]));
    const touched = new Set<HandoverUnit>();
    const sources = new Map<number, HandoverUnit>();
    const results: Result[] = [];
    const spoilt = new Set<string>();
    for (const [index, request] of requests.entries()) {
      const unit = request.kind === 'change' ? units.get(request.handoverId) : undefined;
      // A refusal may have come half-way through a change, so whoever shares the unit starts from a fresh one.
      if (unit && spoilt.has(unit.handover.id)) continue;
      try {
        const earlier = request.key ? answers.get(keyText(request.key)) : undefined;
        if (earlier) {
          results[index] = { value: answerTo(earlier, request.key!) };
          continue;
        }
        const changed = run(request, unit);
        results[index] = { value: changed.value };
        if (!changed.unit) continue;
        if (request.key) {
          const answer = changed.value as Answer;
          changed.unit.answers.push({ key: request.key, answer });
          answers.set(keyText(request.key), { fingerprint: request.key.fingerprint, answer });
        }
        touched.add(changed.unit);
        sources.set(index, changed.unit);
      } catch (refusal) {
        results[index] = { refusal };
        if (unit) spoilt.add(unit.handover.id);
      }
    }
    await this.refuseOpenSessions(requests, results, sources, touched);
    const clean = [...touched].filter(({ handover }) => !spoilt.has(handover.id));
    const stale = clean.length > 0 ? await this.store.commit(clean) : new Set<string>();
    return requests.map((_, index) => {
      const unit = sources.get(index);
      return unit && (stale.has(unit.handover.id) || spoilt.has(unit.handover.id)) ? undefined : results[index];
    });
  }

  private async refuseOpenSessions(
    requests: Request[],
    results: Result[],
    sources: Map<number, HandoverUnit>,
    touched: Set<HandoverUnit>,
  ): Promise<void> {
    const created = requests.flatMap((request, index) =>
      request.kind === 'create' && sources.get(index) ? [index] : [],
    );
    if (created.length === 0) return;
    const open = await this.store.openSessions(created.map((index) => sources.get(index)!.handover));
    for (const index of created) {
      const unit = sources.get(index)!;
      const { bot, sessionId, id } = unit.handover;
      const occupant = open.get(`${bot} ${sessionId}`);
      if (occupant === undefined) open.set(`${bot} ${sessionId}`, id);
      else {
        results[index] = { refusal: sessionOccupied(occupant) };
        sources.delete(index);
        touched.delete(unit);
      }
    }
  }

  /** Answers given before, by key; what is too old is forgotten. */
  private async earlierAnswers(keys: IdempotencyKey[]): Promise<Map<string, { fingerprint: string; answer: Answer }>> {
    if (keys.length === 0) return new Map();
    const rows = await query<IdempotencyKey & { answer: Answer }>(
      this.source,
      'earlier answers',
      `WITH asked AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS a(bot, scope, key)),
            gone AS (DELETE FROM idempotency_key k USING asked a WHERE k.bot = a.bot AND k.scope = a.scope AND k.key = a.key
                       AND k.created_at < now() - interval '${KEY_LIFETIME}')
       SELECT k.bot, k.scope, k.key, k.fingerprint, k.answer FROM asked a
       JOIN idempotency_key k ON k.bot = a.bot AND k.scope = a.scope AND k.key = a.key
       WHERE k.created_at >= now() - interval '${KEY_LIFETIME}'`,
      [keys.map(({ bot }) => bot), keys.map(({ scope }) => scope), keys.map(({ key }) => key)],
    );
    return new Map(rows.map((row) => [keyText(row), row]));
  }
}

function run(request: Request, unit: HandoverUnit | undefined): { value: unknown; unit: HandoverUnit | null } {
  if (request.kind === 'create') {
    const created = request.work();
    return { value: created.answer, unit: created.unit };
  }
  if (!unit) return { value: null, unit: null };
  return { value: request.work(unit), unit };
}

function answerTo(earlier: { fingerprint: string; answer: Answer }, key: IdempotencyKey): Answer {
  if (earlier.fingerprint === key.fingerprint) return earlier.answer;
  throw new Refusal(
    'key_reused',
    'This Idempotency-Key was used with another request. Use a new key for a new request.',
  );
}

function keyText(key: IdempotencyKey | null): string {
  return key ? JSON.stringify([key.bot, key.scope, key.key]) : '';
}

export function sessionOccupied(handoverId: string): Refusal {
  return new Refusal('conflict', 'This session has an open handover already. Close it first, or go on with it.', [], {
    handoverId,
  });
}
