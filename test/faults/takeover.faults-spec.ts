import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { mustFind, pausedForLong, pausedUntilTakenOver, play, type Outcome } from './scenarios.js';

const LIMIT_MS = 60_000;

/** A mechanism as those in `mechanisms.faults-spec.ts`, against a failure that takes its time. */
describe('the takeover of what a replica had in hand that is paused', () => {
  let cluster: Cluster;
  let withCheck: Promise<Outcome>;
  let withoutCheck: Promise<Outcome>;
  beforeAll(async () => {
    cluster = await Cluster.start();
    // Both take long but do little, so they run at the same time. Whoever awaits them gets their errors.
    withCheck = play(cluster, { pausedForLong, pausedUntilTakenOver }, { limitMs: LIMIT_MS });
    withoutCheck = play(cluster, { pausedUntilTakenOver }, { limitMs: LIMIT_MS, mutation: 'no lease check' });
    for (const one of [withCheck, withoutCheck]) one.catch(() => undefined);
  });
  afterAll(async () => {
    await Promise.allSettled([withCheck, withoutCheck]);
    await cluster.stop();
  });

  it('keeps it from doing what another one took over', async () => {
    expect((await withCheck).text).toBe('');
  });

  it('needs the lease check: without it the paused replica goes on beside the other one', async () => {
    mustFind(await withoutCheck, 'user message doubled', 'event sent again after a later one');
  });
});
