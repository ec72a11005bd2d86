/** What one check of an account found. Texts are for people and hold no secret. */
export interface CheckFinding {
  /** `error`: handovers fail or get stuck because of it; `warning`: worth knowing; `ok`: in order. */
  level: 'ok' | 'warning' | 'error';
  /** What was checked, by a name that does not change from version to version. */
  check: string;
  /** What was seen. */
  message: string;
  /** What to do about it; null when there is nothing to do. */
  action: string | null;
}

/** What the gateway tells a provider that is to check its account. */
export interface CheckContext<H extends object = object> {
  /** The addresses at which the account's webhooks are accepted, at least one, the preferred one first. The last part may be a secret. */
  webhookUrls: string[];
  /** What handovers start from. */
  defaults: H;
  /** Whether the conversations that begin in the contact centre are to go to a bot (the option `endpoint`). */
  hasEndpoint: boolean;
  /** The tenant that the contact centre confirmed, where the settings name none; null while it has confirmed none. */
  pinnedTenant: string | null;
  /** What the gateway has seen of the account; null where nobody could be asked. */
  seen: SeenWebhooks | null;
}

/** What has become of the account's webhooks lately. */
export interface SeenWebhooks {
  /** Verified ones among the newest that are kept, of all replicas. */
  accepted: { count: number; lastAt: number | null };
  /** Those refused within the last hour by the replica that was asked, oldest first, 100 at the most. */
  refused: { at: number; flaw: string | null; message: string }[];
  /** Why accepted ones had no effect, and how many for each reason. */
  ignored: { reason: string; count: number }[];
  /** The newest handovers, without a gap, that have a conversation and never got an event of it. */
  silentHandovers: number;
}
