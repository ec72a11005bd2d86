import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import { commitsLost } from './database-scenarios.js';
import { mustFind, play } from './play.js';

describe('a failover that loses the last commits', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start();
  });
  afterEach(() => cluster.stop());

  it('breaks no promise that was made', async () => {
    const { text } = await play(cluster, { commitsLost }, { replicas: 1 });
    expect(text).toBe('');
  });

  it('is noticed by the timeline: without that an event is sent that is nowhere', async () => {
    const outcome = await play(cluster, { commitsLost }, { replicas: 1, mutations: ['no look at the timeline'] });
    mustFind(outcome, { commitsLost: ['event differs from the stored one'] });
  });
});
