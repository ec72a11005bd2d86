import { setTimeout as delay } from 'node:timers/promises';
import { audit, type Finding, type Rule } from './auditor.js';
import type { Cluster } from './cluster.js';
import { gather } from './evidence.js';
import { isWebhook } from './ledger.js';
import { mutatedBuild } from './mutated-build.js';
import { MUTATIONS, type Mutation, type MutationName } from './mutations.js';
import { Random } from './random.js';
import { Stage } from './stage.js';
import { Talk } from './talk.js';
import { report } from './timeline.js';
import type { Exchange, WireFault } from './wire.js';

/** Long enough for another replica to notice, take over and be at work, and for any call to run out of time. Milliseconds. */
const PAUSE_MS = 20_000;
/** How long 8x8 and the bot take to answer, before and during the pause. Milliseconds. */
const BEFORE_PAUSE_MS = 2_000;
const MEANWHILE_MS = 800;
/** More messages than are sent while the pause lasts. */
const MANY = 30;

/** Plays one talk in which exactly one mechanism is needed. */
type Scenario = (stage: Stage, talk: Talk) => Promise<void>;

/** What came out of a scenario: the findings, and their timelines for people. */
export interface Outcome {
  findings: Finding[];
  text: string;
}

/** 8x8 delivers every event to both replicas at the same moment. */
export const deliveredTwice: Scenario = async (stage, talk) => {
  stage.fleet.front.twice = isWebhook;
  await talk.live({ userTexts: ['hello'], agentTexts: texts('answer', 5), window: 5, end: 'agent leaves' });
  stage.fleet.front.twice = () => false;
};

/** Much comes in at both replicas at the same moment, while some of what goes out is turned away. */
export const crowded: Scenario = async (stage, talk) => {
  const busy: WireFault = { kind: 'status', status: 503, when: 'before' };
  stage.vendor.decide = everyTenth(isSend, busy);
  stage.callback.decide = everyTenth(() => true, busy);
  const plan = { userTexts: texts('question', MANY), agentTexts: texts('answer', MANY) };
  await talk.live({ ...plan, window: MANY, end: 'agent leaves' });
};

/** A message in either direction is turned away once, while the next ones wait behind it. */
export const oneWaits: Scenario = async (stage, talk) => {
  await talk.start();
  await talk.join();
  await talk.wait('the agent', () => talk.events().includes('handover.active'));
  const isTold = ({ body }: Exchange): boolean => body.includes('message.created');
  const busy: WireFault = { kind: 'status', status: 429, retryAfter: 1, when: 'before' };
  let release = (): void => undefined;
  // The one before it is held until all others are there.
  const held: WireFault = { kind: 'held', until: new Promise((resolve) => (release = resolve)) };
  stage.vendor.decide = either(firstOf(isSend, held), firstOf(isSend, busy));
  stage.callback.decide = either(firstOf(isTold, held), firstOf(isTold, busy));
  for (const text of texts('question', 4)) await talk.say(text);
  for (const text of texts('answer', 4)) await talk.agentSays(text);
  await talk.webhooksAnswered();
  release();
  await talk.leave();
  await talk.settled();
};

/** 8x8 does as it is told, but its answers to the create and to the first message are lost, and no event tells of the conversation before. */
export const answersLost: Scenario = async (stage, talk) => {
  const lost: WireFault = { kind: 'reset', when: 'after' };
  stage.vendor.decide = either(firstOf(isCreate, lost), firstOf(isSend, lost));
  const created = stage.vendor.exchanges.length;
  stage.fleet.front.decide = (exchange) => {
    const lookedUp = stage.vendor.exchanges
      .slice(created)
      .filter(({ path }) => /\/conversations(\?|$)/.test(path)).length;
    return isWebhook(exchange) && lookedUp < 2 ? { kind: 'reset', when: 'before' } : null;
  };
  await talk.start();
  for (const text of ['the same', 'the same', 'another']) await talk.say(text);
  await talk.close();
  await talk.settled();
};

/**
 * A replica is paused in the middle of its work, another one takes over, and the first one wakes up while that is at work. All calls are
 * answered late, so that there is work left at every step.
 */
