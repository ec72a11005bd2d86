import type { Exchange } from './wire.js';

/** An event as the bot gets it. */
export interface EventBody {
  type: string;
  data: { handoverId: string; sequence?: number; message?: { text: string | null } };
}

/** A webhook of 8x8's, as far as it matters here. */
export interface WebhookBody {
  eventType: string;
  conversationId?: string;
  timestamp?: number;
  data?: { text?: string; sender?: { id: string; type: string }; state?: string; change?: string; memberType?: string };
}

/** Counts what was acknowledged as it happens, for those who wait for it. */
export class Ledger {
  private readonly events = new Map<string, Map<number, string>>();
  private readonly messages = new Map<string, Set<number>>();
  private readonly agentMessages = new Map<string, Set<string>>();

  /** A callback of the bot has begun. */
  calling(exchange: Exchange): void {
    const { type, data } = JSON.parse(exchange.body) as EventBody;
    if (type !== 'message.created') return;
    const known = this.messages.get(data.handoverId) ?? new Set<number>();
    this.messages.set(data.handoverId, known.add(data.sequence!));
  }

  /** A callback of the bot is over. */
  called(exchange: Exchange): void {
    if (!isOk(exchange)) return;
    const { type, data } = JSON.parse(exchange.body) as EventBody;
    if (data.sequence === undefined) return;
    const known = this.events.get(data.handoverId) ?? new Map<number, string>();
    this.events.set(data.handoverId, known.set(data.sequence, type));
  }

  /** A call of the gateway is over. */
  fronted(exchange: Exchange): void {
    if (!isOk(exchange) || !isWebhook(exchange)) return;
    const { eventType, conversationId, data } = JSON.parse(exchange.body) as WebhookBody;
    if (eventType !== 'MESSAGE' || data?.sender?.type !== 'agent') return;
    const known = this.agentMessages.get(conversationId!) ?? new Set<string>();
    this.agentMessages.set(conversationId!, known.add(exchange.headers['x-8x8-event-id'] as string));
  }

  forget(): void {
    for (const counted of [this.events, this.messages, this.agentMessages]) counted.clear();
  }

  /** The types of a handover's events that the bot has acknowledged, each event once. */
  acknowledged(handoverId: string): string[] {
    return [...(this.events.get(handoverId)?.values() ?? [])];
  }

  /** How many different messages the bot was brought, acknowledged or not. */
  brought(handoverId: string): number {
    return this.messages.get(handoverId)?.size ?? 0;
  }

  /** How many different messages of agents the gateway has acknowledged to 8x8. */
  answered(conversationId: string): number {
    return this.agentMessages.get(conversationId)?.size ?? 0;
  }
}

export function isWebhook({ path }: Exchange): boolean {
  return path.startsWith('/handover/');
}

/** Whether the caller was told that it succeeded. */
export function isOk({ status }: Exchange): boolean {
  return status !== null && status >= 200 && status < 300;
}
