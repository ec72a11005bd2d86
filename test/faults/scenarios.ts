import { setTimeout as delay } from 'node:timers/promises';
import { isWebhook } from './ledger.js';
import { either, everyTenth, firstOf, isCreate, isSend, isTold, isUnderWay, untilReleased } from './meetings.js';
import { provoked, texts, type Scenario } from './play.js';
import type { Stage } from './stage.js';
import type { Talk } from './talk.js';
import type { Exchange, WireFault } from './wire.js';

/** Long enough for another replica to notice, take over and be at work, and for any call to run out of time. Milliseconds. */
const PAUSE_MS = 20_000;
/** How long 8x8 and the bot take to answer, before and during the pause. Milliseconds. */
const BEFORE_PAUSE_MS = 2_000;
const MEANWHILE_MS = 800;
/** More messages than are sent while the pause lasts. */
const MANY = 30;

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
  await talk.begin();
  const busy: WireFault = { kind: 'status', status: 429, retryAfter: 1, when: 'before' };
  // The one before it is held until all others are there.
  const { held, release } = untilReleased();
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
    await talk.begin();
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
  await talk.begin();
  const slow: WireFault = { kind: 'slow', ms: MEANWHILE_MS };
  const slowly = (exchange: Exchange): WireFault | null => (isSend(exchange) ? slow : null);
  stage.vendor.decide = slowly;
  await ask(talk);
  const { held, release } = untilReleased();
  stage.vendor.decide = either(firstOf(isSend, held), slowly);
  await talk.wait('the next call', () => isUnderWay(stage.vendor, held));
  const arrived = talk.arrived();
  const robbed = (await talk.lane('provider'))?.owner;
  provoked(typeof robbed === 'string', 'nobody has the lane');
  await steal(stage, talk, robbed!);
  await talk.wait('the theft', async () => ![robbed, null, undefined].includes((await talk.lane('provider'))?.owner));
  await talk.wait('work of the thief', () => talk.arrived() > arrived);
  provoked(isUnderWay(stage.vendor, held) && talk.arrived() < MANY, 'the work was done before the lease was stolen');
  release();
  await talk.wait('more work', () => talk.arrived() > arrived + 3);
  stage.vendor.decide = () => null;
  await talk.leave();
  await talk.settled();
};

/** Whoever is robbed looks for work as often as the thief, so it is kept from taking the lane back. */
async function steal({ cluster, database }: Stage, { handoverId }: Talk, robbed: string): Promise<void> {
  const keptFrom = `CREATE FUNCTION not_again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF OLD.owner IS NULL AND NEW.owner = '${robbed}' THEN RETURN NULL; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER not_again BEFORE UPDATE ON lane FOR EACH ROW EXECUTE FUNCTION not_again();`;
  const stolen = `UPDATE lane SET owner = NULL, uncertain = true, due_at = now()
    WHERE direction = 'provider' AND handover_id = '${handoverId}'`;
  await cluster.query(`${keptFrom} ${stolen}`, database);
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
