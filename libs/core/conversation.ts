import type { Customer } from '#contract';
import type { Handover } from './handover.js';

export const CONVERSATION_STATUSES = ['open', 'handed_over', 'ended'] as const;
/** `open`: with the bot; `handed_over`: with the agents; `ended`: final. */
export type ConversationStatus = (typeof CONVERSATION_STATUSES)[number];

/** An incoming conversation: one that began in the contact centre. A handover of it has a copy, as it was when it was handed over. */
export interface Incoming {
  /** The gateway's own id, `cv_…`. */
  id: string;
  /** How the user reached the contact centre, such as `WhatsApp`; null where it does not say. */
  channel: string | null;
  /** Its latest handover. */
  handoverId: string | null;
  /** Whether the bot gets it back after the agent. */
  handBack: boolean;
  /** Messages of it up to this sequence were said before or in the handover that it came back from; left out where there is none. */
  resumedAfter?: number;
  /** What was said in it directly before its latest handover, after one sequence and up to another, and the handover before that. */
  before?: { after: number; until: number; handoverId: string | null };
  /** The contact centre's time of the newest thing known of it, epoch milliseconds. */
  lastAt: number | null;
  /** Of a handover: what the contact centre knew of the user before, so that it is not told that again. */
  known?: Customer;
}

/** What is said of the user, without what the contact centre said itself: that may be more, or other, than it takes. */
export function toldOf({ user, incoming }: Pick<Handover, 'user' | 'incoming'>): Customer {
  const known = incoming?.known;
  if (!known) return user;
  const { properties = {}, ...fields } = user;
  const news = differing(properties, known.properties ?? {});
  return { ...differing(fields, known), ...(Object.keys(news).length > 0 ? { properties: news } : {}) };
}

function differing<T extends object>(ours: T, theirs: object): T {
  const known = new Map(Object.entries(theirs));
  return Object.fromEntries(Object.entries(ours).filter(([name, value]) => known.get(name) !== value)) as T;
}

/** A unit's row is an incoming conversation itself, and no handover. */
export function isConversation({ id, incoming }: Pick<Handover, 'id' | 'incoming'>): boolean {
  return incoming?.id === id;
}

/**
 * The contact centre's time after which what agents say is said to this handover; null where all of it is. Before, they talked to the
 * user in an earlier handover of the same conversation.
 */
export function heardAfter({ incoming, createdAt }: Handover): number | null {
  return incoming && (incoming.lastAt ?? createdAt.getTime());
}

/** An incoming conversation as the API and the events show it. */
export function conversationView(conversation: Handover): Record<string, unknown> {
  const { id, status, provider, userId, user, endReason, createdAt, endedAt } = conversation;
  return {
    id,
    status,
    control: status === 'handed_over' ? 'human' : 'bot',
    provider,
    channel: conversation.incoming?.channel ?? null,
    userId,
    user,
    providerConversationId: conversation.conversationId,
    handoverId: conversation.incoming?.handoverId ?? null,
    endReason,
    createdAt: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
