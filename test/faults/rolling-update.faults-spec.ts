import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { audit } from './auditor.js';
import { Cluster } from './cluster.js';
import { gather } from './evidence.js';
import { mutatedBuild } from './mutated-build.js';
import { NEXT_VERSION } from './mutations.js';
import { Random } from './random.js';
import { Stage } from './stage.js';
import { Talk } from './talk.js';
import { report } from './timeline.js';

const LIMIT_MS = 90_000;
const TALKS = 6;
const MESSAGES = 90;

describe('an update of one replica after the other', () => {
  let cluster: Cluster;
  let stage: Stage;
  let next: ReturnType<typeof mutatedBuild>;
  beforeAll(async () => {
    cluster = await Cluster.start();
    next = mutatedBuild(NEXT_VERSION);
    stage = await Stage.start(cluster, { replicas: 2 });
  }, LIMIT_MS);
  afterAll(async () => {
    await stage.stop();
    await cluster.stop();
    next.remove();
  });

  it(
    'disturbs no conversation, while both versions work on one database',
    async () => {
      const talks = Array.from(
        { length: TALKS },
        (_, index) => new Talk(stage, `talk-${index + 1}`, new Random(index), Date.now() + LIMIT_MS - 15_000),
      );
      const texts = (who: string): string[] => Array.from({ length: MESSAGES }, (_, index) => `${who} ${index + 1}`);
      const lives = talks.map((talk) =>
        talk.live({ userTexts: texts('user'), agentTexts: texts('agent'), window: 2, end: 'agent leaves' }),
      );
      // Everything takes its time, so that every step of the update meets work under way.
      stage.vendor.decide = stage.callback.decide = () => ({ kind: 'slow', ms: 150 });
      const [first, second] = stage.fleet.replicas;
      const haveArrived = (share: number): Promise<unknown> =>
        talks[0]!.wait(`${share} of the messages`, () => talks.every((talk) => talk.arrived() > share * MESSAGES));
      await haveArrived(0.05);
      expect(await first!.retire()).toBe(0);
      await first!.start(next.root);
      await haveArrived(0.2);
      expect(await second!.retire()).toBe(0);
      await second!.start(next.root);
      expect(talks.some((talk) => talk.arrived() < MESSAGES)).toBe(true);
      stage.vendor.decide = stage.callback.decide = () => null;
      await Promise.all(lives);
      const evidence = await gather(stage, talks);
      expect(report(audit(evidence), evidence)).toBe('');
    },
    LIMIT_MS,
  );
});