function paused(
  isTakenOver: typeof beyond,
  nap: (hasTakenOver: () => boolean, talk: Talk) => Promise<unknown>,
): Scenario {
  return async (stage, talk) => {
    const [sleeper, other] = stage.fleet.replicas;
    await other!.kill();
    await talk.start();
    await talk.join();
    await talk.wait('the agent', () => talk.events().includes('handover.active'));
    await talk.say('question 1');
    await talk.wait('the first message', () => talk.arrived() === 1);
    const meet = (fault: WireFault | null): void => {
      stage.vendor.decide = (exchange) => (isSend(exchange) ? fault : null);
      stage.callback.decide = () => fault;
    };
    meet({ kind: 'slow', ms: BEFORE_PAUSE_MS });
    await Promise.all([ask(talk), answer(talk)]);
    await other!.start();
    // The call that it has under way in its sleep is young, so that it has not run out of time when it wakes up soon.
    const arrived = talk.arrived();
    await talk.wait('the next call', () => talk.arrived() > arrived);
    const hasGoneOn = isTakenOver(talk, 1);
    await stage.disturb('pause', `${sleeper!.name} is paused`, async () => {
      sleeper!.pause();
      meet({ kind: 'slow', ms: MEANWHILE_MS });
      await nap(hasGoneOn, talk);
      provoked(hasGoneOn(), 'nobody took over');
      sleeper!.resume();
    });
    await talk.wait('more work', beyond(talk, 3));
    provoked(talk.arrived() < MANY && talk.received() < MANY, 'the work was done before the pause was over');
    meet(null);
    await talk.leave();
    await talk.settled();
  };
}

/** Its calls have run out of time when it wakes up. */
export const pausedForLong = paused(beyond, () => delay(PAUSE_MS));

/**
 * It wakes up with answers in its hands, and goes on at once if nothing keeps it from that. By then its events have been taken over; its
 * commands are not before all calls that it may have under way are over.
 */
export const pausedUntilTakenOver = paused(eventsBeyond, (hasTakenOver, talk) =>
  talk.wait('the takeover', hasTakenOver),
);

/**
 * A replica is robbed of what it works on while a call is under way: another one holds it for dead, as after a step of a clock, and goes on
 * from there. The first one has more of it in its hands when its call is answered.
 */
export const leaseStolen: Scenario = async (stage, talk) => {
  await talk.start();
  await talk.join();
  await talk.wait('the agent', () => talk.events().includes('handover.active'));
  const slow: WireFault = { kind: 'slow', ms: MEANWHILE_MS };
  const slowly = (exchange: Exchange): WireFault | null => (isSend(exchange) ? slow : null);
  stage.vendor.decide = slowly;
  await ask(talk);
  let release = (): void => undefined;
  const held: WireFault = { kind: 'held', until: new Promise((resolve) => (release = resolve)) };
  stage.vendor.decide = either(firstOf(isSend, held), slowly);
  const isUnderWay = (): boolean =>
    stage.vendor.exchanges.some(({ fault, effect }) => fault === held && effect !== null);
  await talk.wait('the next call', isUnderWay);
  const arrived = talk.arrived();
  const robbed = await ownerOf(stage, talk);
  provoked(robbed !== null, 'nobody has the lane');
  // Who is robbed may be the first to take it back.
  await talk.wait('the theft', async () => {
    const owner = await ownerOf(stage, talk);
    if (owner === robbed) await steal(stage, talk);
    return owner !== robbed && owner !== null;
  });
  await talk.wait('work of the thief', () => talk.arrived() > arrived);
  const isUnanswered = stage.vendor.exchanges.some(({ fault, doneAt }) => fault === held && doneAt === null);
  provoked(isUnanswered && talk.arrived() < MANY, 'the work was done before the lease was stolen');
  release();
  await talk.wait('more work', () => talk.arrived() > arrived + 3);
  stage.vendor.decide = () => null;
  await talk.leave();
  await talk.settled();
};

/** Which replica works on what goes to 8x8, by the name that it has in the database. */
async function ownerOf(stage: Stage, { handoverId }: Talk): Promise<string | null> {
  const sql = `SELECT owner FROM lane WHERE direction = 'provider' AND handover_id = '${handoverId}'`;
  const [row] = await stage.cluster.query<{ owner: string | null }>(sql, stage.database);
  return row?.owner ?? null;
}

