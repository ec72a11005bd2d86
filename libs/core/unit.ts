import type { Agent, Card } from '#contract';
import type { Attachment, Handover, Message, MessageStatus } from './handover.js';
import { newId } from './ids.js';

export const EVENT_TYPES = [
  'handover.queued',
  'handover.active',
  'agent.joined',
  'agent.left',
  'handover.transferred',
  'message.created',
  'message.failed',
  'activity',
  'handover.completed',
  'handover.cancelled',
  'handover.failed',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A numbered event for the bot. `body` is the JSON that is signed and sent, byte for byte the same on every try. */
export interface HandoverEvent {
  handoverId: string;
  sequence: number;
  type: EventType;
  body: string;
}

/** Something to be done in the contact centre, in the order in which it was asked for. */
export interface Command {
  kind: 'start' | 'message' | 'update' | 'end';
  messageId?: string;
  payload?: CommandPayload;
}

/** `update`: what changed. `end`: the conversation, where it is not the handover's own. */
export interface CommandPayload {
  userChanged?: boolean;
  queueId?: string;
  conversationId?: string;
}

/**
 * One handover being changed: the row, and everything that the change brings with it. It is stored in one transaction, so an
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

  constructor(
    readonly handover: Handover,
    readonly now: Date,
  ) {}

  emit(type: EventType, data: Record<string, unknown> = {}): void {
    const { id, provider, sessionId, userId } = this.handover;
    const sequence = ++this.handover.eventSequence;
    const body = JSON.stringify({
      type,
      timestamp: this.now.toISOString(),
      data: { handoverId: id, sequence, provider, sessionId, userId, ...data },
    });
    this.events.push({ handoverId: id, sequence, type, body });
  }

  addMessage(message: {
    author: Message['author']['type'];
    agent?: Agent | null;
    text: string | null;
    cards?: Card[];
    attachments?: Attachment[];
    status: MessageStatus;
    at?: Date;
  }): Message {
    const added: Message = {
      id: newId('msg'),
      handoverId: this.handover.id,
      sequence: ++this.handover.messageSequence,
      author: { type: message.author, id: message.agent?.id ?? null, name: message.agent?.name ?? null },
      text: message.text,
      attachments: message.attachments ?? [],
      cards: message.cards ?? [],
      status: message.status,
      error: null,
      at: message.at ?? this.now,
    };
    this.messages.push(added);
    return added;
  }

  command(command: Command): void {
    this.commands.push(command);
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
