import { beforeEach, describe, expect, it } from '@jest/globals';
import { IgnoredEvents } from './ignored-events.js';

describe('events that concern nothing of ours', () => {
  let now: number;
  let lines: object[];
  let events: IgnoredEvents;
  beforeEach(() => {
    now = 1_000_000;
    lines = [];
    const write = (fields: object, message: string): void => void lines.push({ ...fields, message });
    events = new IgnoredEvents({ debug: write, info: write, warn: write }, () => now);
  });

  it('are counted by provider and reason, the most frequent first', () => {
    events.count(['a'], 'empty', 'ignored');
    events.count(['a', 'b'], 'another tenant', 'ignored', {}, 3);
    expect(events.of('a')).toEqual([
      { reason: 'another tenant', count: 3, lastAt: now },
      { reason: 'empty', count: 1, lastAt: now },
    ]);
    expect(events.of('b')).toEqual([{ reason: 'another tenant', count: 3, lastAt: now }]);
    expect(events.of('c')).toEqual([]);
  });

  it('are told once a minute of each provider and reason, with how many there were', () => {
    for (let index = 0; index < 1_000; index++) events.count(['a'], 'empty', 'ignored', { tenant: `t${index}` });
    expect(lines).toEqual([{ provider: 'a', reason: 'empty', count: 1, tenant: 't0', message: 'ignored' }]);
    now += 59_999;
    events.count(['a'], 'empty', 'ignored');
    expect(lines).toHaveLength(1);
    now += 1;
    events.count(['a'], 'empty', 'ignored');
    expect(lines[1]).toMatchObject({ count: 1_001 });
    events.count(['b'], 'empty', 'ignored');
    expect(lines[2]).toMatchObject({ provider: 'b', count: 1 });
  });

  it('have a bounded number of reasons, whatever a sender writes into them', () => {
    for (let index = 0; index < 500; index++) events.count(['a'], `event type x${index}`, 'ignored');
    expect(events.of('a')).toHaveLength(31);
    expect(events.of('a')[0]).toMatchObject({ reason: 'other reasons', count: 470 });
    expect(lines).toHaveLength(31);
    events.count(['a'], 'event type x3', 'ignored');
    expect(events.of('a').find(({ reason }) => reason === 'event type x3')!.count).toBe(2);
  });
});
