import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { StreamPoll } from './stream-poll.js';

describe('the poll of live streams', () => {
  let isAlone = true;
  let now = 0;
  const newestOf = jest.fn(async (ids: string[]) =>
    ids.map((id) => ({ id, eventSequence: 7, version: 1, tiles: '0 0' })),
  );
  let poll: StreamPoll;
  beforeEach(() => {
    jest.useFakeTimers();
    newestOf.mockClear();
    isAlone = true;
    now = 0;
    poll = new StreamPoll(
      newestOf,
      () => isAlone,
      () => now,
    );
  });
  afterEach(() => {
    poll.stop();
    jest.useRealTimers();
  });

  async function pass(ms: number): Promise<void> {
    for (let rest = ms; rest > 0; rest -= 500) {
      now += 500;
      await jest.advanceTimersByTimeAsync(500);
    }
  }
  const stream = (id: string, sequence: number): { id: string; isBehind: never; wake: jest.Mock } => ({
    id,
    isBehind: ((newest: { eventSequence: number } | undefined) => !newest || newest.eventSequence > sequence) as never,
    wake: jest.fn(),
  });

  it('asks once for all streams, and wakes those that are behind', async () => {
    isAlone = false;
    const [behind, upToDate] = [stream('ho_1', 6), stream('ho_2', 7)];
    poll.watch(behind);
    poll.watch(upToDate);
    poll.watch(stream('ho_2', 7));
    await pass(1_000);
    expect(newestOf.mock.calls).toEqual([[['ho_1', 'ho_2']]]);
    expect(behind.wake).toHaveBeenCalledTimes(1);
    expect(upToDate.wake).not.toHaveBeenCalled();
  });

  it('asks next to never while the replica is alone, and once more after the other has gone', async () => {
    poll.watch(stream('ho_1', 7));
    await pass(14_000);
    expect(newestOf).not.toHaveBeenCalled();
    isAlone = false;
    await pass(2_000);
    const asked = newestOf.mock.calls.length;
    expect(asked).toBeGreaterThanOrEqual(1);
    isAlone = true;
    await pass(10_000);
    expect(newestOf).toHaveBeenCalledTimes(asked + 1);
  });

  it('asks nothing without streams', async () => {
    isAlone = false;
    const end = poll.watch(stream('ho_1', 7));
    end();
    await pass(5_000);
    expect(newestOf).not.toHaveBeenCalled();
  });
});
