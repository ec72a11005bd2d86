import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster } from './cluster.js';
import type { MutationName } from './mutations.js';
import { mustFind, play } from './play.js';
import { answersLost, crowded, deliveredTwice, leaseStolen, oneWaits } from './scenarios.js';

/**
 * Each scenario provokes one failure. With the mechanism against it, the auditor finds nothing; with the mechanism switched off in a copy
 * of the build, it must find exactly that failure. So neither the mechanism nor the auditor can be lost unnoticed.
 */
describe('the mechanisms that keep the promises', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await Cluster.start();
  });
  afterAll(() => cluster.stop());

  it('keep them when everything that they are for happens', async () => {
    const { text } = await play(cluster, { deliveredTwice, oneWaits, answersLost, crowded, leaseStolen });
    expect(text).toBe('');
  });

  it('include the fencing: without it a replica goes on with what was taken from it', async () => {
    const outcome = await play(cluster, { leaseStolen }, { mutations: ['no fencing'] });
    mustFind(outcome, { leaseStolen: ['user message doubled'] });
  });

  it('include dedupe and order: without them an agent is heard twice, and what waits is overtaken in both directions', async () => {
    const mutations: MutationName[] = ['no dedupe of webhooks', 'no head of line'];
    mustFind(await play(cluster, { deliveredTwice, oneWaits }, { replicas: 1, mutations }), {
      deliveredTwice: ['agent message doubled'],
      oneWaits: ['user messages out of order', 'event sent before the one before it was acknowledged'],
    });
  });

  it('include the read-back: without it an answer that was lost doubles a conversation and a message', async () => {
    mustFind(await play(cluster, { answersLost }, { replicas: 1, mutations: ['no read-back'] }), {
      answersLost: ['no or more than one conversation', 'user message doubled', 'conversation left open'],
    });
  });
});
