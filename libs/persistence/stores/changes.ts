import {
  Refusal,
  type Answer,
  type Change,
  type Cost,
  type HandoverUnit,
  type IdempotencyKey,
  type UnitQuery,
} from '#core';
import type { DataSource } from 'typeorm';
import { isDatabaseAway } from '../away.js';
import { GroupCommit } from '../group-commit.js';
import { query } from '../statement.js';

/** How long a key answers the same request the same way. */
const KEY_LIFETIME = '24 hours';
/** Another replica can win a handover's row only so often before something else is wrong. */
const MAX_ROUNDS = 20;

export type Request =
  | {
      kind: 'change';
      handoverId: string;
      key: IdempotencyKey | null;
      work: Change<unknown>['work'];
      anew: boolean;
      cost: Cost;
    }
  | { kind: 'create'; key: IdempotencyKey | null; work: () => { unit: HandoverUnit; answer: Answer }; cost: Cost }
  | { kind: 'receive'; conversationId: string; key: null; work: (unit: HandoverUnit) => boolean; cost: Cost };

/** `again`: somebody else was faster, so it is worked out anew. */
type Result = { value: unknown } | { refusal: unknown } | 'again';

/** What the changes need of the store. */
export interface UnitStore {
  unitsOf(by: UnitQuery): Promise<HandoverUnit[]>;
  /** The open handover of each session, as `bot session` → id. */
  openSessions(sessions: { bot: string; sessionId: string }[]): Promise<Map<string, string>>;
  commit(units: HandoverUnit[]): Promise<Set<string>>;
}

type Answers = Map<string, { fingerprint: string; answer: Answer }>;

/** Changes asked for by requests, webhooks, outcomes and timers: read together, worked out in memory, committed together. */
export class Changes {
  private readonly group = new GroupCommit<Request, Result>((requests) => this.flush(requests), {
    keyOf: (request) =>
      request.kind === 'change'
        ? request.handoverId
        : request.kind === 'receive'
          ? request.conversationId
          : keyText(request.key),
    isTransient: isDatabaseAway,
    costOf: ({ cost }) => cost,
  });

  constructor(
    private readonly source: DataSource,
    private readonly store: UnitStore,
  ) {}

  async submit<T>(request: Request): Promise<T> {
    const result = await this.group.submit(request);
    if (result === 'again') throw new Refusal('unavailable', 'This handover is changed too often just now. Try again.');
    if ('refusal' in result) throw result.refusal;
    return result.value as T;
  }

  /** The answer that was given under a key. @throws {Refusal} `key_reused` */
  async answered(key: IdempotencyKey): Promise<Answer | null> {
    const earlier = (await this.earlierAnswers([key])).get(keyText(key));
    return earlier ? answerTo(earlier, key) : null;
  }

