import { Readable } from 'node:stream';
import { Refusal, type Page, type StoredEvent } from '#core';
import type { FastifyReply } from 'fastify';
import type { Runtime } from '../../../runtime/runtime.js';
import { pageOf } from '../paging.js';

const BATCH = 200;
/** A stream looks for other replicas' events this often, in milliseconds. */
const POLL_MS = 1_000;
/** A comment line keeps proxies from closing a silent stream. */
const KEEP_ALIVE_MS = 15_000;
const FINAL = /^(handover\.(completed|cancelled|failed)|conversation\.ended)$/;

/** How a request wants events: as a stream or, accepting JSON, as a page of a list; and from which on. */
export interface EventsWanted {
  accept?: string;
  lastEventId?: string;
  cursor?: string;
  limit?: string;
}

/** Answers with the events of a handover or an incoming conversation. @throws {Refusal} `invalid` */
export async function sendEvents(
  runtime: Runtime,
  id: string,
  wanted: EventsWanted,
  reply: FastifyReply,
): Promise<void> {
  const { accept, lastEventId, cursor } = wanted;
  if (lastEventId !== undefined && !/^\d{1,9}$/.test(lastEventId)) {
    throw new Refusal('invalid', 'The Last-Event-ID header must be the sequence of an event, a whole number.');
  }
  const after = Number(cursor ?? lastEventId ?? 0);
  if (accept?.includes('application/json')) await reply.send(await eventList(runtime, id, after, pageOf(wanted).limit));
  else await streamEvents(runtime, id, after, reply);
}

/** A page of stored events. */
async function eventList(runtime: Runtime, handoverId: string, after: number, limit: number): Promise<Page<unknown>> {
  const events = await runtime.handovers.events(handoverId, after, limit + 1);
  const data = events.slice(0, limit);
  return {
    data: data.map(({ body }) => JSON.parse(body) as unknown),
    next: events.length > limit ? String(data.at(-1)!.sequence) : null,
  };
}

/** Sends the stored events as server-sent events, then new ones as they come, and ends after the final one. */
async function streamEvents(runtime: Runtime, id: string, after: number, reply: FastifyReply): Promise<void> {
  await sendFrames(runtime, reply, (stop) => frames(runtime, id, after, stop));
}

/** Sends server-sent events until there are no more, the caller has gone, or the gateway stops. */
export async function sendFrames(
  runtime: Runtime,
  reply: FastifyReply,
  frames: (stop: AbortSignal) => AsyncGenerator<string>,
): Promise<void> {
  const stop = new AbortController();
  reply.raw.once('close', () => stop.abort());
  runtime.stopping.addEventListener('abort', () => stop.abort(), { once: true, signal: stop.signal });
  reply
    .header('content-type', 'text/event-stream; charset=utf-8')
    .header('cache-control', 'no-store')
    .header('x-accel-buffering', 'no');
  await reply.send(Readable.from(frames(stop.signal), { objectMode: false }));
}

async function* frames(runtime: Runtime, handoverId: string, after: number, stop: AbortSignal): AsyncGenerator<string> {
  const news = new News();
  // Of what is not stored only the newest counts: it replaces what was true before.
  let live: string | null = null;
  const unsubscribe = runtime.hub.subscribe(handoverId, (body) => {
    live = body ?? live;
    news.signal();
  });
  let sequence = after;
  let silentSince = Date.now();
  try {
    yield 'retry: 1000\n\n';
    while (!stop.aborted) {
      const arrived = news.next(POLL_MS, stop);
      const events = await runtime.handovers.events(handoverId, sequence, BATCH);
      for (const event of events) {
        yield frame(event);
        sequence = event.sequence;
        if (FINAL.test(event.type)) return;
      }
      if (live !== null) yield `event: typing\ndata: ${live}\n\n`;
      live = null;
      if (events.length > 0) silentSince = Date.now();
      else if (await isOver(runtime, handoverId, sequence)) return;
      else if (Date.now() - silentSince > KEEP_ALIVE_MS) {
        yield ': still here\n\n';
        silentSince = Date.now();
      }
      if (events.length < BATCH) await arrived;
    }
  } finally {
    unsubscribe();
  }
}

/** Whoever asks for what comes after the final event gets an end, not a wait. */
async function isOver(runtime: Runtime, handoverId: string, sequence: number): Promise<boolean> {
  const handover = await runtime.handovers.get(handoverId);
  return !handover || (handover.endedAt !== null && handover.eventSequence <= sequence);
}

function frame({ sequence, type, body }: StoredEvent): string {
  return `id: ${sequence}\nevent: ${type}\ndata: ${body}\n\n`;
}

/** Waits for a signal; one that comes before the wait is not lost. */
export class News {
  private wake: (() => void) | null = null;

  signal(): void {
    this.wake?.();
  }

  next(withinMs: number, stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        stop.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      stop.addEventListener('abort', done);
      this.wake = done;
    });
  }
}
