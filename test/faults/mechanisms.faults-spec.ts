import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Rule } from './auditor.js';
import { Cluster } from './cluster.js';
import {
  answersLost,
  crowded,
  deliveredTwice,
  oneWaits,
  pausedForLong,
  pausedUntilTakenOver,
  play,
  type Outcome,
} from './scenarios.js';

const LIMIT_MS = 60_000;

/**
 * Each scenario provokes one failure. With the mechanism against it, the auditor finds nothing; with the mechanism switched off in a copy
 * of the build, it must find exactly that failure. So neither the mechanism nor the auditor can be lost unnoticed.
 */
describe('the mechanisms that keep the promises', () => {
  let cluster: Cluster;
  let pause: Promise<Outcome>;
  let pauseWithoutCheck: Promise<Outcome>;
  beforeAll(async () => {
    cluster = await Cluster.start();
    // These two take long but do little; the others run meanwhile. Whoever awaits them gets their errors.
    pause = play(cluster, { pausedForLong, pausedUntilTakenOver }, { limitMs: LIMIT_MS });
    pauseWithoutCheck = play(cluster, { pausedUntilTakenOver }, { limitMs: LIMIT_MS, mutation: 'no lease check' });
    for (const one of [pause, pauseWithoutCheck]) one.catch(() => undefined);
  }, LIMIT_MS);
  afterAll(async () => {
    await Promise.allSettled([pause, pauseWithoutCheck]);
    await cluster.stop();
  }, LIMIT_MS);

  /** @throws {Error} with all that was seen, when the auditor has not found what had to happen */
  const mustFind = ({ findings, text }: Outcome, ...wanted: Rule[]): void => {
    const found = findings.map(({ rule }) => rule);
    const missed = wanted.filter((rule) => !found.includes(rule));
    if (missed.length > 0) throw new Error(`the auditor did not find: ${missed.join(', ')}\n${text}`);
  };

  it(
    'keep them when everything that they are for happens',
    async () => {
      const { text } = await play(cluster, { deliveredTwice, oneWaits, answersLost, crowded });
      expect(text).toBe('');
    },
    LIMIT_MS,
  );

  it(
    'include the dedupe of webhooks: without it an agent is heard twice',
    async () => {
      const outcome = await play(cluster, { deliveredTwice }, { mutation: 'no dedupe of webhooks' });
      mustFind(outcome, 'agent message doubled');
    },
    LIMIT_MS,
  );

  it(
    'include the order: without it what waits is overtaken in both directions',
    async () => {
      const outcome = await play(cluster, { oneWaits }, { replicas: 1, mutation: 'no head of line' });
      mustFind(outcome, 'user messages out of order', 'event sent before the one before it was acknowledged');
    },
    LIMIT_MS,
  );

  it(
    'include the read-back: without it an answer that was lost doubles a conversation and a message',
    async () => {
      const outcome = await play(cluster, { answersLost }, { replicas: 1, mutation: 'no read-back' });
      mustFind(outcome, 'no or more than one conversation', 'user message doubled', 'conversation left open');
    },
    LIMIT_MS,
  );

  it(
    'keep a replica that was paused from doing what another one took over',
    async () => expect((await pause).text).toBe(''),
    LIMIT_MS,
  );

  it(
    'include the lease check: without it the paused replica goes on beside the other one',
    async () => {
      mustFind(await pauseWithoutCheck, 'user message doubled', 'event sent again after a later one');
    },
    LIMIT_MS,
  );
});
