import type { EventEmitter } from 'node:events';
import { Agent, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { Faults } from './faults.js';
import { simulatedId } from './model.js';
import type { Signer, SignWith } from './signing.js';

export interface SimulatedEvent {
  eventType: string;
  conversationId?: string;
  timestamp?: number;
  data?: unknown;
}

export interface WebhookDelivery {
  eventId: string;
  eventType: string;
  conversationId?: string;
  url: string;
  attempt: number;
  status: number | null;
  at: number;
}

export interface DeliveryOptions {
  eventId?: string;
  retry?: number;
  transmissionTime?: number;
  signWith?: SignWith;
  badCrc?: boolean;
  rawBody?: string | Buffer;
}

interface Target {
  url: string;
  tenant: string;
  customerId: string;
}

type Queued = { target: Target; event: SimulatedEvent; settled: () => void };

const TIMEOUT_MS = 5_000;

/** Delivers events: one conversation's one after the other, conversations in parallel, and again where the answer was no 2xx. */
export class Deliveries {
  readonly made: WebhookDelivery[] = [];
  private readonly agent = new Agent({ keepAlive: true });
  private readonly queues = new Map<string, Queued[]>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private stopped = false;

  constructor(
    private readonly signer: Signer,
    private readonly faults: Faults,
    private readonly retryDelaysMs: number[],
    private readonly events: EventEmitter,
  ) {}

  /** Queues an event; resolves when it was answered, given up on or dropped. */
  enqueue(target: Target, event: SimulatedEvent): Promise<void> {
    const key = event.conversationId ?? simulatedId();
    return new Promise((settled) => {
      const queue = this.queues.get(key);
      if (queue) {
        queue.push({ target, event, settled });
        return;
      }
      this.queues.set(key, [{ target, event, settled }]);
      // Events of one action wait together for a moment, so that they can be told in another order.
      setImmediate(() => void this.drain(key));
    });
  }

  /** Delivers once, without a retry. Null when there was no answer. */
  async once(target: Target, event: SimulatedEvent, options: DeliveryOptions = {}): Promise<number | null> {
    const { badCrc, unknownKid, escapeUnicode } = this.faults.current;
    const eventId = options.eventId ?? simulatedId();
    const body = Buffer.isBuffer(options.rawBody)
      ? options.rawBody
      : Buffer.from(options.rawBody ?? serialize(event, escapeUnicode));
    const retry = options.retry ?? 0;
    const parts = {
      eventId,
      tenant: target.tenant,
      customerId: target.customerId,
      retry,
      transmissionTime: options.transmissionTime ?? Date.now() + this.faults.current.clockSkewMs,
    };
    const headers = this.signer.headers(body, parts, {
      signWith: options.signWith ?? (unknownKid ? 'unknown-kid' : 'current'),
      badCrc: options.badCrc ?? badCrc,
    });
    const status = await this.post(target.url, headers, body);
    const { eventType, conversationId } = event;
    const delivery = { eventId, eventType, conversationId, url: target.url, attempt: retry, status, at: Date.now() };
    this.made.push(delivery);
    this.events.emit('webhook', delivery);
    return status;
  }

  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
    this.agent.destroy();
  }

  private async drain(key: string): Promise<void> {
    const queue = this.queues.get(key)!;
    while (queue.length > 0 && !this.stopped) {
      const next = this.faults.current.reorder ? queue.pop()! : queue.shift()!;
      await this.deliver(next);
      next.settled();
    }
    this.queues.delete(key);
  }

  private async deliver({ target, event }: Queued): Promise<void> {
    const { dropEvents, duplicateEvents, retryWithNewTime, webhookDelayMs } = this.faults.current;
    if (dropEvents.includes('*') || dropEvents.includes(event.eventType)) return;
    if (webhookDelayMs > 0) await this.pause(webhookDelayMs);
    const eventId = simulatedId();
    const status = await this.once(target, event, { eventId });
    if (duplicateEvents) await this.once(target, event, { eventId });
    if (retryWithNewTime) await this.once(target, event, { eventId, retry: 1 });
    if (!isOk(status)) this.retryLater(target, event, eventId, 1);
  }

  private retryLater(target: Target, event: SimulatedEvent, eventId: string, retry: number): void {
    const delay = this.retryDelaysMs[retry - 1];
    if (delay === undefined || this.stopped) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      void this.once(target, event, { eventId, retry }).then((status) => {
        if (!isOk(status)) this.retryLater(target, event, eventId, retry + 1);
      });
    }, delay);
    this.timers.add(timer);
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.timers.add(timer);
    });
  }

  private post(url: string, headers: Record<string, string>, body: Buffer): Promise<number | null> {
    return new Promise((resolve) => {
      const secure = url.startsWith('https:');
      const sent = (secure ? secureRequest : request)(
        url,
        {
          method: 'POST',
          agent: secure ? undefined : this.agent,
          timeout: TIMEOUT_MS,
          headers: { 'content-type': 'application/json', 'content-length': body.length, ...headers },
        },
        (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode ?? null));
          answer.on('error', () => resolve(null));
        },
      );
      sent.on('timeout', () => sent.destroy());
      sent.on('error', () => resolve(null));
      sent.end(body);
    });
  }
}

function isOk(status: number | null): boolean {
  return status !== null && status >= 200 && status < 300;
}

function serialize(event: SimulatedEvent, escapeUnicode: boolean): string {
  const text = JSON.stringify(event);
  if (!escapeUnicode) return text;
  return text.replaceAll(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
