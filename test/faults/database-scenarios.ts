import { setTimeout as delay } from 'node:timers/promises';
import type { Replica } from './fleet.js';
import { isWebhook } from './ledger.js';
import { firstOf, isSend, isTold, isUnderWay, untilReleased } from './meetings.js';
import { provoked, texts, type Scenario } from './play.js';
import type { Stage } from './stage.js';
import type { Talk } from './talk.js';
import type { WireFault } from './wire.js';

/** How far the database's clock is set forward at a time: further than a replica may be silent. Seconds. */
const STEP_S = 10;
/** A call that waits for a lock is answered before. Milliseconds. */
const REFUSED_WITHIN_MS = 15_000;

/** Lets a test set the clock of one database forward: what asks for `now()` finds this one first. */
export const SETTABLE_CLOCK = [
  `CREATE SEQUENCE clock_ahead MINVALUE 0 START 0`,
  `CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE
   AS $$ SELECT pg_catalog.now() + (SELECT last_value FROM public.clock_ahead) * interval '1 s' $$`,
  ofThisDatabase('search_path = public, pg_catalog'),
];

/** Long enough for a test to close the circle before the server notices. */
export const SLOW_TO_SEE_DEADLOCKS = [ofThisDatabase(`deadlock_timeout = '2s'`)];

/**
 * The database's clock is set forward again and again, so that every sign of life looks old at once, while an event is under way to the bot.
 * All replicas live.
 */
export const clockStepped: Scenario = async (stage, talk) => {
  await talk.begin();
  const { held, release } = untilReleased();
  stage.callback.decide = firstOf(isTold, held);
  await talk.agentSays('answer 1');
  await talk.wait('the event', () => isUnderWay(stage.callback, held));
  const signs = new Map<string, Set<string>>();
  let ahead = 0;
  // Each has read what the others said before a step and not after it.
  await talk.wait('three signs of life of each replica', async () => {
    ahead += STEP_S;
    const sql = `SELECT id, xmin::text AS sign, setval('public.clock_ahead', ${ahead}) FROM replica`;
    for (const { id, sign } of await stage.cluster.query<{ id: string; sign: string }>(sql, stage.database))
      signs.set(id, (signs.get(id) ?? new Set()).add(sign));
    return [...signs.values()].every(({ size }) => size >= 3);
  });
  provoked(isUnderWay(stage.callback, held), 'the event was no longer under way');
  release();
  await talk.agentSays('answer 2');
  await talk.leave();
  await talk.settled();
};

/**
 * 8x8 took a message and said 500, and just then nobody can store that this is unknown: somebody holds a lock. Then the replica is updated.
 */
export const outcomeNotStored: Scenario = async (stage, talk) => {
  await talk.begin();
  const { held, release } = untilReleased();
  const unknown: WireFault = { kind: 'status', status: 500, when: 'after', until: held.until };
  stage.vendor.decide = firstOf(isSend, unknown);
  await talk.say('question');
  await talk.wait('the call', () => isUnderWay(stage.vendor, unknown));
  const locker = await lock(stage, laneOf(talk));
  release();
  const isGivenUp = (line: string): boolean => line.includes('lane interrupted') && line.includes(talk.handoverId);
  const caller = (): Replica | undefined => stage.fleet.replicas.find(({ log }) => log.some(isGivenUp));
  await talk.wait('the end of the try to store it', () => caller() !== undefined);
  await locker.end();
  const lane = await talk.lane('provider');
  provoked(lane !== null && lane.owner !== null && !lane.uncertain, 'it is known what came of the call');
  await caller()!.retire();
  await caller()!.start();
  await talk.say('another question');
  await talk.leave();
  await talk.settled();
};

/** A message waits for what somebody else has locked, who then wants what it has. PostgreSQL ends one of the two: the message. */
export const deadlocked: Scenario = async (stage, talk) => {
  await talk.begin();
  talk.mayBeRefused = false;
  const { held, release } = untilReleased();
  stage.vendor.decide = firstOf(isSend, held);
  await talk.say('question 1');
  await talk.wait('the call', () => isUnderWay(stage.vendor, held));
  const before = await deadlocks(stage);
  const locker = await lock(stage, laneOf(talk));
  await locker.query(`SET deadlock_timeout = '1min'`);
  const saying = talk.say('question 2');
  await talk.wait('the message to wait for the lock', () => waits(stage));
  await locker.query(`SELECT 1 FROM handover WHERE id = '${talk.handoverId}' FOR UPDATE`);
  await locker.end();
  await saying;
  release();
  await talk.wait('the deadlock to be counted', async () => (await deadlocks(stage)) > before);
  await talk.leave();
  await talk.settled();
};

