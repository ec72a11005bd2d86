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

  it('holds up no other handover, and nothing is lost, nor stored after it was refused', async () => {
    const { text } = await play(
      cluster,
      { handoverLocked: handoverLocked(LOCKED_MS) },
      { limitMs: LOCKED_MS + 30_000 },
    );
    expect(text).toBe('');
  }, 100_000);

  it('is waited for no longer than the client waits: without that what was refused is stored when the lock ends', async () => {
    const scenario = { handoverLocked: handoverLocked(LOCKED_SHORTLY_MS) };
    const outcome = await play(cluster, scenario, { replicas: 1, mutation: 'no time-outs in the server' });
    mustFind(outcome, 'user message doubled');
  });
});