  private async flush(requests: Request[]): Promise<Result[]> {
    const results = requests.map((): Result => 'again');
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const open = [...requests.keys()].filter((index) => results[index] === 'again');
      if (open.length === 0) break;
      const asked = open.map((index) => requests[index]!);
      // What an earlier round has stored must not be done again because of what fails now.
      const isFirst = open.length === requests.length;
      const done = await (isFirst ? this.round(asked, round > 0) : this.roundApart(asked));
      open.forEach((index, position) => {
        // What was refused may be a repetition of what was done: then its earlier answer is given.
        const isAskedAgain = round === 0 && requests[index]!.key !== null && 'refusal' in Object(done[position]);
        results[index] = isAskedAgain ? 'again' : done[position]!;
      });
    }
    return results;
  }

  /** A round in which each request fails for itself. */
  private async roundApart(requests: Request[]): Promise<Result[]> {
    try {
      return await this.round(requests, true);
    } catch (error) {
      if (requests.length === 1) return [{ refusal: error }];
      const results: Result[] = [];
      for (const request of requests) results.push(...(await this.roundApart([request])));
      return results;
    }
  }

  /** A key that was used before is seen by the commit, and looked up then; only for what is created there is no row to see it by. */
  private async round(requests: Request[], isRepeated: boolean): Promise<Result[]> {
    const asking = isRepeated ? requests : requests.filter(({ kind }) => kind === 'create');
    const [answers, units] = await Promise.all([
      this.earlierAnswers(asking.flatMap(({ key }) => key ?? [])),
      this.read(requests),
    ]);
    const work = new Round(answers, units);
    const tried = requests.map((request) => work.try(request));
    await this.refuseOpenSessions(tried);
    const touched = new Set(tried.flatMap(({ unit, result }) => (unit && result !== 'again' ? [unit] : [])));
    const clean = [...touched].filter((unit) => !work.spoilt.has(unit));
    const stale = clean.length > 0 ? await this.store.commit(clean) : new Set<string>();
    return tried.map(({ unit, result }, index) => {
      if (!unit || !(stale.has(unit.handover.id) || work.spoilt.has(unit))) return result;
      // What cannot be applied as it comes goes the long way, through the inbox.
      return requests[index]!.kind === 'receive' ? { value: false } : 'again';
    });
  }

  /** The handovers in question, by their own ids and those of their conversations. */
  private async read(requests: Request[]): Promise<Map<string, HandoverUnit>> {
    const anew = requests.some((one) => one.kind === 'change' && one.anew);
    const ids = [...new Set(requests.flatMap((one) => (one.kind === 'change' ? one.handoverId : [])))];
    const conversationIds = [...new Set(requests.flatMap((one) => (one.kind === 'receive' ? one.conversationId : [])))];
    const [byId, byConversation] = await Promise.all([
      ids.length > 0 ? this.store.unitsOf({ ids, anew }) : [],
      conversationIds.length > 0 ? this.store.unitsOf({ conversationIds, anew }) : [],
    ]);
    const units = new Map(byId.map((unit) => [unit.handover.id, unit]));
    // One handover asked for in both ways is one unit.
    for (const unit of byConversation)
      units.set(conversationKey(unit.handover.conversationId!), units.get(unit.handover.id) ?? unit);
    return units;
  }

  private async refuseOpenSessions(tried: Tried[]): Promise<void> {
    const created = tried.filter(({ unit }) => unit?.isNew);
    if (created.length === 0) return;
    const open = await this.store.openSessions(created.map(({ unit }) => unit!.handover));
    for (const one of created) {
      const { bot, sessionId, id } = one.unit!.handover;
      const occupant = open.get(`${bot} ${sessionId}`);
      if (occupant === undefined) open.set(`${bot} ${sessionId}`, id);
      // Another request of the same key has the same handover.
      else if (occupant !== id) Object.assign(one, { unit: null, result: { refusal: sessionOccupied(occupant) } });
    }
  }

  /** Answers given before, by key; what is too old is forgotten. */
  private async earlierAnswers(keys: IdempotencyKey[]): Promise<Answers> {
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

/** A request with the unit that it changed, if any. */
interface Tried {
  unit: HandoverUnit | null;
  result: Result;
}

/** Works the requests of one round out, one after the other; those for one handover share its unit. */
class Round {
  /** Units that a request refused half-way through: whoever else changed them begins anew. */
  readonly spoilt = new Set<HandoverUnit>();
  /** By key: the units of requests that were answered in this round. Their answers hold only if the unit does. */
  private readonly answered = new Map<string, HandoverUnit>();

  constructor(
    private readonly answers: Answers,
    private readonly units: Map<string, HandoverUnit>,
  ) {}

  try(request: Request): Tried {
    const id =
      request.kind === 'change'
        ? request.handoverId
        : request.kind === 'receive'
          ? conversationKey(request.conversationId)
          : '';
    const known = this.units.get(id) ?? null;
    if (known && this.spoilt.has(known)) return { unit: known, result: 'again' };
    try {
      const earlier = request.key ? this.answers.get(keyText(request.key)) : undefined;
      if (earlier) {
        const unit = this.answered.get(keyText(request.key!)) ?? null;
        return { unit, result: { value: answerTo(earlier, request.key!) } };
      }
      const { unit, value } = run(request, known);
      if (unit && request.key) this.remember(unit, request.key, value as Answer);
      return { unit, result: { value } };
    } catch (refusal) {
      if (known) this.spoilt.add(known);
      return { unit: null, result: { refusal } };
    }
  }

  private remember(unit: HandoverUnit, key: IdempotencyKey, answer: Answer): void {
    unit.answers.push({ key, answer });
    this.answers.set(keyText(key), { fingerprint: key.fingerprint, answer });
    this.answered.set(keyText(key), unit);
  }
}

/** An event may call its conversation by the id of a handover. */
function conversationKey(conversationId: string): string {
  return `conversation ${conversationId}`;
}

function run(request: Request, known: HandoverUnit | null): { value: unknown; unit: HandoverUnit | null } {
  if (request.kind === 'create') {
    const { unit, answer } = request.work();
    return { value: answer, unit };
  }
  if (!known) return { value: request.kind === 'receive' ? false : null, unit: null };
  return { value: request.work(known), unit: known };
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
