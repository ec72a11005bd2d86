import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { handoverLocked } from './database-scenarios.js';
import { mustFind, play } from './play.js';

const LOCKED_MS = 40_000;
/** Longer than the client waits for a statement. */
const LOCKED_SHORTLY_MS = 8_000;

describe('a lock that somebody holds for 40 s', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster.stop());

  // Both at the same time, on databases of their own: most of it is waiting.
  it('holds up no other handover, and loses nothing; without time-outs in the server, what was refused is stored when it ends', async () => {
    const limitMs = LOCKED_MS + 30_000;
    const [whole, mutated] = await Promise.all([
      play(cluster, { handoverLocked: handoverLocked(LOCKED_MS) }, { limitMs }),
      play(
        cluster,
        { handoverLocked: handoverLocked(LOCKED_SHORTLY_MS) },
        { limitMs, replicas: 1, mutations: ['no time-outs in the server'] },
      ),
    ]);
    expect(whole.text).toBe('');
    mustFind(mutated, { handoverLocked: ['user message doubled'] });
  }, 120_000);
});
