import { createHash } from 'node:crypto';
import type { RawWebhook, VerifiedWebhook } from '#contract';
import { checkHmac, idAt, parseJson, textAt } from '#provider-kit';

/**
 * Proves by its signature that Chatwoot sent a webhook. Chatwoot pull requests 13573 (account webhooks) and 13892 (API channel), from
 * 4.13 on. @throws {WebhookRejected} `unauthorized`
 */
export function checkSignature(webhook: RawWebhook, secret: string, toleranceMs: number, now: number): void {
  const timestamp = { header: 'x-chatwoot-timestamp', separator: '.', toleranceMs };
  const header = 'x-chatwoot-signature';
  const scheme = { vendor: 'Chatwoot', header, algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=', timestamp } as const; // prettier-ignore
  checkHmac(webhook, secret, scheme, now);
}

/**
 * What a proven webhook says of itself. A message is known by its id, so that it counts once however it comes; anything else by its
 * content: what goes to the inbox's webhook and to one of the account is the same text.
 */
export function identify(body: Buffer): VerifiedWebhook {
  const event = parseJson(body);
  const message = textAt(event, 'event') === 'message_created' ? idAt(event, 'id') : null;
  const key = message === null ? createHash('sha256').update(body).digest('hex') : `message/${message}`;
  return { key, tenant: idAt(event, 'account', 'id'), body };
}
