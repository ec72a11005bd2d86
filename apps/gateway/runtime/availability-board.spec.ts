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
    const ask = async () => (await board.of(one, '1')).observedAt.getTime();
    expect(await ask()).toBe(0);
    time = 6_999;
    expect(await ask()).toBe(0);
    time = 7_000;
    expect(await ask()).toBe(7_000);
    expect(availability).toHaveBeenCalledTimes(2);
  });

  it('keeps queues apart, and begins anew with a provider that was opened anew', async () => {
    const one = provider();
    for (const queueId of ['1', '2', null, '1']) await board.of(one, queueId);
    await board.of(provider(), '1');
    expect(availability.mock.calls.map(([queueId]) => queueId)).toEqual(['1', '2', null, '1']);
  });

  it('waits five seconds for an answer, and remembers that none came', async () => {
    availability.mockReturnValue(new Promise(() => undefined));
    const one = provider();
    const answer = board.of(one, '1');
    const other = board.of(one, '1');
    await jest.advanceTimersByTimeAsync(5_000);
    expect(await answer).toMatchObject({ state: 'unknown', reason: expect.stringContaining('within 5 s') });
    expect(await other).toBe(await answer);
    await board.of(one, '1');
    expect(availability).toHaveBeenCalledTimes(1);
  });

  it('has eight questions under way with one contact centre at the most', async () => {
    availability.mockReturnValue(new Promise(() => undefined));
    const one = provider();
    for (let queue = 0; queue < 8; queue++) void board.of(one, String(queue));
    expect(await board.of(one, '8')).toMatchObject({ state: 'unknown', reason: expect.stringContaining('Too many') });
    expect(availability).toHaveBeenCalledTimes(8);
    await jest.advanceTimersByTimeAsync(5_000);
  });

  it('remembers a bounded number of queues', async () => {
    const one = provider();
    for (let queue = 0; queue < 201; queue++) await board.of(one, String(queue));
    await board.of(one, '200');
    await board.of(one, '1');
    expect(availability).toHaveBeenCalledTimes(201);
    await board.of(one, '0');
    expect(availability).toHaveBeenCalledTimes(202);
  });

  it('passes on what the provider says of a failure, and nothing of one that nobody foresaw', async () => {
    availability.mockRejectedValueOnce(new ProviderError('unreachable', 'no answer'));
    expect(await board.of(provider(), '1')).toMatchObject({ state: 'unknown', reason: 'no answer' });
    availability.mockRejectedValueOnce(new TypeError('x is not a function'));
    expect((await board.of(provider(), '1')).reason).toBe('The contact centre could not be asked.');
  });

  it('knows without asking of a contact centre that cannot tell, and of a provider that is disabled', async () => {
    expect(await board.of(provider({ session: {} }), '1')).toMatchObject({ state: 'unknown' });
    expect(await board.of(provider({ enabled: false }), '1')).toMatchObject({ state: 'unavailable' });
    expect(availability).not.toHaveBeenCalled();
  });
});
