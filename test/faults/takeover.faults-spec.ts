import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { play } from './play.js';
import { pausedForLong, pausedUntilTakenOver } from './scenarios.js';

const LIMIT_MS = 80_000;
/** Both scenarios, one after the other. */
const TEST_MS = 2 * LIMIT_MS + 20_000;

/**
 * What keeps a replica that was paused from doing what another one took over is there more than once: its lease has run out, its calls
 * have run out of time, and its notes find the lane gone. The last of these is switched off in `mechanisms.faults-spec.ts`.
 */
describe('the takeover of what a replica had in hand that is paused', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster.stop());

  it(
    'keeps it from doing what another one took over',
    async () => {
      const { text } = await play(cluster, { pausedForLong, pausedUntilTakenOver }, { limitMs: LIMIT_MS });
      expect(text).toBe('');
    },
    TEST_MS,
  );
});
