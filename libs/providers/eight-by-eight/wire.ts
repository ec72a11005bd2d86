/** The shapes of the Chat Gateway API that this provider writes and reads. What is read is never trusted to have them. */

export interface KeyValue {
  key: string;
  value: string;
}

/** Customer data that the agent sees. */
export interface WireUser {
  name?: string;
  userId?: string;
  email?: string;
  phone?: string;
  company?: string;
  caseId?: string;
  language?: string;
  customerId?: string;
  ipaddress?: string;
  timezoneOffset?: string | number;
  additionalProperties: KeyValue[];
}

/** Who gets the conversation. Only these two kinds may be asked for; left out, the channel's own queue is used. */
export interface WireAssignment {
  type: 'queue' | 'script';
  id: string;
}

export interface WireCard {
  contentType: string;
  content: unknown;
}

export interface WireMessage {
  authorType: 'user' | 'bot';
  text: string;
  cards?: WireCard[];
  attachments?: { id: string }[];
}

/** Body of `POST /chat-gateway/v1/conversations`. */
export interface CreateConversation {
  channelId: string;
  user: WireUser;
  assignment?: WireAssignment;
  history?: { messages: WireMessage[] };
}

/** Body of `PATCH /chat-gateway/v1/conversations/{id}`. */
export interface PatchConversation {
  user?: WireUser;
  assignment?: WireAssignment;
}

/** Body of the typing, thinking and read-receipt calls: the second has the seconds, the third the time in epoch milliseconds. */
export interface WireSignal {
  authorType: 'user' | 'bot';
  maxThinkingTimeSeconds?: number;
  readAt?: number;
}

/** Upper bounds of the create call. 8x8 Chat Gateway documentation: the conversation's user data and its history. */
export const MAX_ADDITIONAL_PROPERTIES = 30;
export const MAX_HISTORY = 200;
