/** What the operator decided for a provider, whatever its type. Durations are in milliseconds, null where nothing was set. */
export interface ProviderOptions {
  /** What happens when the end user falls silent. */
  inactivity: { timeoutMs: number; reminders: number; close: boolean } | null;
  /** How long a handover may wait for its first agent. */
  waitTimeoutMs: number | null;
  /** How long a handover may stay open at all. */
  maxDurationMs: number | null;
  copilot: CopilotOptions | null;
  endpoint: EndpointOptions | null;
  attachments: { maxBytes: number; types: string[] | null };
}

/** Where the agent finds help about the conversation. */
export interface CopilotOptions {
  /** Start of the link, without a slash at its end. */
  baseUrl: string;
  /** The gateway itself serves the page. */
  builtIn: boolean;
  /** Stands in the link to a page of the operator's; for the gateway's own page a value of each handover is made of it. */
  urlToken: string;
  /** Still accepted by the page, so that links in open conversations keep working after a rotation. */
  previousUrlToken: string | null;
}

/** Conversations that start in the contact centre go to this bot. */
export interface EndpointOptions {
  bot: string;
  /** Whether the bot hears of a conversation as soon as it is there, and not only with the first message. */
  acceptActiveEvent: boolean;
  /** Whether the bot gets the conversation back after the agent. */
  handBack: boolean;
}
