import type { Agent, MessageFact, Queue } from './events.js';

/** What a contact centre says of a conversation now. The core asks, because an event may have been lost. */
export interface Inspection {
  /** `ended`: over, as after an `idle`. `gone`: the account is in order, and knows no such conversation. */
  state: 'open' | 'ended' | 'gone';
  /** The human agents who are in it; null where the contact centre does not tell. */
  agents: Agent[] | null;
  /** Where it waits for an agent; null where it does not wait, or no queue is named. */
  queue: Queue | null;
  /**
   * True where an open conversation without an agent waits for the next one, always: then no agent means a transfer, also in the queue
   * that it came from. Left out where a conversation without an agent may be one that is about to end.
   */
  waits?: boolean;
  /** The end user is not part of it any more. */
  hasUserLeft: boolean;
  /** When this was so by the contact centre's clock, epoch milliseconds, rather too early than too late; null where it tells no time. */
  at: number | null;
}

/** A message as the contact centre lists it: what its event says, under the contact centre's own id. */
export type ListedMessage = MessageFact & {
  id: string;
  /** When it was said by the contact centre's clock, epoch milliseconds. */
  at: number;
};

/** The messages of agents (and of the system, where they are passed on) that a contact centre has of a conversation. */
export interface MessageList {
  /** In the order in which they were said. */
  messages: ListedMessage[];
  /** Nothing that was said at this time or later is left out; null: nothing at all is. Epoch milliseconds. */
  from: number | null;
}
