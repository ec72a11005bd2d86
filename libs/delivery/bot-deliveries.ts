import { createHmac } from 'node:crypto';
import type { HandoverStore, OutboxItem } from '#core';
import { Agent, request } from 'undici';
import type { Executor, Outcome } from './relay.js';

/** How long events are retried before they are kept as failed. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/** Where a bot wants its events. */
export interface Callback {
  url: string;
  /** `whsec_` and base64, as Standard Webhooks has it. */
  secret: string;
}

export interface Callbacks {
  callbackOf(bot: string): Callback | null;
  /** The bot's callback URL answered 410: nothing is sent there any more. */
  gone(bot: string, url: string): Promise<void>;
}

/** The headers that sign a body as Standard Webhooks says. */
export function signatureHeaders(secret: string, id: string, timestamp: number, body: string): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}

/** Posts events to the bots' callbacks. */
export class BotDeliveries {
  private readonly agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
    connections: 64,
  });

  constructor(
    private readonly handovers: HandoverStore,
    private readonly callbacks: Callbacks,
    private readonly now: () => number,
  ) {}

  readonly execute: Executor = async (item) => {
    const handover = await this.handovers.get(item.handoverId);
    const [event] = await this.handovers.events(item.handoverId, item.eventSequence! - 1, 1);
    const callback = handover ? this.callbacks.callbackOf(handover.bot) : null;
    if (!handover || !event || !callback) return { kind: 'failed', error: 'The bot has no callback URL any more.' };
    const outcome = await this.post(callback, item, event.body);
    if (outcome !== 'gone') return outcome;
    await this.callbacks.gone(handover.bot, callback.url);
    return { kind: 'settled' };
  };

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async post(callback: Callback, item: OutboxItem, body: string): Promise<Outcome | 'gone'> {
    const id = `evt_${item.handoverId.replace(/^ho_/, '')}_${item.eventSequence}`;
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'handover-gateway',
      ...signatureHeaders(callback.secret, id, Math.floor(this.now() / 1000), body),
    };
    try {
      const answer = await request(callback.url, { method: 'POST', headers, body, dispatcher: this.agent });
      await answer.body.dump({ limit: 65_536 });
      if (answer.statusCode >= 200 && answer.statusCode < 300) return { kind: 'done' };
      if (answer.statusCode === 410) return 'gone';
      return retry(
        item,
        `The callback answered ${answer.statusCode}.`,
        retryAfterMs(answer.headers['retry-after'], this.now()),
      );
    } catch (error) {
      return retry(
        item,
        `The callback could not be reached: ${(error as { code?: string }).code ?? (error as Error).name}.`,
      );
    }
  }
}

function retry(item: OutboxItem, error: string, after?: number): Outcome {
  if (item.ageMs > GIVE_UP_AFTER_MS) return { kind: 'failed', error };
  return { kind: 'retry', error, uncertain: false, retryAfterMs: after };
}

function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
