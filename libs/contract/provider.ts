import type { CheckContext, CheckFinding } from './check.js';
import type { Card, DownloadableAttachment, ProviderEvent } from './events.js';
import type { IncomingFile, OutgoingFile } from './files.js';
import type { Inspection, MessageList } from './inspection.js';
import type { Class, FieldError } from './validation.js';

/** The version of this contract. A provider states the one it was written for; the gateway refuses to start with any other. */
export const CONTRACT_VERSION = 1;

/** What a provider is: pure data, readable without a network or an account. */
export interface ProviderDefinition<S extends object = object, H extends object = object> {
  /** The provider's type: camelCase, as in the configuration, the database and the webhook's path. */
  key: string;
  contractVersion: typeof CONTRACT_VERSION;
  title: string;
  docsUrl: string;
  /** What a session can do beyond the required methods. Declared if and only if the method of that name exists. */
  capabilities: readonly Capability[];
  /** Settings of the account, declared with `@Setting`. */
  settings: Class<S>;
  /** Settings that each handover may bring along or override, declared with `@Setting`. */
  handoverSettings: Class<H>;
}

/** Optional abilities, each named after its method. */
export const CAPABILITIES = [
  'update',
  'findStarted',
  'findSent',
  'convert',
  'upload',
  'download',
  'typing',
  'thinking',
  'read',
  'availability',
  'queueOf',
  'check',
  'reassign',
  'handBack',
  'inspect',
  'messagesSince',
  'ownsTenant',
] as const satisfies readonly (keyof ProviderSession)[];
export type Capability = (typeof CAPABILITIES)[number];

/** A contact centre, as one class with `@ContactCentre()`. */
export interface HandoverProvider<S extends object = object, H extends object = object> {
  readonly definition: ProviderDefinition<S, H>;
  /** Beyond the rules of the settings class: what cannot be used together. Cheap, no network. Pointers are relative to the settings. */
  checkSettings?(settings: S, context: ProviderContext): FieldError[];
  /** One account ready to use. Cheap, no network; the settings are valid and complete with their defaults. */
  open(settings: S, context: ProviderContext): ProviderSession<H>;
}

/** What the gateway lends to a provider. */
export interface ProviderContext {
  /** The provider's name in the configuration, for log lines. */
  name: string;
  production: boolean;
  /** Milliseconds since the epoch; tests move it. */
  now(): number;
  log: ProviderLog;
}

/** Structured log. Never give it a secret or the text of a message. */
export interface ProviderLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The end user, as the bot described them. */
export interface Customer {
  name?: string;
  email?: string;
  phone?: string;
  company?: string;
  language?: string;
  customerId?: string;
  caseId?: string;
  properties?: Record<string, string>;
}

/** One line of what was said before the handover, oldest first in its list. */
export interface TranscriptEntry {
  author: 'user' | 'bot' | 'agent' | 'system';
  text: string;
}

/** All that is needed to open a conversation, or to hand over one that the contact centre has already. */
export interface StartRequest<H extends object = object> {
  /** `ho_` and 32 hexadecimal digits. */
  handoverId: string;
  /** The contact centre's id of the conversation that is handed over; left out where one is to be opened. */
  conversation?: string;
  sessionId: string;
  userId: string;
  /** Of a conversation that is handed over only what the contact centre did not say of the user itself. */
  user: Customer;
  transcript: TranscriptEntry[];
  /**
   * A link for the agent, to be shown with the conversation; null where there is none. It holds a secret: mask it in errors, and
   * in what the contact centre repeats of it.
   */
  copilotUrl: string | null;
  /** The account's defaults, then the request's own on top. Kept apart because a provider may merge some of them deeply. */
  defaults: H;
  settings: H;
}

/** What is said in a message. */
export interface MessageContent {
  author: 'user' | 'bot';
  text: string | null;
  cards: Card[];
}

/** A message on its way to the agent. */
export interface OutboundMessage extends MessageContent {
  /** Files that `upload` brought there before, by the ids that it returned. */
  attachments: { id: string; filename: string }[];
}

