import { Readable } from 'node:stream';
import { Budget, type Owner } from '#core';
import type { FastifyReply } from 'fastify';

/** A comment line keeps proxies from closing a silent stream. */
const KEEP_ALIVE_MS = 15_000;
const STILL_HERE = ': still here\n\n';
/** A caller who does not read for so long has gone, or may come again with `Last-Event-ID`. */
const UNREAD_MS = 30_000;
const LOOKED_EVERY_MS = 5_000;
const MIB = 1_048_576;

/** What a stream is made of: it ends when the generator does, or when it is told to stop. */
export type Frames = (stop: AbortSignal, news: News) => AsyncGenerator<string>;

/**
 * The live streams of this process, with a share for each caller and for each page of the copilot. What they have in hand for readers
 * who are slow is counted in bytes; over that, a stream ends, and its reader comes again.
 */
export class Streams {
  /** Open streams. */
  readonly open = new Budget('streams', { total: 5_000, share: 2_000, floor: 50 });
  /** Bytes of frames that are not read yet. */
  private readonly unread = new Budget('stream bytes', { total: 48 * MIB, share: 16 * MIB, floor: 2 * MIB });
  private readonly live = new Set<Stream>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly stopping: AbortSignal) {}

  /** Sends server-sent events until there are no more, the caller has gone, or the gateway stops. @throws {Refusal} over the budget */
  async send(owner: Owner, reply: FastifyReply, frames: Frames): Promise<void> {
    if (!this.open.take(owner)) throw this.open.refusal(owner);
    const stop = new AbortController();
    const stream: Stream = {
      news: new News(),
      silentSince: Date.now(),
      unreadSince: null,
      end: () => void reply.raw.destroy(),
    };
    this.live.add(stream);
    this.timer ??= setInterval(() => this.look(), LOOKED_EVERY_MS).unref();
    const end = (): void => stop.abort();
    this.stopping.addEventListener('abort', end, { once: true, signal: stop.signal });
    reply.raw.once('close', () => {
      stop.abort();
      stream.news.signal();
      this.live.delete(stream);
      this.open.free(owner);
      if (this.live.size > 0 || !this.timer) return;
      clearInterval(this.timer);
      this.timer = null;
    });
    reply
      .header('content-type', 'text/event-stream; charset=utf-8')
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no');
    const content = this.counted(owner, stream, frames(stop.signal, stream.news));
    await reply.send(Readable.from(content, { objectMode: false }));
  }

  private async *counted(owner: Owner, stream: Stream, frames: AsyncGenerator<string>): AsyncGenerator<string> {
    for await (const frame of frames) {
      const size = Buffer.byteLength(frame);
      if (!this.unread.take(owner, size)) return;
      stream.unreadSince = Date.now();
      try {
        yield frame;
      } finally {
        this.unread.free(owner, size);
      }
      stream.unreadSince = null;
      stream.silentSince = Date.now();
    }
  }

  private look(): void {
    const now = Date.now();
    for (const stream of this.live) {
      if (stream.unreadSince !== null && now - stream.unreadSince > UNREAD_MS) stream.end();
      else if (now - stream.silentSince >= KEEP_ALIVE_MS) stream.news.signal('silent');
    }
  }
}

interface Stream {
  news: News;
  silentSince: number;
  /** Since when a frame is in hand that the reader has not taken. */
  unreadSince: number | null;
  end: () => void;
}

/** Tells a stream that there is something new, or that it was silent for too long. What comes before the wait is not lost. */
export class News {
  private isNew = false;
  private isSilent = false;
  private wake: (() => void) | null = null;

  signal(why: 'new' | 'silent' = 'new'): void {
    if (why === 'new') this.isNew = true;
    else this.isSilent = true;
    this.wake?.();
  }

  /** Resolves to a comment to be sent where there is nothing new. */
  async next(): Promise<'new' | typeof STILL_HERE> {
    if (!this.isNew && !this.isSilent) await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = null;
    const { isNew } = this;
    this.isNew = this.isSilent = false;
    return isNew ? 'new' : STILL_HERE;
  }
}
