/**
 * The closed table of what can go wrong between the gateway and a contact centre.
 * `retry` decides what happens next, and is the only thing that does:
 * - `never`: refused for good; sending the same again cannot help.
 * - `safe`: the contact centre certainly did nothing; the same call may be sent again after a pause.
 * - `after_readback`: nobody knows whether it took effect; it is looked up before anything is sent again.
 */
export const PROVIDER_ERRORS = {
  invalid: { retry: 'never', status: 422, summary: 'the contact centre refused the content' },
  unauthorized: { retry: 'never', status: 422, summary: 'the contact centre refused the credentials' },
  forbidden: {
    retry: 'never',
    status: 422,
    summary: 'the credentials are not allowed to do this, or the tenant is wrong',
  },
  not_found: {
    retry: 'never',
    status: 422,
    summary: 'the contact centre does not know the conversation, channel or queue',
  },
  conflict: { retry: 'never', status: 422, summary: 'the contact centre is in a state that does not allow this' },
  too_large: { retry: 'never', status: 422, summary: 'the content is larger than the contact centre accepts' },
  unsupported: { retry: 'never', status: 409, summary: 'this contact centre cannot do this' },
  rate_limited: { retry: 'safe', status: 503, summary: 'the contact centre asked to slow down' },
  unreachable: { retry: 'safe', status: 503, summary: 'no connection to the contact centre' },
  unknown_outcome: { retry: 'after_readback', status: 503, summary: 'the contact centre gave no usable answer' },
  cancelled: { retry: 'safe', status: 503, summary: 'cancelled because the gateway is stopping; not a failed attempt' },
} as const satisfies Record<string, { retry: 'never' | 'safe' | 'after_readback'; status: number; summary: string }>;

export type ProviderErrorCode = keyof typeof PROVIDER_ERRORS;

/** What a provider session throws when a call to the contact centre did not succeed. */
export class ProviderError extends Error {
  /**
   * @param message what a person can act on; no secret, no message text
   * @param retryAfterMs how long the contact centre asked to wait, if it did
   */
  constructor(
    readonly code: ProviderErrorCode,
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'ProviderError';
  }

  get retry(): 'never' | 'safe' | 'after_readback' {
    return PROVIDER_ERRORS[this.code].retry;
  }
}

/**
 * What `verify` and `events` throw to refuse a webhook:
 * - `unauthorized` (401): the signature is missing, wrong, too old or by a key that the contact centre does not know
 * - `invalid` (400): it is authentic, but no event
 * - `unavailable` (503): it could not be checked now, so the contact centre must try again
 */
export class WebhookRejected extends Error {
  /** @param flaw a word by which the provider's own `check` knows the kind of failure again */
  constructor(
    readonly reason: 'unauthorized' | 'invalid' | 'unavailable',
    message: string,
    readonly flaw: string | null = null,
  ) {
    super(message);
    this.name = 'WebhookRejected';
  }
}
