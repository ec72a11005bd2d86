import { randomBytes } from 'node:crypto';

export type Status = 'open' | 'pending' | 'resolved' | 'snoozed';
export const STATUSES: Status[] = ['open', 'pending', 'resolved', 'snoozed'];

/** An account as its administrator set it up. */
export interface ChatwootAccount {
  id: number;
  name: string;
  /** What the API takes; a user of this account only. */
  token: string;
  inboxes: ChatwootInbox[];
  teams: { id: number; name: string; agents: number[] }[];
  agents: { id: number; name: string }[];
  /** Webhooks of the account, beside those of its inboxes. */
  webhooks?: { url: string; secret?: string }[];
}

/** An inbox of the channel "API". Without a secret its webhook is not signed, as before Chatwoot 4.13. */
export interface ChatwootInbox {
  id: number;
  name: string;
  identifier: string;
  webhookUrl?: string;
  secret?: string;
  lockToSingleConversation?: boolean;
}

export interface ChatwootContact {
  id: number;
  name: string | null;
  email: string | null;
  phone_number: string | null;
  identifier: string | null;
  additional_attributes: Record<string, unknown>;
  custom_attributes: Record<string, unknown>;
  sources: { inboxId: number; sourceId: string }[];
}

/** A file as it is kept. `blobId` is how a message takes it that was uploaded before, and part of its address. */
export interface ChatwootFile {
  id: number;
  blobId: string;
  filename: string;
  contentType: string;
  content: Buffer;
}

export interface ChatwootMessage {
  id: number;
  content: string | null;
  type: 'incoming' | 'outgoing' | 'activity' | 'template';
  private: boolean;
  /** An agent's id; null for the contact, an automation or the owner of the token. */
  agentId: number | null;
  attachments: ChatwootFile[];
  createdAt: number;
  status: 'sent' | 'failed';
}

export interface ChatwootConversation {
  /** The display id: counted within the account, so two accounts have the same ones. */
  id: number;
  accountId: number;
  inboxId: number;
  contactId: number;
  sourceId: string;
  status: Status;
  assigneeId: number | null;
  teamId: number | null;
  priority: string | null;
  labels: string[];
  customAttributes: Record<string, unknown>;
  messages: ChatwootMessage[];
  /** What the contact did besides writing, oldest first. */
  signals: ('typing' | 'read')[];
  createdAt: number;
  /** Epoch milliseconds; every change is later than the one before. */
  updatedAt: number;
}

/** What one account holds. */
export class AccountState {
  readonly contacts: ChatwootContact[] = [];
  readonly conversations: ChatwootConversation[] = [];
  readonly files = new Map<string, ChatwootFile>();
  /** Where files are fetched from. */
  origin = '';

  constructor(readonly account: ChatwootAccount) {}

  /** Keeps a file for a message to come. */
  keep(filename: string, contentType: string, content: Buffer): ChatwootFile {
    const file = { id: nextId(), blobId: `${randomId()}--${randomId()}`, filename, contentType, content };
    this.files.set(file.blobId, file);
    return file;
  }

  inbox(id: unknown): ChatwootInbox | undefined {
    return this.account.inboxes.find((inbox) => inbox.id === Number(id));
  }

  contact(id: unknown): ChatwootContact | undefined {
    return this.contacts.find((contact) => contact.id === Number(id));
  }

  conversation(id: unknown): ChatwootConversation | undefined {
    return this.conversations.find((conversation) => conversation.id === Number(id));
  }

  agent(id: number | null): { id: number; name: string } | undefined {
    return this.account.agents.find((agent) => agent.id === id);
  }

  team(id: unknown): ChatwootAccount['teams'][number] | undefined {
    return this.account.teams.find((team) => team.id === Number(id));
  }
}

export const DEFAULT_ACCOUNT: ChatwootAccount = {
  id: 1,
  name: 'Acme',
  token: 'sim-token',
  inboxes: [{ id: 7, name: 'Bot', identifier: 'sim-inbox', secret: 'sim-webhook-secret' }],
  teams: [
    { id: 11, name: 'support', agents: [3, 4] },
    { id: 12, name: 'billing', agents: [4] },
  ],
  agents: [
    { id: 3, name: 'Ann' },
    { id: 4, name: 'Ben' },
  ],
};

let lastId = 100;

/** Ids of contacts, messages and files count over the whole installation. */
export function nextId(): number {
  return ++lastId;
}

export function randomId(): string {
  return randomBytes(12).toString('hex');
}
