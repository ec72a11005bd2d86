import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { mixedRun } from './mixed.js';
import { Stage } from './stage.js';

/** Half a minute on a quiet machine; a busy one gets the time it needs. */
const LIMIT_MS = 180_000;
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000);

describe(`everything at once, with FAULTS_SEED=${seed}`, () => {
  let cluster: Cluster;
  let stage: Stage;
  beforeAll(async () => {
    cluster = await Cluster.start();
    stage = await Stage.start(cluster, { replicas: 2 });
  }, LIMIT_MS);
  afterAll(async () => {
    await stage.stop();
    await cluster.stop();
  });

  it(
    'loses, doubles and reorders nothing, in either direction',
    async () => {
      const { text } = await mixedRun(stage, { seed, conversations: 10, messages: 25, limitMs: LIMIT_MS - 15_000 });
      expect(text).toBe('');
    },
    LIMIT_MS,
  );
});
