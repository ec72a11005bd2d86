import { verify as verifySignature } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { isPlainObject, WebhookRejected, type RawWebhook, type VerifiedWebhook } from '#contract';
import type { KeyStore, VerificationKey } from './key-store.js';

/** A webhook whose headers have the right form; nothing is proven yet. */
interface SignedWebhook {
  tenant: string;
  eventId: string;
  transmittedAt: number;
  kid: string;
  /** The bytes that the signature is over. */
  input: Buffer;
  signature: Buffer;
}

/**
 * Characters that every JSON serialiser writes alike, so that the signed text can be rebuilt from the headers.
 * The tenant has no slash, which keeps `tenant/event` unambiguous.
 */
const TENANT = /^[A-Za-z0-9._~:@+= -]{1,255}$/;
const IDENTIFIER = /^[A-Za-z0-9._~:@+=/ -]{1,255}$/;
const INTEGER = /^(0|[1-9]\d{0,14})$/;
const KID = /^[A-Za-z0-9_-]{1,128}$/;
const MAX_PROTECTED = 2_048;
const MAX_SIGNATURE = 2_048;

/** Proves that 8x8 sent a webhook. */
export class SignatureVerifier {
  constructor(
    private readonly keys: KeyStore,
    private readonly toleranceMs: number,
    private readonly now: () => number,
  ) {}

  /** @throws {WebhookRejected} `unauthorized`, or `unavailable` when the key cannot be had now */
  async verify(webhook: RawWebhook): Promise<VerifiedWebhook> {
    const signed = readSigned(webhook);
    await this.checkSignature(signed);
    this.keys.expect(signed.tenant);
    const ageMs = this.now() - signed.transmittedAt;
    if (Math.abs(ageMs) > this.toleranceMs) {
      const seconds = Math.round(Math.abs(ageMs) / 1_000);
      throw refuse(
        `it was transmitted ${seconds} s ${ageMs > 0 ? 'ago' : 'ahead of our clock'}: compare the clocks`,
        'clock',
      );
    }
    return { key: `${signed.tenant}/${signed.eventId}`, tenant: signed.tenant, body: webhook.body };
  }

  private async checkSignature(signed: SignedWebhook): Promise<void> {
    const wasCached = this.keys.has(signed.kid);
    const key = await this.keys.get(signed.kid, signed.tenant);
    if (!key) throw refuse('8x8 does not know its key', 'unknown_key');
    if (isSignedBy(key, signed)) return;
    const renewed = wasCached && (await this.keys.renew(signed.kid, key));
    if (!renewed || !isSignedBy(renewed, signed)) throw refuse('the signature does not fit', 'mismatch');
  }
}

/** With verification off: takes whatever identification the headers offer. */
export function withoutVerification(webhook: RawWebhook): VerifiedWebhook {
  const tenant = optional(webhook, 'x-8x8-tenant-id', TENANT);
  const eventId = optional(webhook, 'x-8x8-event-id', IDENTIFIER);
  return { key: eventId === null ? null : `${tenant ?? '-'}/${eventId}`, tenant, body: webhook.body };
}

function isSignedBy({ key }: VerificationKey, { input, signature }: SignedWebhook): boolean {
  return verifySignature('RSA-SHA256', input, key, signature);
}

/**
 * 8x8 Chat Gateway documentation: the signature is a detached JWS with an unencoded payload (RFC 7797), and the payload is a JSON text of the
 * body's CRC-32 and the other headers, in alphabetical order and without blanks.
 */
function readSigned(webhook: RawWebhook): SignedWebhook {
  const tenant = required(webhook, 'x-8x8-tenant-id', TENANT);
  const customer = required(webhook, 'x-8x8-customer-id', IDENTIFIER);
  const eventId = required(webhook, 'x-8x8-event-id', IDENTIFIER);
  const retry = Number(required(webhook, 'x-8x8-retry', INTEGER));
  const transmittedAt = Number(required(webhook, 'x-8x8-transmission-time', INTEGER));
  const [protectedPart, payload, signaturePart, ...more] = single(webhook, 'x-8x8-signature').split('.');
  if (!protectedPart || payload !== '' || !signaturePart || more.length > 0) throw refuse('the signature is malformed');
  const checksum = crc32(webhook.body) >>> 0;
  const signed = { checksum, cid: customer, eid: eventId, retry, tid: tenant, tt: transmittedAt };
  return {
    tenant,
    eventId,
    transmittedAt,
    kid: kidOf(protectedPart),
    input: Buffer.from(`${protectedPart}.${JSON.stringify(signed)}`),
    signature: decode(signaturePart, MAX_SIGNATURE),
  };
}

/** Headers that were read and found good: 8x8 sends the same one as long as its key lasts. */
const kids = new Map<string, string>();
const MAX_HEADERS = 100;

function kidOf(protectedPart: string): string {
  const known = kids.get(protectedPart);
  if (known !== undefined) return known;
  const kid = readKid(decode(protectedPart, MAX_PROTECTED));
  if (kids.size >= MAX_HEADERS) kids.clear();
  kids.set(protectedPart, kid);
  return kid;
}

/** The key id of the protected header, which must ask for exactly the one algorithm there is. */
function readKid(bytes: Buffer): string {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw refuse("the signature's header is no JSON");
  }
  const { alg, b64, crit, kid } = isPlainObject(header) ? header : {};
  if (alg !== 'RS256' || b64 !== false) throw refuse('the signature is of another kind');
  if (!Array.isArray(crit) || crit.length !== 1 || crit[0] !== 'b64') throw refuse('the signature is of another kind');
  if (typeof kid !== 'string' || !KID.test(kid)) throw refuse("the signature's key id is malformed");
  return kid;
}

/** Strict base64url: Node ignores what it cannot read, and a last character may carry bits that mean nothing. */
function decode(text: string, limit: number): Buffer {
  const bytes = Buffer.from(text.slice(0, limit), 'base64url');
  if (bytes.toString('base64url') !== text) throw refuse('the signature is malformed');
  return bytes;
}

function required(webhook: RawWebhook, name: string, form: RegExp): string {
  const value = single(webhook, name);
  if (!form.test(value)) throw refuse(`the header ${name} is malformed`);
  return value;
}

function optional(webhook: RawWebhook, name: string, form: RegExp): string | null {
  const value = webhook.headers[name];
  return typeof value === 'string' && form.test(value) ? value : null;
}

function single(webhook: RawWebhook, name: string): string {
  const value = webhook.headers[name];
  if (typeof value === 'string') return value;
  throw refuse(value === undefined ? `the header ${name} is missing` : `the header ${name} came twice`);
}

/** Why a webhook is refused, as the doctor tells it apart. `headers`: they are not all there, or not in the right form. */
export type SignatureFlaw = 'headers' | 'unknown_key' | 'mismatch' | 'clock' | 'key_unavailable';

function refuse(why: string, flaw: SignatureFlaw = 'headers'): WebhookRejected {
  return new WebhookRejected('unauthorized', `not taken for a webhook of 8x8: ${why}`, flaw);
}