/**
 * An asynchronous standby takes over that lacks the last commits. Nobody was told of those: all that was lost comes again. But a replica
 * remembers it.
 */
export const commitsLost: Scenario = async (stage, talk) => {
  await talk.begin();
  // What is lost waits in memory behind what is not.
  const { held, release } = untilReleased();
  stage.callback.decide = firstOf(isTold, held);
  await talk.agentSays('kept');
  await talk.webhooksAnswered();
  await talk.wait('the event', () => isUnderWay(stage.callback, held));
  await stage.cluster.copy();
  stage.fleet.front.decide = (exchange) => (isWebhook(exchange) ? { kind: 'reset', when: 'after' } : null);
  await talk.agentSays('told again');
  const isTaken = ({ body, effect }: { body: string; effect: number | null }): boolean =>
    body.includes('told again') && effect === 204;
  await talk.wait('the next event to be stored', () => stage.fleet.front.exchanges.some(isTaken));
  stage.fleet.front.decide = (exchange) => (isWebhook(exchange) ? { kind: 'reset', when: 'before' } : null);
  await stage.disturb('kill', 'a standby takes over', () => stage.cluster.failOver());
  stage.fleet.front.decide = () => null;
  await talk.webhooksAnswered();
  provoked(isUnderWay(stage.callback, held), 'the event before it was no longer under way');
  release();
  await talk.say('question');
  await talk.leave();
  await talk.settled();
};

/** Somebody locks a handover for a long time. Others go on, and what was refused was not stored: neither now nor later. */
export function handoverLocked(ms: number): Scenario {
  return async (stage, talk) => {
    const other = talk.beside('free');
    await Promise.all([talk.begin(), other.begin()]);
    const locker = await lock(stage, `SELECT 1 FROM handover WHERE id = '${talk.handoverId}'`);
    const gone = new AbortController();
    const isOver = delay(ms, undefined, { signal: gone.signal });
    try {
      await Promise.race([isOver, liveBeside(stage, talk, other)]);
      provoked(other.events().includes('handover.completed'), 'the other handover waited for the lock');
      await isOver;
    } finally {
      gone.abort();
      await locker.end();
    }
    await talk.say('question');
    await talk.agentSays('last answer');
    await talk.leave();
    await talk.settled();
  };
}

/** A message to what is locked is refused, and its bot leaves it at that; an answer waits; and the other handover is lived to its end. */
async function liveBeside(stage: Stage, talk: Talk, other: Talk): Promise<void> {
  const path = `/v1/handovers/${talk.handoverId}/messages`;
  const refused = await stage.call('POST', path, { text: 'refused' }, 'refused', REFUSED_WITHIN_MS);
  provoked(refused?.status === 503, 'the message was not refused');
  await talk.agentSays('answer');
  for (const text of texts('question', 5)) await other.say(text);
  for (const text of texts('answer', 5)) await other.agentSays(text);
  await other.leave();
  await other.settled();
}

/** Locks rows and keeps them locked until its session ends. */
async function lock({ cluster, database }: Stage, rows: string): ReturnType<Stage['cluster']['session']> {
  const locker = await cluster.session(database);
  await locker.query('BEGIN');
  await locker.query(`${rows} FOR UPDATE`);
  return locker;
}

function laneOf({ handoverId }: Talk): string {
  return `SELECT 1 FROM lane WHERE direction = 'provider' AND handover_id = '${handoverId}'`;
}

async function waits({ cluster, database }: Stage): Promise<boolean> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return (await cluster.query(sql, database)).length > 0;
}

async function deadlocks({ cluster, database }: Stage): Promise<number> {
  const sql = 'SELECT deadlocks::int AS count FROM pg_stat_database WHERE datname = current_database()';
  const [row] = await cluster.query<{ count: number }>(sql, database);
  return row!.count;
}

/** For all sessions to come. */
function ofThisDatabase(setting: string): string {
  return `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET ${setting.replaceAll("'", "''")}', current_database()); END $$`;
}
