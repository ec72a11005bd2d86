import type { Capability, HandoverProvider, ProviderEvent, RawWebhook, DownloadableAttachment } from '#contract';
import type { FakeHttp } from './fake-http.js';

/** All that the suite needs to know of a provider and its vendor. */
export interface ProviderHarness {
  /** A new instance, as a replica that has just started would have it. */
  provider(): HandoverProvider;
  /**
   * Settings as in the configuration file, valid in production, with every secret and the strictest check of webhooks that there is.
   * The two accounts have no secret in common, but those of `sharedSecrets`.
   */
  settings(baseUrl: string, account: AccountName): Record<string, unknown>;
  /** What a handover starts from, as under `defaults` in the configuration file. */
  defaults: Record<string, unknown>;
  /** A queue other than that of `defaults`; for the capability `update`, and where handovers have a setting `queueId`. */
  otherQueue?: string;
  /** Secret settings that are the same in every account, as where a vendor signs for all of them with the one secret of an app. */
  sharedSecrets?: string[];
  /** Settings that only the provider itself can know to be wrong: the change to the sample, and the pointer that names it. */
  wrongSettings: { change: Record<string, unknown>; pointer: string }[];
  /** The vendor with one account, freshly opened and not started. Two of them share nothing. */
  vendor(account: AccountName): FakeVendor;
  webhooks: WebhookFixtures;
}

export type AccountName = 'first' | 'second';

/** What a call to the vendor is for. A route of the fake says which of them is the one with the effect. */
export type Operation = 'start' | 'send' | 'end' | Exclude<Capability, 'convert' | 'queueOf'>;

/** A fake of the vendor at the socket, seen through the eyes of its agents. */
export interface FakeVendor {
  /** Answers the provider's calls; the faults and the log of calls come with it. */
  readonly http: FakeHttp;
  /** All conversations, in the order in which they were opened. Where the vendor counts them within an account, each fake does. */
  conversations(): VendorConversation[];
  /** What the vendor's own refusals look like, for the faults that stand for one; left out, an empty object. */
  readonly refusal?: object;
  /** A webhook as this vendor sends it, with its proof, if it has one. */
  sign(body: Buffer, how: Signing): RawWebhook;
  /**
   * Events about a conversation, one for each place in which this vendor's events name it; every provider's fake has it. Once an agent
   * has said something, the newest of that among them, where the events have an id by which `messagesSince` lists it.
   */
  eventsOf?(conversation: string): Body[];
  /** An agent comes in, says something, ends it; for `inspect` and `messagesSince`. Times are epoch milliseconds, files are names. */
  agentJoins?(conversation: string, agent: string): void;
  agentSays?(conversation: string, text: string, at: number, files?: string[]): void;
  agentEnds?(conversation: string): void;
  /** The gateway's own teammate, such as its bot or app, is put into a conversation; for `inspect`, where the vendor has one (`own`). */
  ownJoins?(conversation: string): void;
  /** From now on so many agents are logged in to a queue, all of them free, and nobody in any other; for `availability`. */
  staff?(queue: string, agents: number): void;
  /** The vendor forgets a conversation; for `inspect`. */
  forget?(conversation: string): void;
  /** A visitor begins a conversation in a channel of the vendor's own, and it is with no agent; for `reassign` and `handBack`. Returns its id. */
  visitorBegins?(): string;
  /** Whether it was asked for back after its agent; for `handBack`. */
  comesBack?(conversation: string): boolean;
  /** Puts a file of an agent's into a conversation; for `download`. */
  agentSends?(conversation: string, content: Buffer): DownloadableAttachment;
}

/** How a webhook is signed. */
export interface Signing {
  /** When, epoch milliseconds. */
  at: number;
  /**
   * `another account`: genuine, but of the harness's other account: it names that account where events name any, and is signed with the
   * secret that the vendor would use for it. `stranger`: by somebody who has no key of the vendor's.
   */
  by: 'account' | 'another account' | 'stranger';
  /** The vendor delivers the same event once more. */
  again?: boolean;
}

/** A conversation as the vendor has it. */
export interface VendorConversation {
  /** As the provider's `start` returns it. */
  id: string;
  isOpen: boolean;
  /** All that agents are shown beside the messages, in any form: the user, what was said before, the copilot's link. */
  shown: string;
  queue: string | null;
  /** What came through the provider, oldest first. */
  messages: VendorMessage[];
  signals: ('typing' | 'thinking' | 'read')[];
}

export interface VendorMessage {
  author: 'user' | 'bot';
  text: string;
  /** The contents of its files. */
  files: Buffer[];
}

/** A webhook's body; an object is sent as JSON. */
export type Body = Buffer | object;

/** What the vendor's webhooks look like. */
export interface WebhookFixtures {
  /** What the vendor's signature is over. `body`: no time, so that nothing can be too old; `none`: it signs nothing. */
  proof: 'body and time' | 'body' | 'none';
  /** At least one for every event that the vendor documents. */
  events: Fixture[];
  /** Events that the vendor sends about one and the same thing, such as a message that is sent and then changed; each group one thing. */
  aboutOne: Body[][];
  /** The gateway's own teammate, such as its bot or app, is assigned, joins or leaves; null where the vendor has none. */
  own: Body[] | null;
  /** Agents of this vendor cannot send files. */
  hasNoFiles?: boolean;
  /** An event that the vendor may come to send tomorrow, in a conversation. */
  unknown: Body;
  /** A note of an agent's that the user must not see; null where the vendor has no such thing. */
  internalNote: Body | null;
  /** The event of a message that the gateway itself sent; null where the vendor sends none. */
  echo: Body | null;
  /** The connection test; null where the vendor has none. */
  handshake: Body | null;
  /** From an agent's joining to another agent's, by way of a transfer: once in each order in which the webhooks may come. */
  transfers: Body[][];
  /** From an agent's joining to the end, once for each way in which it may end. */
  endings: Body[][];
}

/** One webhook, and the facts that are in it, in order. */
export interface Fixture {
  name: string;
  body: Body;
  facts: ProviderEvent['type'][];
  /** For facts of the type `message`, in order: what the user is to see of each, and who said it. */
  says?: Said[];
  /** For facts of the type `typing`: false where agents have stopped. */
  typing?: boolean;
}

/** A message as the user is to see it. */
export interface Said {
  /** As plain text; null where there are no words. */
  text: string | null;
  /** The names of all its files, in order. */
  files: string[];
  /** The agent's id, as text; null where no agent said it. */
  by: string | null;
}
