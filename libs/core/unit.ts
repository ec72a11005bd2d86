import type { Agent, Card, MessageContent } from '#contract';
import type { InboxEntry } from './delivery-ports.js';
import { isConversation } from './conversation.js';
import type { Answer, IdempotencyKey } from './ports.js';
import type { Attachment, Conversion, Handover, Message, MessageStatus } from './handover.js';
import { newEventId, newId } from './ids.js';

export const EVENT_TYPES = [
  'handover.queued',
  'handover.active',
  'agent.joined',
  'agent.left',
  'handover.transferred',
  'handover.update_failed',
  'message.created',
  'message.failed',
  'activity',
  'handover.inactive',
  'handover.completed',
  'handover.cancelled',
  'handover.failed',
  'conversation.started',
  'conversation.resumed',
  'conversation.ended',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A numbered event for the bot. `body` is the JSON that is signed and sent, byte for byte the same on every try. */
export interface HandoverEvent {
  handoverId: string;
  sequence: number;
  type: EventType;
  body: string;
  /** What the bot knows the event by. Random: a number may come again after a failover that lost what had it. Null: from before. */
  webhookId: string | null;
}

/** Something to be done in the contact centre, numbered within its handover in the order in which it was asked for. */
export interface Command {
  sequence: number;
  kind: 'start' | 'message' | 'update' | 'end';
  message: Message | null;
  payload: CommandPayload | null;
}

/**
 * `update`: what changed. `end`: the conversation, where it is not the handover's own; or, `release`, nothing in the contact centre:
 * an incoming conversation goes back to its bot, or has ended with its handover. `message`: which of its parts this is and what is
 * sent for it, where that is not just the message.
 */
export interface CommandPayload {
  release?: true;
  userChanged?: boolean;
  queueId?: string;
  conversationId?: string;
  part?: number;
  parts?: number;
  as?: MessageContent;
}

/** What became of an event of the contact centre in the inbox. */
export interface InboxVerdict {
  id: string;
  status: 'applied' | 'ignored' | 'dead';
  /** Why it was ignored or set aside. */
  reason: string | null;
}

/** An event of the contact centre that is stored and applied in one go. */
export interface Arrival {
  entry: InboxEntry;
  status: 'applied' | 'ignored';
  reason: string | null;
}

/** The body of an event that is true for a moment only: the same as of the others, without a number. */
export function liveEvent(
  { id, provider, sessionId, userId }: Handover,
  type: 'typing',
  data: object,
  now: Date,
): string {
  const common = { handoverId: id, provider, sessionId, userId };
  return JSON.stringify({ type, timestamp: now.toISOString(), data: { ...common, ...data } });
}

/**
 * One handover being changed: the row, and everything that the change brings with it. It is stored in one statement, so an
 * event or a command exists if and only if the change that caused it does.
 */
export class HandoverUnit {
  readonly events: HandoverEvent[] = [];
  readonly messages: Message[] = [];
  readonly commands: Command[] = [];
  readonly messageStatuses: {
    ids: string[] | 'transcript' | 'pending';
    status: MessageStatus;
    error: string | null;
  }[] = [];
  /** Events of the inbox that this change takes care of. */
  readonly verdicts: InboxVerdict[] = [];
  /** Events of the inbox that came after the end: they are for whoever has the conversation next. */
  readonly deferred: string[] = [];
  /** Answers to be given again to repeated requests. */
  readonly answers: { key: IdempotencyKey; answer: Answer }[] = [];

  /** Events that are applied as they come and go into the inbox with this change. */
  readonly arrivals: Arrival[] = [];
  /** Handovers of this conversation that begin with this change: stored if and only if it is. */
  readonly opened: HandoverUnit[] = [];
  private readonly wasBound: boolean;
  private readonly wasHandedOver: boolean;

  /** @param isNew there is no row yet */
  constructor(
    readonly handover: Handover,
    readonly now: Date,
    readonly isNew = false,
  ) {
    this.wasBound = handover.conversationId !== null;
    this.wasHandedOver = handover.status === 'handed_over';
  }

  /** By this change the conversation becomes known, or somebody else's, so events that came before can be applied. */
  get freesEvents(): boolean {
    const { conversationId, status } = this.handover;
    const isBound = !this.wasBound && conversationId !== null;
    return isBound || (this.wasHandedOver && status !== 'handed_over') || this.deferred.length > 0;
  }

  emit(type: EventType, data: Record<string, unknown> = {}): void {
    const { id, provider, sessionId, userId } = this.handover;
    const sequence = ++this.handover.eventSequence;
    const subject = isConversation(this.handover) ? { conversationId: id } : { handoverId: id };
    const body = JSON.stringify({
      type,
      timestamp: this.now.toISOString(),
      data: { ...subject, sequence, provider, sessionId, userId, ...data },
    });
    this.events.push({ handoverId: id, sequence, type, body, webhookId: newEventId() });
  }

  addMessage(message: {
    author: Message['author']['type'];
    agent?: Agent | null;
    remoteId?: string;
    text: string | null;
    cards?: Card[];
    attachments?: Attachment[];
    status: MessageStatus;
    conversion?: Conversion | null;
    at?: Date;
  }): Message {
    const added: Message = {
      id: newId('msg'),
      handoverId: this.handover.id,
      sequence: ++this.handover.messageSequence,
      author: { type: message.author, id: message.agent?.id ?? null, name: message.agent?.name ?? null },
      ...(message.remoteId === undefined ? {} : { remoteId: message.remoteId }),
      text: message.text,
      attachments: message.attachments ?? [],
      cards: message.cards ?? [],
      status: message.status,
      error: null,
      conversion: message.conversion ?? null,
      at: message.at ?? this.now,
    };
    this.messages.push(added);
    return added;
  }

  command(kind: Command['kind'], of: { message?: Message; payload?: CommandPayload } = {}): void {
    const sequence = ++this.handover.commandSequence;
    this.commands.push({ sequence, kind, message: of.message ?? null, payload: of.payload ?? null });
  }

  /** Sets messages' status: by id, all of the request's transcript, or all that are still pending. */
  setMessageStatus(ids: string[] | 'transcript' | 'pending', status: MessageStatus, error: string | null = null): void {
    this.messageStatuses.push({ ids, status, error });
  }

  /** The next moment at which the handover needs attention, if any. */
  get wakeAt(): Date | null {
    const times = Object.values(this.handover.lifecycle.timers);
    return times.length > 0 ? new Date(Math.min(...times)) : null;
  }
}
