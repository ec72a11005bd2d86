import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALLOWED, besetNeighbour, type Beset } from '../bench/neighbour/neighbour.js';
import { Workbench } from '../bench/workbench.js';

/**
 * Other suites run on the same cores, so that the times here only tell "served" from "waits for the neighbour", which took
 * seconds to minutes. `npm run bench -- --neighbour` holds the figures to their real bound on a quiet machine.
 */
const SLACK_MS = 2_000;

describe('a bot whose neighbour is in every kind of trouble while strangers beset the gateway', () => {
  let bench: Workbench;
  let seen: Beset;
  beforeAll(async () => {
    bench = await Workbench.open();
    seen = await besetNeighbour(bench, { seconds: 2 });
  }, 300_000);
  afterAll(() => bench.close());

  it('has every call of its own served', () => {
    expect(Object.entries(seen.during).map(([what, { failed }]) => [what, failed])).toEqual([
      ['start', 0],
      ['message', 0],
      ['callback', 0],
    ]);
  });

  it.each(['start', 'message', 'callback'] as const)('does not wait for the neighbour: %s', (what) => {
    expect(seen.during[what].p95).toBeLessThan(ALLOWED.factor * seen.before[what].p95 + SLACK_MS);
  });

  it('shares a gateway that stays small', () => {
    expect(seen.hasEnded).toBe(false);
    expect(seen.highest).toBeLessThan(ALLOWED.mebibytes);
  });

  it('costs the neighbour nothing that was accepted: all of it arrives, once and in order', () => {
    const { missing, doubled, disorder, wrong } = seen;
    expect({ missing, doubled, disorder, wrong }).toEqual({ missing: [], doubled: [], disorder: [], wrong: [] });
    expect(seen.accepted).toBe(seen.expected);
  });
});
