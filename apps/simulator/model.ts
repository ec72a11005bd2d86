import { randomBytes } from 'node:crypto';

/** A customer's contact centre: who works there, and which queues there are. */
export interface SimulatedTenant {
  id: string;
  customerId: string;
  queues: SimulatedQueue[];
  agents: { id: string; name: string }[];
}

/** A chat queue that all agents are assigned to and enabled for, unless it says otherwise. */
export interface SimulatedQueue {
  id: string;
  name: string;
  mediaType?: 'chat' | 'phone' | 'email' | 'vmail';
  assignedAgents?: number;
  enabledAgents?: number;
}

export interface SimulatedWebhook {
  id: string;
  name: string;
  uri: string;
  version: string;
}

export interface SimulatedChannel {
  id: string;
  name: string;
  type: string;
  webHookId: string;
  routingOptions: { type: string; id: string };
}

export interface SimulatedMessage {
  id: string;
  authorType: 'user' | 'bot' | 'agent' | 'system';
  authorId: string;
  text?: string;
  attachments?: SimulatedAttachment[];
  cards?: unknown[];
  createdAt: number;
}

export interface SimulatedAttachment {
  id: string;
  filename: string;
  sizeInBytes: number;
  createdAt: number;
  content: Buffer;
  contentType: string;
  /** In the address under which it can be fetched without a key, until it expires. */
  token: string;
}

/** What the customer's side showed for a moment. */
export interface SimulatedSignal {
  kind: 'typing' | 'thinking' | 'read-receipt';
  authorType: 'user' | 'bot';
  /** Of a thinking. */
  maxSeconds?: number;
  /** Of a read receipt, in milliseconds. */
  readAt?: number;
  at: number;
}

export interface SimulatedConversation {
  id: string;
  tenant: string;
  state: 'created' | 'active' | 'idle';
  channelId: string;
  user: Record<string, unknown>;
  assignment: { type: string; id: string };
  /** Where it waits; null while an agent has it or it is over. */
  waitingIn: string | null;
  /** Everything said after the create, oldest first. */
  messages: SimulatedMessage[];
  /** What was said before, as the create brought it. */
  history: { authorType: string; text?: string }[];
  participants: { id: string; type: 'user' | 'agent'; removed: boolean }[];
  attachments: SimulatedAttachment[];
  /** The newest hundred, oldest first. */
  signals: SimulatedSignal[];
  /** Who gets it after the agent. */
  postAgentAssignment: { type: string; id: string } | null;
  createdAt: number;
  endedAt: number | null;
  /** The body of the create exactly as it was received. */
  request: unknown;
  /** The time of the last event; the next one's is later. */
  lastEventAt: number;
}

/** One tenant's data. */
export class TenantState {
  readonly webhooks = new Map<string, SimulatedWebhook>();
  readonly channels = new Map<string, SimulatedChannel>();
  readonly conversations = new Map<string, SimulatedConversation>();

  constructor(readonly tenant: SimulatedTenant) {}

  queue(id: string): SimulatedQueue | undefined {
    return this.tenant.queues.find((queue) => queue.id === id);
  }
}

/** A new conversation on a channel. */
export function newConversation(
  given: Pick<SimulatedConversation, 'tenant' | 'channelId' | 'user' | 'assignment' | 'history' | 'request'>,
): SimulatedConversation {
  return {
    ...given,
    id: simulatedId(),
    state: 'created',
    waitingIn: null,
    messages: [],
    participants: [{ id: simulatedId(), type: 'user', removed: false }],
    attachments: [],
    signals: [],
    postAgentAssignment: null,
    createdAt: Date.now(),
    endedAt: null,
    lastEventAt: 0,
  };
}

/** An id in the shape of 8x8's: letters and digits. */
export function simulatedId(): string {
  return randomBytes(16).toString('base64url').replaceAll(/[-_]/g, 'x');
}

export const WEBHOOK_VERSION = 'Chat Gateway v1.0';
