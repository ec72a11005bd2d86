import { createHmac, randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { Faults } from '../faults.js';
import type { AccountState, ChatwootConversation } from './model.js';

const TIMEOUT_MS = 5_000;

export interface ChatwootDelivery {
  event: string;
  conversationId: number;
  url: string;
  status: number | null;
  at: number;
}

type Queued = {
  targets: { url: string; secret?: string }[];
  body: Record<string, unknown>;
  settled: (inboxStatus: number | null) => void;
};

/** Delivers events as Chatwoot does: each once, whatever is answered, to the webhook of the inbox and to those of the account. */
export class Webhooks {
  readonly made: ChatwootDelivery[] = [];
  private readonly queues = new Map<string, Queued[]>();

  constructor(
    private readonly faults: Faults,
    private readonly events: EventEmitter,
  ) {}

  /** Resolves to what the inbox's webhook answered, once all was answered, lost or dropped; null for no answer. */
  enqueue(
    state: AccountState,
    conversation: ChatwootConversation,
    body: Record<string, unknown>,
  ): Promise<number | null> {
    const { webhookUrl, secret } = state.inbox(conversation.inboxId)!;
    const targets = [...(webhookUrl ? [{ url: webhookUrl, secret }] : []), ...(state.account.webhooks ?? [])];
    const key = `${state.account.id}/${conversation.id}`;
    return new Promise((settled) => {
      const queue = this.queues.get(key) ?? [];
      queue.push({ targets, body: structuredClone(body), settled });
      if (this.queues.has(key)) return;
      this.queues.set(key, queue);
      // Events of one action wait together for a moment, so that they can be told in another order.
      setImmediate(() => void this.drain(key, queue));
    });
  }

  /** Sends anything at all, once. Null when there was no answer. `at` is the time of the signature, epoch milliseconds. */
  async post(
    url: string,
    body: string,
    { secret, at = Date.now() }: { secret?: string; at?: number } = {},
  ): Promise<number | null> {
    const timestamp = String(Math.floor(at / 1_000));
    const hmac = secret && createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    const signed: Record<string, string> = hmac
      ? { 'x-chatwoot-timestamp': timestamp, 'x-chatwoot-signature': `sha256=${hmac}` }
      : {};
    const headers = { 'content-type': 'application/json', 'x-chatwoot-delivery': randomUUID(), ...signed };
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch(() => null);
    await answer?.body?.cancel();
    return answer?.status ?? null;
  }

  private async drain(key: string, queue: Queued[]): Promise<void> {
    while (queue.length > 0) {
      const next = this.faults.current.reorder ? queue.pop()! : queue.shift()!;
      next.settled(await this.deliver(next));
    }
    this.queues.delete(key);
  }

  private async deliver({ targets, body }: Queued): Promise<number | null> {
    const { dropEvents, duplicateEvents, webhookDelayMs } = this.faults.current;
    const event = String(body.event);
    if (dropEvents.includes('*') || dropEvents.includes(event)) return null;
    if (webhookDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, webhookDelayMs).unref());
    const conversation = (event.startsWith('conversation') ? body : body.conversation) as { id: number };
    const answers: (number | null)[] = [];
    for (const target of duplicateEvents ? [...targets, ...targets] : targets) {
      const status = await this.post(target.url, JSON.stringify(body), target);
      answers.push(status);
      const delivery = { event, conversationId: conversation.id, url: target.url, status, at: Date.now() };
      this.made.push(delivery);
      this.events.emit('webhook', delivery);
    }
    return answers[0] ?? null;
  }
}