async function steal(stage: Stage, { handoverId }: Talk): Promise<void> {
  const stolen = `UPDATE lane SET owner = NULL, uncertain = true, due_at = now()
    WHERE direction = 'provider' AND handover_id = '${handoverId}'`;
  await stage.cluster.query(stolen, stage.database);
}

async function ask(talk: Talk): Promise<void> {
  for (const text of texts('next question', MANY)) await talk.say(text);
}

async function answer(talk: Talk): Promise<void> {
  for (const text of texts('answer', MANY)) await talk.agentSays(text);
  await talk.webhooksAnswered();
}

/** Tells whether `count` further messages have arrived in both directions. */
function beyond(talk: Talk, count: number): () => boolean {
  const [arrived, brought] = [talk.arrived(), talk.brought()];
  return () => talk.arrived() >= arrived + count && talk.brought() >= brought + count;
}

function eventsBeyond(talk: Talk, count: number): () => boolean {
  const brought = talk.brought();
  return () => talk.brought() >= brought + count;
}

/** Plays scenarios one after the other on one stage and audits them. What does not happen within the limit becomes a finding. */
export async function play(
  cluster: Cluster,
  scenarios: Record<string, Scenario>,
  options: { mutation?: MutationName; replicas?: number; limitMs?: number } = {},
): Promise<Outcome> {
  const { mutation, replicas = 2, limitMs = 30_000 } = options;
  const mutant: Mutation | null = mutation ? MUTATIONS[mutation] : null;
  const build = mutant ? mutatedBuild(mutant) : null;
  const stage = await Stage.start(cluster, { replicas, root: build?.root, sql: mutant?.sql });
  try {
    const talks: Talk[] = [];
    for (const [name, scenario] of Object.entries(scenarios)) {
      const talk = new Talk(stage, name, new Random(talks.length), Date.now() + limitMs);
      talks.push(talk);
      await scenario(stage, talk).catch((error: Error) => talk.stuck.push(error.message));
      stage.vendor.decide = () => null;
      stage.callback.decide = () => null;
      stage.fleet.front.decide = () => null;
    }
    const evidence = await gather(stage, talks);
    const findings = audit(evidence);
    return { findings, text: report(findings, evidence) };
  } finally {
    await stage.stop();
    build?.remove();
  }
}

function texts(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${what} ${index + 1}`);
}

function isCreate({ method, path }: Exchange): boolean {
  return method === 'POST' && path.endsWith('/conversations');
}

function isSend({ method, path }: Exchange): boolean {
  return method === 'POST' && path.endsWith('/messages');
}

/** Spoils the first call of a kind and its next ones not. */
function firstOf(matches: (exchange: Exchange) => boolean, fault: WireFault): (exchange: Exchange) => WireFault | null {
  let met = false;
  return (exchange) => {
    if (met || !matches(exchange)) return null;
    met = true;
    return fault;
  };
}

/** Spoils the tenth call of a kind, the twentieth, and so on. */
function everyTenth(
  matches: (exchange: Exchange) => boolean,
  fault: WireFault,
): (exchange: Exchange) => WireFault | null {
  let count = 0;
  return (exchange) => (matches(exchange) && ++count % 10 === 0 ? fault : null);
}

function either(...deciders: ((exchange: Exchange) => WireFault | null)[]): (exchange: Exchange) => WireFault | null {
  return (exchange) => {
    for (const decide of deciders) {
      const fault = decide(exchange);
      if (fault) return fault;
    }
    return null;
  };
}

/** @throws {Error} when the scenario did not come to what it is for: then its result means nothing */
function provoked(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(`the scenario did not provoke what it is for: ${otherwise}`);
}

/** @throws {Error} with all that was seen, when the auditor has not found what had to happen */
export function mustFind({ findings, text }: Outcome, ...wanted: Rule[]): void {
  const found = findings.map(({ rule }) => rule);
  const missed = wanted.filter((rule) => !found.includes(rule));
  if (missed.length > 0) throw new Error(`the auditor did not find: ${missed.join(', ')}\n${text}`);
}
