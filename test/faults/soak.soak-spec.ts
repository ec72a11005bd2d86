import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { mixedRun } from './mixed.js';
import { Stage } from './stage.js';

const settings = JSON.parse(process.env.SOAK!) as Record<
  'minutes' | 'conversations' | 'messages' | 'seed' | 'replicas',
  number
>;
const START_MS = 60_000;
/** For one round. A hang costs a conversation 10 s, and a conversation has one or two in a hundred messages. */
const ROUND_MS = 120_000 + settings.messages * 2_000;

describe(`a soak: ${JSON.stringify(settings)}`, () => {
  let cluster: Cluster;
  let stage: Stage;
  beforeAll(async () => {
    cluster = await Cluster.start();
    stage = await Stage.start(cluster, { replicas: settings.replicas });
  }, START_MS);
  afterAll(async () => {
    await stage.stop();
    await cluster.stop();
  }, START_MS);

  it(
    'loses, doubles and reorders nothing, round after round',
    async () => {
      const { minutes, conversations, messages } = settings;
      const end = Date.now() + minutes * 60_000;
      for (let seed = settings.seed; seed === settings.seed || Date.now() < end; seed += 1) {
        const started = Date.now();
        const { text } = await mixedRun(stage, { seed, conversations, messages, limitMs: ROUND_MS });
        process.stderr.write(
          `seed ${seed}: ${2 * conversations * messages} messages, ${Math.round((Date.now() - started) / 1000)} s, ${text === '' ? 'clean' : 'DEVIATIONS'}\n`,
        );
        expect(text).toBe('');
        stage.forget();
      }
    },
    settings.minutes * 60_000 + ROUND_MS + START_MS,
  );
});
