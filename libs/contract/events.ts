import type { Customer } from './provider.js';

/** A human agent as the contact centre names them. `name` is null where the contact centre tells no name. */
export interface Agent {
  id: string;
  name: string | null;
}

/** A waiting line of the contact centre. `name` is null where only the id is known. */
export interface Queue {
  id: string;
  name: string | null;
}

/** A card: a content type and its JSON, passed on untouched. */
export interface Card {
  contentType: string;
  content: unknown;
}

/** A file that came with a message; `url` is where the contact centre keeps it. */
export interface RemoteAttachment {
  /** By which `download` knows it; null where it can only be had at its address, or not at all. */
  id: string | null;
  filename: string;
  contentType: string | null;
  url?: string;
}

/** A file that `download` can ask for. */
export type DownloadableAttachment = RemoteAttachment & { id: string };

/** The end user of a conversation that began in the contact centre, as far as it says. */
export interface Visitor {
  /** The contact centre's own id of the user; null where it tells none. */
  userId: string | null;
  user: Customer;
  /** How the user reached the contact centre, such as `WhatsApp`; null where it does not say. */
  channel: string | null;
  /** The contact centre says that nobody opened this conversation through its API. */
  isForeign: boolean;
}

/**
 * A fact that a contact centre reported. Providers say what happened; only the core decides what it means,
 * so there is no "ended": an agent leaving may be an end or half of a transfer.
 */
export type ProviderEvent = {
  /** The contact centre's id of the conversation. */
  conversation: string;
  /** When it happened by the contact centre's clock, epoch milliseconds; null where it tells no time. Events are ordered by it. */
  at: number | null;
  /** The handover's id, where the contact centre repeats what `start` gave it. Binds a conversation whose create answer is still out. */
  handoverId?: string;
  /** Set where the conversation is open and lies with a bot, not with the contact centre's queues or agents. */
  visitor?: Visitor;
} & ProviderFact;

/** What happened, without where and when. */
export type ProviderFact =
  /** The conversation exists; no queue is known yet. */
  | { type: 'created' }
  /**
   * The contact centre accepted the conversation and says which queue it goes to, without saying that it waits there yet. Changes no
   * queue that is known already: what moved to another queue is `queued` there.
   */
  | { type: 'assigned'; queue: Queue | null }
  /** It waits in a queue now. */
  | { type: 'queued'; queue: Queue }
  | { type: 'agent.joined'; agent: Agent }
  | { type: 'agent.left'; agent: Agent }
  /**
   * An agent moved it on; the agent's leaving is not an end. May come before or after that leaving. Where the event names the new queue,
   * `queued` goes with it. Before any agent has joined it means nothing.
   */
  | { type: 'transferred' }
  /** The contact centre reports the end user as gone. */
  | { type: 'user.left' }
  /** The contact centre considers the conversation over. */
  | { type: 'idle' }
  /** Somebody wrote something that the end user may see. Internal notes and echoes of our own messages are `ignored`, never this. */
  | {
      type: 'message';
      /** The contact centre's id of it, where its events carry one: then a message is known by it and by nothing else. */
      id?: string;
      author: 'agent' | 'system';
      agent: Agent | null;
      text: string | null;
      cards: Card[];
      attachments: RemoteAttachment[];
    }
  /** Agents write, or have stopped; `agent` is one who writes. Passed on as it comes and never stored. */
  | { type: 'typing'; typing: boolean; agent: Agent | null }
  /**
   * The end user wrote something. In a conversation that a handover opened it is our own message coming back; in one that began in
   * the contact centre it is for the bot. What is marked as an echo is `ignored`, never this.
   */
  | { type: 'user.message'; text: string | null; cards: Card[]; attachments: RemoteAttachment[] }
  /** A card submit, quick reply or anything else the channel has of its own. */
  | { type: 'activity'; name: string; value: unknown }
  /** Understood and of no interest, or not understood. `reason` is shown to operators. */
  | { type: 'ignored'; reason: string };

/** Somebody wrote something. */
export type MessageFact = Extract<ProviderFact, { type: 'message' }>;
