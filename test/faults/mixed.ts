import { setTimeout as delay } from 'node:timers/promises';
import { audit, type Finding } from './auditor.js';
import { gather } from './evidence.js';
import type { Replica } from './fleet.js';
import { isWebhook } from './ledger.js';
import { Random } from './random.js';
import type { Stage } from './stage.js';
import { Talk, type TalkPlan } from './talk.js';
import { report } from './timeline.js';
import type { Exchange, WireFault } from './wire.js';

/** How long a replica is paused, in milliseconds: longer than it takes the others to give it up. */
const PAUSE_MS = 15_000;
/** How far a side runs ahead of the other end, in messages; so the talks last as long as the faults make them. */
const WINDOW = 4;
const DISTURBANCES = ['kill a replica', 'kill PostgreSQL', 'pause a replica', 'kill a replica'] as const;

export interface MixedOptions {
  seed: number;
  conversations: number;
  /** Each way, in each conversation. */
  messages: number;
  /** What is not done by then is a finding. */
  limitMs: number;
}

/**
 * Many conversations at once, while calls fail in all directions, replicas are killed and paused, and PostgreSQL is killed; then everything
 * is audited. The seed decides on everything but the moments, which depend on the machine.
 */
export async function mixedRun(stage: Stage, options: MixedOptions): Promise<{ findings: Finding[]; text: string }> {
  const { seed, conversations, messages, limitMs } = options;
  const random = new Random(seed);
  breakWires(stage, random);
  const deadline = Date.now() + limitMs;
  const talks = Array.from(
    { length: conversations },
    (_, index) => new Talk(stage, `run-${seed}-talk-${index + 1}`, random.fork(), deadline),
  );
  const lives = talks.map((talk) => talk.live(planOf(random, messages)));
  const total = 2 * conversations * messages;
  const progress = (): number => talks.reduce((sum, talk) => sum + talk.arrived() + talk.received(), 0) / total;
  const end = new AbortController();
  const disturbing = disturb(stage, random, progress, end.signal);
  await Promise.all(lives);
  end.abort();
  await disturbing;
  mendWires(stage);
  const evidence = await gather(stage, talks);
  const findings = audit(evidence);
  return { findings, text: report(findings, evidence) };
}

function planOf(random: Random, messages: number): TalkPlan {
  // Some say the same thing over and over: only its place in the conversation tells one from the other then.
  const texts = (who: string): string[] =>
    Array.from({ length: messages }, (_, index) => (random.chance(0.2) ? `${who} again` : `${who} ${index + 1}`));
  return {
    userTexts: texts('user'),
    agentTexts: texts('agent'),
    window: WINDOW,
    ...(random.chance(0.3) ? { transferAfter: random.between(1, messages - 1) } : {}),
    end: random.chance(0.5) ? 'bot closes' : 'agent leaves',
  };
}

/** Does one thing after the other, each when a random share of the messages has arrived, until all is over. */
async function disturb(stage: Stage, random: Random, progress: () => number, end: AbortSignal): Promise<void> {
  const steps = random.shuffled(DISTURBANCES);
  for (const [index, what] of steps.entries()) {
    const share = (index + random.next()) / (steps.length + 0.5);
    while (progress() < share && !end.aborted) await delay(20);
    if (end.aborted) return;
    const replica = random.pick(stage.fleet.replicas);
    const name = what.includes('replica') ? `${what}: ${replica.name}` : what;
    const kind = what === 'pause a replica' ? 'pause' : 'kill';
    await stage.disturb(kind, name, () => ACTIONS[what](stage, replica, end));
  }
}

const ACTIONS: Record<
  (typeof DISTURBANCES)[number],
  (stage: Stage, replica: Replica, end: AbortSignal) => Promise<void>
> = {
  'kill a replica': async (_, replica) => {
    await replica.kill();
    await replica.start();
  },
  'pause a replica': async (_, replica, end) => {
    replica.pause();
    await delay(PAUSE_MS, undefined, { signal: end }).catch(() => undefined);
    replica.resume();
  },
  'kill PostgreSQL': async ({ cluster }) => {
    cluster.kill();
    await cluster.bringUp();
  },
};

type Chance = [probability: number, fault: (random: Random) => WireFault];

/** What a call of the gateway's meets, at 8x8 and at the bot. A hang lasts until the gateway's own limit of 10 s, so it is rare. */
const OUTSIDE: Chance[] = [
  [0.01, () => ({ kind: 'status', status: 429, retryAfter: 1, when: 'before' })],
  [0.015, (random) => ({ kind: 'status', status: random.pick([500, 502, 503]), when: 'before' })],
  [0.01, (random) => ({ kind: 'status', status: random.pick([500, 502, 504]), when: 'after' })],
  [0.01, () => ({ kind: 'reset', when: 'before' })],
  [0.01, () => ({ kind: 'reset', when: 'after' })],
  [0.001, () => ({ kind: 'hang', when: 'before' })],
  [0.001, () => ({ kind: 'hang', when: 'after' })],
  [0.03, (random) => ({ kind: 'slow', ms: random.between(50, 1_000) })],
];

/** What a call to the gateway meets on its way: the sender hears nothing, or late, and sends again. */
const INSIDE: Chance[] = [
  [0.01, () => ({ kind: 'reset', when: 'before' })],
  [0.02, () => ({ kind: 'reset', when: 'after' })],
  [0.02, (random) => ({ kind: 'slow', ms: random.between(50, 500) })],
];

function breakWires(stage: Stage, random: Random): void {
  const decider = (chances: Chance[]): ((exchange: Exchange) => WireFault | null) => {
    const own = random.fork();
    return () => {
      let drawn = own.next();
      for (const [probability, fault] of chances) {
        if (drawn < probability) return fault(own);
        drawn -= probability;
      }
      return null;
    };
  };
  const twice = random.fork();
  stage.vendor.decide = decider(OUTSIDE);
  stage.callback.decide = decider(OUTSIDE);
  stage.fleet.front.decide = decider(INSIDE);
  stage.fleet.front.twice = (exchange) => isWebhook(exchange) && twice.chance(0.1);
  stage.simulator.faults.set({ reorder: random.chance(0.5), leftBeforeTransfer: random.chance(0.5) });
}

function mendWires(stage: Stage): void {
  for (const wire of [stage.vendor, stage.callback, stage.fleet.front]) wire.decide = () => null;
  stage.fleet.front.twice = () => false;
  stage.simulator.faults.reset();
}
