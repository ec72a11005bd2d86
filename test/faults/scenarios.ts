import { setTimeout as delay } from 'node:timers/promises';
import { audit, type Finding } from './auditor.js';
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

/** How long a replica is paused: long enough for another one to notice, take over and be at work, in milliseconds. */
const PAUSE_MS = 15_000;
/** How long 8x8 and the bot take to answer meanwhile, in milliseconds. */
const SLOW_MS = 500;
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

/** The first message in either direction has to wait, and the next ones are there already. */
export const firstOneWaits: Scenario = async (stage, talk) => {
  await talk.start();
  await talk.join();
  await talk.wait('the agent', () => talk.events().includes('handover.active'));
  const busy: WireFault = { kind: 'status', status: 429, retryAfter: 1, when: 'before' };
  stage.vendor.decide = firstOf(isSend, busy);
  stage.callback.decide = firstOf(({ body }) => body.includes('message.created'), busy);
  for (const text of texts('question', 3)) await talk.say(text);
  for (const text of texts('answer', 3)) await talk.agentSays(text);
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
 * A replica is paused in the middle of its work, another one takes over, and the first one wakes up while that is at work. Before the pause
 * every call is left unanswered, so that all the work is still to be done however long it takes to get there.
 */
export const paused: Scenario = async (stage, talk) => {
  const [sleeper, other] = stage.fleet.replicas;
  await talk.start();
  await talk.join();
  await talk.wait('the agent', () => talk.events().includes('handover.active'));
  await talk.say('question 1');
  await talk.wait('the first message', () => talk.arrived() === 1);
  const hold = (fault: WireFault | null): void => {
    stage.vendor.decide = (exchange) => (isSend(exchange) ? fault : null);
    stage.callback.decide = () => fault;
  };
  let release = (): void => undefined;
  hold({ kind: 'held', until: new Promise((resolve) => (release = resolve)) });
  const ask = async (): Promise<void> => {
    for (const text of texts('next question', MANY)) await talk.say(text);
  };
  const answer = async (): Promise<void> => {
    for (const text of texts('answer', MANY)) await talk.agentSays(text);
    await talk.webhooksAnswered();
  };
  await Promise.all([ask(), answer()]);
  await other!.start();
  const before = [talk.arrived(), talk.received()] as const;
  await stage.disturb(`${sleeper!.name} is paused`, async () => {
    sleeper!.pause();
    hold({ kind: 'slow', ms: SLOW_MS });
    release();
    await delay(PAUSE_MS);
    provoked(talk.arrived() > before[0] + 2 && talk.received() > before[1] + 2, 'nobody took over');
    sleeper!.resume();
  });
  const after = [talk.arrived(), talk.received()] as const;
  await talk.wait('more work', () => talk.arrived() > after[0] + 3 && talk.received() > after[1] + 3);
  provoked(talk.arrived() < MANY && talk.received() < MANY, 'the work was done before the pause was over');
  hold(null);
  await talk.leave();
  await talk.settled();
};

/** Plays scenarios one after the other on one stage and audits them. What does not happen within the limit becomes a finding. */
export async function play(
  cluster: Cluster,
  scenarios: Scenario[],
  options: { mutation?: MutationName; replicas?: number; only?: 'first'; limitMs?: number } = {},
): Promise<Outcome> {
  const { mutation, replicas = 2, only, limitMs = 30_000 } = options;
  const mutant: Mutation | null = mutation ? MUTATIONS[mutation] : null;
  const build = mutant ? mutatedBuild(mutant) : null;
  const stage = await Stage.start(cluster, { replicas, root: build?.root, sql: mutant?.sql }, only);
  try {
    const talks: Talk[] = [];
    for (const scenario of scenarios) {
      const talk = new Talk(stage, `talk-${talks.length + 1}`, new Random(talks.length), Date.now() + limitMs);
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

function either(...deciders: ((exchange: Exchange) => WireFault | null)[]): (exchange: Exchange) => WireFault | null {
  return (exchange) => deciders.map((decide) => decide(exchange)).find((fault) => fault !== null) ?? null;
}

/** @throws {Error} when the scenario did not come to what it is for: then its result means nothing */
function provoked(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(`the scenario did not provoke what it is for: ${otherwise}`);
}
