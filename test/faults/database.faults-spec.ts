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

const scenarios = { clockStepped, outcomeNotStored, deadlocked };
const before = [...SETTABLE_CLOCK, ...SLOW_TO_SEE_DEADLOCKS];

/** What the database does to the gateway, and the mechanisms against it: as `mechanisms.faults-spec.ts`. */
describe('the mechanisms against an odd database', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster.stop());

  it('keep the promises when its clock is set, when it cannot store an outcome, and when there is a deadlock', async () => {
    const { text } = await play(cluster, scenarios, { before });
    expect(text).toBe('');
  });

  it('are needed: without them two send an event at once, a restart sends a message again, a deadlock refuses one', async () => {
    const mutations = ['no monotonic clock', 'no uncertainty by default', 'no second try'] as const;
    mustFind(await play(cluster, scenarios, { before, mutations: [...mutations] }), {
      clockStepped: ['event sent by two at once'],
      outcomeNotStored: ['user message doubled'],
      deadlocked: ['refused without need'],
    });
  });
});
