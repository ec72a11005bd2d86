import type { Agent, Card, Customer, FieldError, Queue } from '#contract';
import type { ConversationStatus, Incoming } from './conversation.js';
import type { Lifecycle } from './lifecycle.js';

export const HANDOVER_STATUSES = ['requested', 'queued', 'active', 'completed', 'cancelled', 'failed'] as const;
export type HandoverStatus = (typeof HANDOVER_STATUSES)[number];
export type FinalStatus = 'completed' | 'cancelled' | 'failed';
export type EndReason = 'agent' | 'contact_center' | 'bot' | 'user' | 'inactivity' | 'no_agent' | 'operator';

/** Why a handover failed: `unsupported`, `rejected` by the contact centre, or `unreachable` until the gateway gave up. */
export interface HandoverError {
  reason: 'unsupported' | 'rejected' | 'unreachable';
  message: string;
}

/**
 * One conversation handed from a bot to human agents, from the request to its end. A conversation that began in the contact centre has
 * the same form (`isConversation`), and a status of its own.
 */
export interface Handover {
  id: string;
  bot: string;
  provider: string;
  sessionId: string;
  userId: string;
  user: Customer;
  /** What the request brought along; the provider's defaults are not repeated here. */
  settings: Record<string, unknown>;
  metadata: unknown;
  status: HandoverStatus | ConversationStatus;
  conversationId: string | null;
  /** When the conversation became known. */
  boundAt: Date | null;
  queue: Queue | null;
  agent: Agent | null;
  error: HandoverError | null;
  endReason: EndReason | null;
  createdAt: Date;
  queuedAt: Date | null;
  activeAt: Date | null;
  endedAt: Date | null;
  /** Set once the bot's side asked for the end; from then on it decides the end reason. */
  closing: EndReason | null;
  lifecycle: Lifecycle;
  /** The conversation that began in the contact centre, where it did. */
  incoming: Incoming | null;
  /** How many messages of the transcript came with the request. */
  transcriptLength: number;
  messageSequence: number;
  eventSequence: number;
  commandSequence: number;
}

export type MessageStatus = 'pending' | 'delivered' | 'failed';

/** A file named in a message. */
export interface Attachment {
  id: string;
  filename: string;
  contentType: string | null;
  /** Bytes; null where the file could not be had. */
  size: number | null;
  /** Why the file could not be had. */
  error?: string;
}

/** One entry of a handover's transcript. */
export interface Message {
  id: string;
  handoverId: string;
  sequence: number;
  /** The contact centre's id of it, where it is known when the message is added. */
  remoteId?: string;
  author: { type: 'user' | 'bot' | 'agent' | 'system'; id: string | null; name: string | null };
  text: string | null;
  attachments: Attachment[];
  cards: Card[];
  status: MessageStatus;
  error: string | null;
  /** What the contact centre could not show as it was sent; null where nothing was lost. */
  conversion: Conversion | null;
  at: Date;
}

/** How a message was changed so that the contact centre can show it; pointers into the message. */
export interface Conversion {
  losses: FieldError[];
}

/** A message as the API and the events show it. `error` appears only on a failed one, `conversion` only where something was lost. */
export function messageView(message: Message): Record<string, unknown> {
  const { id, sequence, author, text, attachments, cards, status, error, conversion, at } = message;
  return {
    id,
    sequence,
    author,
    text,
    attachments,
    cards,
    status,
    ...(error ? { error } : {}),
    ...(conversion ? { conversion } : {}),
    at: at.toISOString(),
  };
}

/** A handover as the API shows it. */
export function handoverView(handover: Handover): Record<string, unknown> {
  const final = isFinal(handover);
  return {
    id: handover.id,
    status: handover.status,
    control: final ? 'bot' : 'human',
    provider: handover.provider,
    sessionId: handover.sessionId,
    userId: handover.userId,
    user: handover.user,
    settings: handover.settings,
    metadata: handover.metadata ?? null,
    conversationId: handover.conversationId,
    channel: handover.incoming ? 'contact_center' : 'bot',
    incomingConversationId: handover.incoming?.id ?? null,
    queue: handover.queue,
    agent: handover.agent,
    error: handover.error,
    endReason: handover.endReason,
    createdAt: handover.createdAt.toISOString(),
    queuedAt: handover.queuedAt?.toISOString() ?? null,
    activeAt: handover.activeAt?.toISOString() ?? null,
    endedAt: handover.endedAt?.toISOString() ?? null,
  };
}

export function isFinal({ status }: Pick<Handover, 'status'>): boolean {
  return status === 'completed' || status === 'cancelled' || status === 'failed' || status === 'ended';
}
