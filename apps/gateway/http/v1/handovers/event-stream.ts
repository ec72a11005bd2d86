import { Refusal, type NewestOf, type Owner, type Page, type StoredEvent } from '#core';
import type { FastifyReply } from 'fastify';
import type { Runtime } from '../../../runtime/runtime.js';
import type { News } from '../../../runtime/streams.js';
import { pageOf } from '../paging.js';

const BATCH = 200;
const FINAL = /^(handover\.(completed|cancelled|failed)|conversation\.ended)$/;

/** How a request wants events: as a stream or, accepting JSON, as a page of a list; and from which on. */
export interface EventsWanted {
  accept?: string;
  lastEventId?: string;
  cursor?: string;
  limit?: string;
}

/** Answers with the events of a handover or an incoming conversation. @throws {Refusal} `invalid`, `over_budget`, `unavailable` */
export async function sendEvents(
  runtime: Runtime,
  owner: Owner,
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
  else {
    // A stream is in a budget of its own, and no request under way any more.
    reply.request.admitted?.holding.release();
    await runtime.streams.send(owner, reply, (stop, news) => frames(runtime, id, after, stop, news));
  }
}

/** A page of stored events. */
async function eventList(runtime: Runtime, handoverId: string, after: number, limit: number): Promise<Page<unknown>> {
  const { data, next } = await runtime.handovers.events(handoverId, after, limit);
  return { data: data.map(({ body }) => JSON.parse(body) as unknown), next };
}

/** The stored events, then new ones as they come, until the final one. */
async function* frames(
  runtime: Runtime,
  handoverId: string,
  after: number,
  stop: AbortSignal,
  news: News,
): AsyncGenerator<string> {
  // Of what is not stored only the newest counts: it replaces what was true before.
  let live: string | null = null;
  let isNew = true;
  let sequence = after;
  const wake = (): void => {
    isNew = true;
    news.signal();
  };
  const unsubscribe = runtime.hub.subscribe(handoverId, (body) => {
    if (body === undefined) return wake();
    live = body;
    news.signal();
  });
  const isBehind = (newest: NewestOf | undefined): boolean => !newest || newest.eventSequence > sequence;
  const unwatch = runtime.streamPoll.watch({ id: handoverId, isBehind, wake });
  try {
    yield 'retry: 1000\n\n';
    while (!stop.aborted) {
      while (isNew) {
        isNew = false;
        const { data, next } = await runtime.handovers.events(handoverId, sequence, BATCH);
        isNew ||= next !== null;
        if (data.length === 0 && (await isOver(runtime, handoverId, sequence))) return;
        // Taken out one by one: what was sent need not be kept while the rest waits for its reader.
        for (let event = data.shift(); event; event = data.shift()) {
          yield frame(event);
          sequence = event.sequence;
          if (FINAL.test(event.type) || stop.aborted) return;
        }
      }
      if (live !== null) {
        const said: string = live;
        live = null;
        yield `event: typing\ndata: ${said}\n\n`;
        continue;
      }
      const why = await news.next();
      if (why !== 'new') yield why;
    }
  } finally {
    unsubscribe();
    unwatch();
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