/** A message in the form in which a contact centre can show it. Its files are left out: they go with the first part. */
export interface ConvertedMessage {
  /** What is sent in its place, one after the other, at least one; the very message itself where nothing had to change. */
  parts: MessageContent[];
  /** What the agent does not see as it was sent; pointers into the message. A text that only comes in parts loses nothing. */
  losses: FieldError[];
  /** Why it cannot be shown at all; nothing is sent then. */
  errors: FieldError[];
}

/** A change to a running conversation. `request` is the handover as it is now, `queueId` the queue to move to. */
export interface ConversationUpdate<H extends object = object> {
  request: StartRequest<H>;
  userChanged: boolean;
  queueId?: string;
}

/** What a contact centre says of a queue at this moment; null for what it does not say. */
export interface QueueReading {
  /** By its opening hours; null where none are configured or they could not be read. */
  open: boolean | null;
  /**
   * Agents who are logged in and take conversations of this queue, whatever they do just now. At a vendor with an away flag and no
   * presence those who are not away; null where it tells neither.
   */
  agentsEnabled: number | null;
  /** Those of them who are free. */
  agentsAvailable: number | null;
  /** How many wait. */
  queueSize: number | null;
  longestWaitSeconds: number | null;
  /** Why conversations never find an agent in this queue, such as one for phone calls, in a sentence for people; left out where they may. */
  unsuited?: string;
  /** Why something that should be known is not, in a sentence for people; null where nothing is missing. */
  gap: string | null;
}

/** One webhook exactly as it arrived. Header names are lower case. */
export interface RawWebhook {
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** A webhook whose sender is proven (or whose proof the operator switched off). */
export interface VerifiedWebhook {
  /** Identifies the event over all its deliveries; null where there is nothing to know a repetition by. */
  key: string | null;
  /** The account it belongs to by the contact centre's own word; null where it does not say. */
  tenant: string | null;
  body: Buffer;
}

/**
 * One account of one contact centre. Keeps no state of a handover: whatever must be remembered is the core's.
 * Every call of these, with all that it calls at the vendor, ends within 30 s, one that carries a file within 90 s, and throws a `ProviderError` when it did not succeed.
 */
export interface ProviderSession<H extends object = object> {
  /** Sessions with equal `webhookAuthority` verify webhooks alike: one verification serves them all. */
  readonly webhookAuthority: string;
  /**
   * The tenant that events must carry; null where the settings name none. Then an event that carries one is believed only once
   * `ownsTenant` said yes, or where it came by a `webhookToken`.
   */
  readonly tenant: string | null;
  /** When set, only webhooks whose path carries this secret are for this account. */
  readonly webhookToken: string | null;
  /** How long an agent's leaving may wait for a sign of a transfer, in milliseconds. */
  readonly endGraceMs: number;
  /** How long an unreachable contact centre is retried, in milliseconds. */
  readonly giveUpAfterMs: number;
  /** How often the core asks what is true of an open handover: 1 s to 1 day, in milliseconds; null where it is not to ask. */
  readonly reconcileMs: number | null;
  /**
   * Origin of the API (`https://api.example.com`), where files can be fetched from it without a key. Only outside production it is a
   * place that files may come from although it is no public address: the operator named it, no event did.
   */
  readonly fileOrigin?: string;

