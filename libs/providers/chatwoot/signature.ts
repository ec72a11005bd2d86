import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { WebhookRejected, type RawWebhook, type VerifiedWebhook } from '#contract';
import { idAt, textAt } from './json.js';

/**
 * Proves by its signature that Chatwoot sent a webhook: `X-Chatwoot-Signature` is `sha256=` and the HMAC-SHA256, in hexadecimal, of
 * `X-Chatwoot-Timestamp` (seconds), a dot and the body. Chatwoot pull requests 13573 (account webhooks) and 13892 (API channel).
 * @throws {WebhookRejected} `unauthorized`
 */
export function checkSignature({ headers, body }: RawWebhook, secret: string, toleranceMs: number, now: number): void {
  const { 'x-chatwoot-timestamp': seconds, 'x-chatwoot-signature': given } = headers;
  if (typeof seconds !== 'string' || typeof given !== 'string') {
    throw refuse(
      'it is not signed; Chatwoot signs from 4.13 on, before that use webhookToken instead of webhookSecret',
    );
  }
  if (!/^\d{1,12}$/.test(seconds)) throw refuse('its timestamp is malformed');
  const expected = Buffer.from(
    `sha256=${createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')}`,
  );
  const actual = Buffer.from(given);
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected))
    throw refuse('the signature does not fit');
  if (Math.abs(now - Number(seconds) * 1_000) > toleranceMs)
    throw refuse('it was signed too long ago or ahead of our clock');
}

/**
 * What a proven webhook says of itself. A message is known by its id, so that it counts once however it comes; anything else by its
 * content: what goes to the inbox's webhook and to one of the account is the same text.
 */
export function identify(body: Buffer): VerifiedWebhook {
  const event = parse(body);
  const message = textAt(event, 'event') === 'message_created' ? idAt(event, 'id') : null;
  const key = message === null ? createHash('sha256').update(body).digest('hex') : `message/${message}`;
  return { key, tenant: idAt(event, 'account', 'id'), body };
}

/** A body as JSON; undefined where it is none. */
export function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

const refuse = (why: string): WebhookRejected =>
  new WebhookRejected('unauthorized', `not taken for a webhook of Chatwoot: ${why}`);
