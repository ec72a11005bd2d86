import { describe, expect, it } from '@jest/globals';
import type { ProviderSession, QueueReading } from '#contract';
import { availabilityOf, queueOf } from './index.js';

const AT = new Date(0);
const ALL: QueueReading = {
  open: true,
  agentsEnabled: 2,
  agentsAvailable: 1,
  queueSize: 3,
  longestWaitSeconds: 4,
  gap: null,
};
const NONE = { agentsEnabled: null, agentsAvailable: null, queueSize: null, longestWaitSeconds: null };

describe('availability', () => {
  it.each<[string, Partial<QueueReading>, string]>([
    ['open, and agents are there', {}, 'available'],
    ['agents are there, and no opening hours are configured', { open: null }, 'available'],
    ['all agents are busy', { agentsAvailable: 0 }, 'available'],
    ['an agent is free, whoever is said to be enabled', { agentsEnabled: 0, agentsAvailable: 1 }, 'available'],
    ['only the free agents are known, and there are some', { agentsEnabled: null }, 'available'],
    ['closed', { open: false }, 'unavailable'],
    ['the queue is for something else', { unsuited: 'For calls.' }, 'unavailable'],
    [
      'the queue is for something else, and nothing else is known',
      { ...NONE, unsuited: 'For calls.', gap: 'broken' },
      'unavailable',
    ],
    ['closed, and nothing else is known', { ...NONE, open: false, gap: 'broken' }, 'unavailable'],
    ['nobody is logged in', { agentsEnabled: 0, agentsAvailable: 0 }, 'unavailable'],
    [
      'nobody is logged in, and the schedule is not known',
      { agentsEnabled: 0, agentsAvailable: 0, open: null, gap: 'broken' },
      'unavailable',
    ],
    ['agents are there, but the schedule is not known', { open: null, gap: 'broken' }, 'unknown'],
    ['open, but the agents are not known', { ...NONE, gap: 'broken' }, 'unknown'],
    ['no agent is free, and who is logged in is not known', { agentsEnabled: null, agentsAvailable: 0 }, 'unknown'],
    ['nothing is known', { ...NONE, open: null }, 'unknown'],
  ])('%s: %j is %s', (_, changes, state) => {
    const found = availabilityOf({ ...ALL, ...changes }, AT);
    expect(found.state).toBe(state);
    expect(found.reason === null).toBe(state === 'available');
    if (state === 'unknown' && changes.gap) expect(found.reason).toBe(changes.gap);
  });

  it('tells what is known, whatever the state', () => {
    expect(availabilityOf({ ...ALL, gap: 'broken' }, AT)).toEqual({
      state: 'unknown',
      reason: 'broken',
      open: true,
      agentsAvailable: 1,
      queueSize: 3,
      longestWaitSeconds: 4,
      observedAt: AT,
    });
  });

  it('is that of the queue that the request names, else of the provider’s own', () => {
    const session = {} as ProviderSession;
    expect(queueOf({ session, defaults: { queueId: '1' } }, { queueId: '2' })).toBe('2');
    expect(queueOf({ session, defaults: { queueId: '1' } })).toBe('1');
    expect(queueOf({ session, defaults: {} })).toBeNull();
  });

  it('is that of the queue which the provider makes of the settings', () => {
    const session = { queueOf: (request: object) => JSON.stringify(request) } as ProviderSession;
    expect(queueOf({ session, defaults: { a: 1 } }, { b: 2 })).toBe('{"defaults":{"a":1},"settings":{"b":2}}');
  });
});
