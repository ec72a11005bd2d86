import { createHmac, randomUUID } from 'node:crypto';
import type { LogItem } from '#core';
import type { Agent, Dispatcher } from 'undici';
import { post } from './post.js';
import type { Executor, Outcome } from './executor.js';

/** How long events are retried before they are kept as failed. */
const GIVE_UP_AFTER_MS = 24 * 3_600_000;
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** What is true for a moment only: how long the bot may take for it, and how much of it may be under way to one bot. */
const SIGNAL = { withinMs: 3_000, maxUnderWay: 4 };

/** Where a bot wants its events. */
export interface Callback {
  url: string;
  /** `whsec_` and base64, as Standard Webhooks has it. */
  secret: string;
  /** `user:password` for HTTP Basic Authentication; null where the bot wants none. */
  credentials: string | null;
}

export const GONE = 'The callback URL answered 410 Gone.';

export interface Callbacks {
  /**
   * The bot's callback, or why there is none.
   * @param evenIfGone also one that answered 410: an operator wants to know whether it is back
   */
  callbackOf(bot: string, evenIfGone: boolean): Promise<Callback | string>;
  /** The bot's callback URL answered 410: nothing is sent there any more. */
  gone(bot: string, url: string): Promise<void>;
  /** It has answered as it should, and counts as there again. */
  back(bot: string, url: string): Promise<void>;
}

/** The headers that sign a body as Standard Webhooks says. */
export function signatureHeaders(secret: string, id: string, timestamp: number, body: string): Record<string, string> {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signature}` };
}

/** Posts events to the bots' callbacks. */
export class BotDeliveries {
  private readonly agent: Dispatcher;
  private readonly urls = new Map<string, URL>();
  private readonly signalling = new Map<string, number>();

  /** @param outbound makes the way out to the bots: the one that goes to the contact centres as well */
  constructor(
    private readonly callbacks: Callbacks,
    private readonly now: () => number,
    outbound: (options: Agent.Options) => Dispatcher,
  ) {
    const limits = { headersTimeout: 0, bodyTimeout: 0, connections: 64 };
    this.agent = outbound({ connect: { timeout: CONNECT_TIMEOUT_MS }, ...limits });
  }

  readonly execute: Executor = async ({ lane, item }) => {
    const isResend = item.deadLetter !== undefined;
    const callback = await this.callbacks.callbackOf(lane.target, isResend);
    if (typeof callback === 'string') return { kind: 'failed', error: callback };
    if (item.kind !== 'event') return { kind: 'failed', error: 'This is no event.' };
    const outcome = await this.post(callback, lane.handoverId, item);
    if (outcome !== 'gone') {
      if (isResend && outcome.kind === 'done') await this.callbacks.back(lane.target, callback.url);
      return outcome;
    }
    await this.callbacks.gone(lane.target, callback.url);
    return { kind: 'failed', error: GONE };
  };

  /** Posts an event that is not numbered, once. It is dropped when it cannot be delivered now. */
  async signal(bot: string, body: string): Promise<void> {
    const underWay = this.signalling.get(bot) ?? 0;
    if (underWay >= SIGNAL.maxUnderWay) return;
    this.signalling.set(bot, underWay + 1);
    try {
      const callback = await this.callbacks.callbackOf(bot, false);
      if (typeof callback === 'string') return;
      const headers = this.headersOf(callback, `sig_${randomUUID().replaceAll('-', '')}`, body);
      await post(this.agent, this.urlOf(callback), headers, body, SIGNAL.withinMs);
    } catch {
      // The next one is worth more than this one a second time.
    } finally {
      this.signalling.set(bot, this.signalling.get(bot)! - 1);
    }
  }

  private headersOf({ secret, credentials }: Callback, id: string, body: string): Record<string, string> {
    return {
      'content-type': 'application/json',
      'user-agent': 'handover-gateway',
      ...(credentials === null ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
      ...signatureHeaders(secret, id, Math.floor(this.now() / 1000), body),
    };
  }

  private urlOf({ url }: Callback): URL {
    const known = this.urls.get(url) ?? new URL(url);
    this.urls.set(url, known);
    return known;
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  private async post(
    callback: Callback,
    handoverId: string,
    { sequence, webhookId, body, ageMs }: LogItem & { kind: 'event' },
  ): Promise<Outcome | 'gone'> {
    const id = webhookId ?? `evt_${handoverId.replace(/^ho_/, '')}_${sequence}`;
    const headers = this.headersOf(callback, id, body);
    try {
      const { status, headers: answered } = await post(
        this.agent,
        this.urlOf(callback),
        headers,
        body,
        ANSWER_TIMEOUT_MS,
      );
      if (status >= 200 && status < 300) return { kind: 'done' };
      if (status === 410) return 'gone';
      const error = `The callback answered ${status}.`;
      if (ageMs > GIVE_UP_AFTER_MS) return { kind: 'failed', error };
      const after = retryAfterMs(answered['retry-after'], this.now());
      return { kind: 'retry', error, uncertain: false, retryAfterMs: after, isDown: status >= 500 };
    } catch (failure) {
      const { code, name } = failure as { code?: string; name: string };
      const error = `The callback could not be reached: ${code ?? name}.`;
      if (ageMs > GIVE_UP_AFTER_MS) return { kind: 'failed', error };
      return { kind: 'retry', error, uncertain: false, isDown: true };
    }
  }
}

function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  if (typeof header !== 'string') return undefined;
  const ms = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : undefined;
}
