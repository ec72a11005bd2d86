import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProviderError, type QueueReading } from '#contract';
import type { ProviderInstance } from '#core';
import { AvailabilityBoard } from './availability-board.js';

const READING: QueueReading = {
  open: true,
  agentsEnabled: 1,
  agentsAvailable: 1,
  queueSize: 0,
  longestWaitSeconds: 0,
  gap: null,
};
const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn() };
const availability = jest.fn<(queueId: string | null) => Promise<QueueReading>>();
let time: number;
let board: AvailabilityBoard;

const provider = (over: object = {}): ProviderInstance =>
  ({ name: 'p', enabled: true, session: { availability }, ...over }) as unknown as ProviderInstance;

beforeEach(() => {
  jest.useFakeTimers();
  time = 0;
  board = new AvailabilityBoard({ now: () => new Date(time) }, log, () => time);
  availability.mockReset().mockResolvedValue(READING);
});
afterEach(() => void jest.useRealTimers());

describe('the availability board', () => {
  it('asks again when an answer is seven seconds old, and not before', async () => {
    const one = provider();
    const ask = async () => (await board.of(one, '1', 'bot:a')).observedAt.getTime();
    expect(await ask()).toBe(0);
    time = 6_999;
    expect(await ask()).toBe(0);
    time = 7_000;
    expect(await ask()).toBe(7_000);
    expect(availability).toHaveBeenCalledTimes(2);
  });

  it('keeps queues apart, and begins anew with a provider that was opened anew', async () => {
    const one = provider();
    for (const queueId of ['1', '2', null, '1']) await board.of(one, queueId, 'bot:a');
    await board.of(provider(), '1', 'bot:a');
    expect(availability.mock.calls.map(([queueId]) => queueId)).toEqual(['1', '2', null, '1']);
  });

  it('waits five seconds for an answer, and remembers that none came', async () => {
    availability.mockReturnValue(new Promise(() => undefined));
    const one = provider();
    const answer = board.of(one, '1', 'bot:a');
    const other = board.of(one, '1', 'bot:a');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await answer).toMatchObject({ state: 'unknown', reason: expect.stringContaining('within 5 s') });
    expect(await other).toBe(await answer);
    await board.of(one, '1', 'bot:a');
    expect(availability).toHaveBeenCalledTimes(1);
  });

  it('has a share of the questions under way for each who asks, so that slow ones take nobody else his answer', async () => {
    availability.mockReturnValue(new Promise(() => undefined));
    const one = provider();
    for (let queue = 0; queue < 8; queue++) void board.of(one, String(queue), 'bot:a');
    await expect(board.of(one, '8', 'bot:a')).rejects.toMatchObject({
      kind: 'over_budget',
      members: { budget: 'availability questions at the same time', owner: 'bot:a' },
    });
    for (const bot of ['b', 'c', 'd', 'e'] as const) {
      availability.mockResolvedValueOnce(READING);
      expect(await board.of(one, `of-${bot}`, `bot:${bot}`)).toMatchObject({ state: 'available' });
    }
    // What is asked already answers all.
    expect(board.of(one, '1', 'bot:a')).toBeInstanceOf(Promise);
    expect(availability).toHaveBeenCalledTimes(12);
    await jest.advanceTimersByTimeAsync(5_000);
  });

  it('asks about queues that nobody knows only so often, whatever the queue, and about those that are known all the same', async () => {
    const one = provider({ defaults: { queueId: 'own' } });
    const nothing = { ...READING, agentsAvailable: null, queueSize: null, gap: 'There is no such queue.' };
    await board.of(one, 'known', 'bot:a');
    availability.mockResolvedValue(nothing);
    const asked = await Promise.allSettled(
      Array.from({ length: 300 }, async (_, queue) => {
        // Not all at the same time.
        for (let turn = 0; turn < 20 * queue; turn++) await Promise.resolve();
        return board.of(one, `no-${queue}`, 'bot:a');
      }),
    );
    expect(availability).toHaveBeenCalledTimes(20);
    expect(asked.at(-1)).toMatchObject({
      reason: {
        kind: 'over_budget',
        members: { budget: 'availability questions about unknown queues', owner: 'bot:a' },
      },
    });
    time += 7_000;
    availability.mockResolvedValue(READING);
    for (const queue of ['known', 'own'])
      expect(await board.of(one, queue, 'bot:a')).toMatchObject({ state: 'available' });
    expect(await board.of(one, 'another', 'bot:b')).toMatchObject({ state: 'available' });
    time += 60_000;
    expect(await board.of(one, 'no-300', 'bot:a')).toMatchObject({ state: 'available' });
  });

  it('remembers a bounded number of queues', async () => {
    const one = provider();
    for (let queue = 0; queue < 201; queue++) await board.of(one, String(queue), `bot:${queue}`);
    await board.of(one, '200', 'bot:x');
    await board.of(one, '1', 'bot:x');
    expect(availability).toHaveBeenCalledTimes(201);
    await board.of(one, '0', 'bot:x');
    expect(availability).toHaveBeenCalledTimes(202);
  });

  it('passes on what the provider says of a failure, and nothing of one that nobody foresaw', async () => {
    availability.mockRejectedValueOnce(new ProviderError('unreachable', 'no answer'));
    expect(await board.of(provider(), '1', 'bot:a')).toMatchObject({ state: 'unknown', reason: 'no answer' });
    availability.mockRejectedValueOnce(new TypeError('x is not a function'));
    expect((await board.of(provider(), '1', 'bot:a')).reason).toBe('The contact centre could not be asked.');
  });

  it('knows without asking of a contact centre that cannot tell, and of a provider that is disabled', async () => {
    expect(await board.of(provider({ session: {} }), '1', 'bot:a')).toMatchObject({ state: 'unknown' });
    expect(await board.of(provider({ enabled: false }), '1', 'bot:a')).toMatchObject({ state: 'unavailable' });
    expect(availability).not.toHaveBeenCalled();
  });
});
