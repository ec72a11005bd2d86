import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { watchRate } from './upload-rate.js';

describe('an upload', () => {
  let payload: PassThrough;
  let refusals: string[];
  let stop: () => void;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    payload = new PassThrough();
    refusals = [];
    stop = watchRate(payload as unknown as IncomingMessage, ({ kind, message }) =>
      refusals.push(`${kind}: ${message}`),
    );
  });
  afterEach(() => {
    stop();
    jest.useRealTimers();
  });

  async function pass(seconds: number, bytesASecond: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      if (bytesASecond > 0) payload.write(Buffer.alloc(bytesASecond));
      await jest.advanceTimersByTimeAsync(1_000);
    }
  }

  it('that comes slower than 16 KiB a second is refused, after ten seconds', async () => {
    payload.resume();
    await pass(10, 16_000);
    expect(refusals).toEqual([]);
    await pass(1, 16_000);
    expect(refusals).toEqual([expect.stringMatching(/^too_slow: .*16 KiB a second/)]);
    await pass(10, 0);
    expect(refusals).toHaveLength(1);
  });

  it('that is just fast enough, or was far ahead, goes on', async () => {
    payload.resume();
    await pass(60, 16_384);
    payload.write(Buffer.alloc(10 * 16_384));
    await pass(10, 0);
    expect(refusals).toEqual([]);
  });

  it('is not to blame while nobody takes what it brings', async () => {
    await pass(60, 0);
    payload.write('x');
    await pass(60, 0);
    expect(refusals).toEqual([]);
  });

  it('that has ended is watched no more', async () => {
    payload.resume();
    stop();
    await pass(60, 0);
    expect(refusals).toEqual([]);
  });
});
