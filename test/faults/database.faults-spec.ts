import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import {
  clockStepped,
  deadlocked,
  outcomeNotStored,
  SETTABLE_CLOCK,
  SLOW_TO_SEE_DEADLOCKS,
} from './database-scenarios.js';
import { mustFind, play } from './play.js';

/** What the database does to the gateway, and the mechanisms against it: as `mechanisms.faults-spec.ts`. */
describe('the mechanisms against an odd database', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster.stop());

  it('keep the promises when its clock is set, when it cannot store an outcome, and when there is a deadlock', async () => {
    const before = [...SETTABLE_CLOCK, ...SLOW_TO_SEE_DEADLOCKS];
    const { text } = await play(cluster, { clockStepped, outcomeNotStored, deadlocked }, { before });
    expect(text).toBe('');
  });

  it('include the monotonic clock: by the database’s the living are dead, and two send the same event at once', async () => {
    const outcome = await play(cluster, { clockStepped }, { before: SETTABLE_CLOCK, mutation: 'no monotonic clock' });
    mustFind(outcome, 'event sent by two at once');
  });

  it('include the doubt about what was in hand: without it a restart sends a message again', async () => {
    const outcome = await play(cluster, { outcomeNotStored }, { replicas: 1, mutation: 'no uncertainty by default' });
    mustFind(outcome, 'user message doubled');
  });

  it('include the second try: without it a deadlock refuses a message', async () => {
    const options = { before: SLOW_TO_SEE_DEADLOCKS, replicas: 1, mutation: 'no second try' } as const;
    mustFind(await play(cluster, { deadlocked }, options), 'refused without need');
  });
});