  /** What keeps this request from being sent: limits of the vendor's API, missing ids. Pure; pointers into the request to start. */
  validate(request: StartRequest<H>): FieldError[];
  /**
   * Opens a conversation and returns its id. Where that takes several calls, nothing is thrown after the one that opens it but an unknown
   * outcome: what is tried again would open a second one.
   */
  start(request: StartRequest<H>): Promise<string>;
  /** After an unknown outcome of `start`: the conversation's id if it was opened, else null. */
  findStarted?(handoverId: string): Promise<string | null>;
  /** Sends one message. The core sends one after the other. */
  send(conversation: string, message: OutboundMessage): Promise<void>;
  /**
   * After an unknown outcome of `send`: whether the message is there.
   * @param identicalBefore how many messages equal to this one come directly before it in the transcript
   * @param ours whose messages come from the gateway, both unless given; in a conversation that began in the contact centre not the
   *   user's, so only a provider with `reassign` needs it
   */
  findSent?(
    conversation: string,
    message: OutboundMessage,
    identicalBefore: number,
    ours?: readonly OutboundMessage['author'][],
  ): Promise<boolean>;
  /** Ends the conversation for the user. Safe to repeat; a conversation that is gone counts as ended. */
  end(conversation: string): Promise<void>;
  /** Changes queue or customer of a running conversation. */
  update?(conversation: string, change: ConversationUpdate<H>): Promise<void>;
  /** How the conversation stands. That it is gone is an answer; that the account does not work is an error. Changes nothing. */
  inspect?(conversation: string): Promise<Inspection>;
  /**
   * What was said in the conversation since a time of the contact centre's clock, epoch milliseconds, or from its beginning. Where that
   * is too much for one call, the newest of it: `from` says how far the list goes back. Changes nothing.
   */
  messagesSince?(conversation: string, since: number | null): Promise<MessageList>;
  /**
   * Brings a file there, for a message to name it by the id that is returned. Is repeated after an unknown outcome, so a file that no
   * message names must not be seen by anybody.
   */
  upload?(conversation: string, file: OutgoingFile): Promise<string>;
  /** Opens a file that came with a message. What is read of it afterwards may fail with any error. */
  download?(conversation: string, attachment: DownloadableAttachment, signal: AbortSignal): Promise<IncomingFile>;
  /**
   * How a message is shown here: long texts in parts, cards that cannot be shown as text. Pure and cheap, since it is asked before a
   * message is accepted. Without it every message is sent as it is.
   */
  convert?(message: MessageContent): ConvertedMessage;
  /** Shows the agent for some seconds that the user or the bot writes; where the vendor cannot tell them apart, as whom it can. Tried once, as all signals; the core sees to it that it is not called too often. */
  typing?(conversation: string, author: 'user' | 'bot'): Promise<void>;
  /** Shows the agent that the bot prepares something, for `maxSeconds` (1 to 600) or until it says something. */
  thinking?(conversation: string, maxSeconds: number): Promise<void>;
  /** Tells the agent that the user has read everything up to a time. */
  read?(conversation: string, at: Date): Promise<void>;
  /**
   * Whether somebody is there for a queue; null is the account's own. What could not be found out is a gap of the reading. Asked
   * often and waited for by people: it should take no longer than 5 s.
   */
  availability?(queueId: string | null): Promise<QueueReading>;
  /**
   * The queue in which a handover of these settings would wait, for `availability`; null where they leave that to the contact centre.
   * Pure. Without it, it is what their `queueId` says, the request's own before the account's.
   */
  queueOf?(request: Pick<StartRequest<H>, 'defaults' | 'settings'>): string | null;
  /**
   * Checks the account from end to end and says what is wrong and what to do about it. Changes nothing. Ends within 60 s; what
   * cannot be looked at is a finding and no error.
   */
  check?(context: CheckContext<H>): Promise<CheckFinding[]>;
  /**
   * Whether the account is of this tenant, by what the contact centre answers to a call with the account's own credentials; null where
   * that does not tell. Asked where the settings name no tenant, before an event of one is believed. Changes nothing.
   */
  ownsTenant?(tenant: string): Promise<boolean | null>;
  /**
   * Moves a conversation that began in the contact centre to a queue, with the handover's id among the customer's data. Safe to
   * repeat: one that was moved for this handover already is left where it is.
   */
  reassign?(conversation: string, request: StartRequest<H>): Promise<void>;
  /** Asks the contact centre to give a conversation back once its agents are done with it. Safe to repeat. */
  handBack?(conversation: string): Promise<void>;

  /** Whether this is the contact centre's connection test, which is answered 2xx and changes nothing. */
  isHandshake(webhook: RawWebhook): boolean;
  /** Proves the sender from bytes and headers alone, before anything is parsed. @throws {WebhookRejected} */
  verify(webhook: RawWebhook): Promise<VerifiedWebhook>;
  /** Maps it to facts. Pure; what it does not know is `ignored`. @throws {WebhookRejected} `invalid` when it is no event at all */
  events(webhook: VerifiedWebhook): ProviderEvent[];
}
