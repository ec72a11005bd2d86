import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { Streams } from './streams.js';

/** An answer whose reader takes what it is asked to, and nothing by itself. */
class Reader extends EventEmitter {
  isOpen = true;
  content: Readable | null = null;
  readonly reply = {
    raw: this,
    header: () => this.reply,
    send: async (content: Readable) => void (this.content = content.on('error', () => undefined)),
  } as unknown as FastifyReply;

  destroy(): void {
    this.isOpen = false;
    this.content?.destroy();
    this.emit('close');
  }
}

describe('event streams', () => {
  let streams: Streams;
  let stopping: AbortController;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    stopping = new AbortController();
    streams = new Streams(stopping.signal);
  });
  afterEach(() => {
    stopping.abort();
    jest.useRealTimers();
  });

  async function* endless(frame: string): AsyncGenerator<string> {
    for (;;) yield frame;
  }
  async function* silent(_stop: AbortSignal, news: { next(): Promise<string> }): AsyncGenerator<string> {
    yield 'retry: 1000\n\n';
    for (;;) yield await news.next();
  }

  it('whose reader takes nothing for half a minute end, and give back what they held', async () => {
    const reader = new Reader();
    await streams.send('bot:a', reader.reply, () => endless('x'.repeat(1_000)));
    // It is asked for one piece, as a socket that is full has it.
    reader.content!.read();
    await jest.advanceTimersByTimeAsync(29_000);
    expect([reader.isOpen, streams.open.heldBy('bot:a')]).toEqual([true, 1]);
    await jest.advanceTimersByTimeAsync(10_000);
    expect([reader.isOpen, streams.open.heldBy('bot:a')]).toEqual([false, 0]);
  });

  it('that are read live, however long, and are told that they do when nothing happens', async () => {
    const reader = new Reader();
    await streams.send('bot:a', reader.reply, silent as never);
    let text = '';
    reader.content!.on('data', (part: Buffer | string) => (text += part.toString()));
    for (let minute = 0; minute < 10; minute++) await jest.advanceTimersByTimeAsync(60_000);
    expect(reader.isOpen).toBe(true);
    expect(text.match(/: still here/g)!.length).toBeGreaterThanOrEqual(20);
    reader.destroy();
  });

  it('are a share for each caller, and of another one as many as before', async () => {
    for (let index = 0; index < 2_000; index++) await streams.send('bot:a', new Reader().reply, silent as never);
    await expect(streams.send('bot:a', new Reader().reply, silent as never)).rejects.toMatchObject({
      kind: 'over_budget',
    });
    await streams.send('bot:b', new Reader().reply, silent as never);
  });
});
