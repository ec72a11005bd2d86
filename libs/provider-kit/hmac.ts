import { createHmac, timingSafeEqual } from 'node:crypto';
import { WebhookRejected, type RawWebhook } from '#contract';

/** How a vendor signs its webhooks with a secret that both sides know. */
export interface HmacScheme {
  /** What people call the contact centre, for the reason of a refusal. */
  vendor: string;
  /** The header with the signature, in lower case. */
  header: string;
  algorithm: 'sha1' | 'sha256' | 'sha512';
  /** Exactly one: a signature that is taken in either form is easier to guess. */
  encoding: 'hex' | 'base64';
  /** What stands before the signature in its header, such as `sha256=`. */
  prefix?: string;
  /** Where the vendor signs when it sent the webhook, and not the body alone. Without it an old webhook is as good as a new one. */
  timestamp?: {
    /** The header with the time in seconds since the epoch, in lower case. */
    header: string;
    /** Between time and body in what is signed. */
    separator: string;
    /** How old, or how far ahead of our clock, it may be. Milliseconds. */
    toleranceMs: number;
  };
}

/**
 * Proves by its signature, over the bytes as they came, that somebody sent a webhook who knows the secret.
 * @param now epoch milliseconds
 * @throws {WebhookRejected} `unauthorized`, with the flaw `headers`, `mismatch` or `clock`
 */
export function checkHmac(webhook: RawWebhook, secret: string, scheme: HmacScheme, now: number): void {
  const refuse = (why: string, flaw: string): WebhookRejected =>
    new WebhookRejected('unauthorized', `not taken for a webhook of ${scheme.vendor}: ${why}`, flaw);
  const single = (name: string): string => {
    const value = webhook.headers[name];
    if (typeof value === 'string') return value;
    throw refuse(value === undefined ? `the header ${name} is missing` : `the header ${name} came twice`, 'headers');
  };
  const given = single(scheme.header);
  const hmac = createHmac(scheme.algorithm, secret);
  const { timestamp } = scheme;
  const seconds = timestamp ? single(timestamp.header) : null;
  if (timestamp && seconds !== null) {
    if (!/^\d{1,12}$/.test(seconds)) throw refuse(`the header ${timestamp.header} is malformed`, 'headers');
    hmac.update(seconds + timestamp.separator);
  }
  const expected = Buffer.from((scheme.prefix ?? '') + hmac.update(webhook.body).digest(scheme.encoding));
  const actual = Buffer.from(given);
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected))
    throw refuse('the signature does not fit', 'mismatch');
  const ageMs = timestamp ? now - Number(seconds) * 1_000 : 0;
  if (timestamp && Math.abs(ageMs) > timestamp.toleranceMs) {
    const distance = `${Math.round(Math.abs(ageMs) / 1_000)} s ${ageMs > 0 ? 'ago' : 'ahead of our clock'}`;
    throw refuse(`it was signed ${distance}: compare the clocks`, 'clock');
  }
}
