import type { SimulatedConversation } from '../../apps/simulator/model.js';
import type { Replica } from './fleet.js';
import { isWebhook, type EventBody, type WebhookBody } from './ledger.js';
import type { Disturbance, Stage } from './stage.js';
import type { Accepted, Talk } from './talk.js';
import type { Exchange } from './wire.js';

/** A message as the gateway's transcript has it. */
export interface TranscriptMessage {
  id: string;
  sequence: number;
  author: { type: string };
  text: string | null;
  status: string;
}

/** All that either side saw of one handover. */
export interface Evidence {
  handoverId: string;
  name: string;
  /** What was waited for in vain. */
  stuck: string[];
  /** What the API tells at the end. */
  status: string | null;
  transcript: TranscriptMessage[];
  events: EventBody[];
  /** What the gateway accepted with 202, in this order. */
  accepted: Accepted[];
  /** What agents said, in this order. */
  said: { text: string; at: number }[];
  /** Those at 8x8 that carry the handover's id. */
  conversations: SimulatedConversation[];
  /** Calls of the bot. */
  requests: Exchange[];
  /** Events of 8x8. */
  webhooks: Exchange[];
  /** Calls of the gateway at 8x8. */
  calls: Exchange[];
  /** Events of the gateway to the bot. */
  deliveries: Exchange[];
  disturbances: Disturbance[];
  /** False: nothing happened that would excuse an answer of 5xx. */
  mayBeRefused: boolean;
  /** What the replicas logged of it. */
  logged: { at: number; line: string }[];
}

/** Collects the evidence of every talk, once all is over. */
export async function gather(stage: Stage, talks: Talk[]): Promise<Evidence[]> {
  const found: Evidence[] = [];
  for (const talk of talks) {
    const { handoverId, name, stuck, accepted, said, mayBeRefused } = talk;
    const conversations = handoverId === '' ? [] : stage.conversationsOf(handoverId);
    const ids = [...conversations.map(({ id }) => id), ...(handoverId === '' ? [] : [handoverId])];
    const concerns = ({ path, body }: Exchange): boolean => ids.some((id) => path.includes(id) || body.includes(id));
    const fronted = stage.fleet.front.exchanges.filter(concerns);
    found.push({
      ...{ handoverId, name, stuck, accepted, said, conversations, disturbances: stage.disturbances, mayBeRefused },
      requests: fronted.filter((exchange) => !isWebhook(exchange)),
      webhooks: fronted.filter(isWebhook),
      calls: stage.vendor.exchanges.filter(concerns),
      deliveries: stage.callback.exchanges.filter(concerns),
      logged: stage.fleet.replicas.flatMap((replica) => loggedBy(replica, ids)),
      ...(await told(stage, handoverId)),
    });
  }
  return found;
}

function loggedBy({ name, log }: Replica, ids: string[]): Evidence['logged'] {
  return log
    .filter((line) => line.startsWith('{') && ids.some((id) => line.includes(id)))
    .map((line) => {
      const { time, msg, ...rest } = JSON.parse(line) as { time: number | string; msg: string };
      return { at: new Date(time).getTime(), line: `${name} logs "${msg}" ${JSON.stringify(rest)}` };
    });
}

/** What the API tells of a handover. */
async function told(stage: Stage, handoverId: string): Promise<Pick<Evidence, 'status' | 'transcript' | 'events'>> {
  if (handoverId === '') return { status: null, transcript: [], events: [] };
  return {
    status: ((await one(stage, `/v1/handovers/${handoverId}`))?.status as string) ?? null,
    transcript: (await all(stage, `/v1/handovers/${handoverId}/messages`)) as TranscriptMessage[],
    events: (await all(stage, `/v1/handovers/${handoverId}/events`)) as EventBody[],
  };
}

/** The callback's body of a delivery. */
export function eventOf({ body }: Exchange): EventBody {
  return JSON.parse(body) as EventBody;
}

export function webhookOf({ body }: Exchange): WebhookBody {
  return JSON.parse(body) as WebhookBody;
}

async function one(stage: Stage, path: string): Promise<Record<string, unknown> | null> {
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const answer = await stage.call('GET', path);
    if (answer?.status === 200) return answer.body;
  }
  return null;
}

async function all(stage: Stage, path: string): Promise<unknown[]> {
  const items: unknown[] = [];
  let cursor = '';
  do {
    const page = await one(stage, `${path}?limit=200${cursor}`);
    items.push(...((page?.data as unknown[]) ?? []));
    cursor = page?.next ? `&cursor=${encodeURIComponent(page.next as string)}` : '';
  } while (cursor !== '');
  return items;
}
