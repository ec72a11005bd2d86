/** When a failed try is repeated. */
export interface BackoffPolicy {
  /** Upper bound of the first pause, in milliseconds. */
  firstMs: number;
  /** Upper bound of any pause, in milliseconds. */
  maxMs: number;
}

/** First retry within a second, then twice the pause each time, up to a minute. */
export const BACKOFF: BackoffPolicy = { firstMs: 800, maxMs: 60_000 };

/**
 * The pause before the next try: exponential with full jitter, so that many waiting lanes do not come back together. A pause
 * that the other side asked for is honoured, up to an hour.
 * @param attempts tries so far, the failed one not counted
 */
export function nextDelayMs(
  attempts: number,
  retryAfterMs: number | undefined,
  random = Math.random,
  policy = BACKOFF,
): number {
  const bound = Math.min(policy.maxMs, policy.firstMs * 2 ** Math.min(attempts, 20));
  const own = bound * random();
  return Math.max(own, Math.min(retryAfterMs ?? 0, 3_600_000));
}
