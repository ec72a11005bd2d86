import {
  generateKeyPairSync,
  randomBytes,
  sign,
  type JsonWebKey,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';
import { crc32 } from 'node:zlib';

interface SigningKey {
  kid: string;
  privateKey: KeyObject;
  jwk: JsonWebKey & { kid: string };
}

export interface SignedParts {
  eventId: string;
  tenant: string;
  customerId: string;
  retry: number;
  transmissionTime: number;
}

export type SignWith = 'current' | 'unknown-kid' | 'foreign-key' | 'none';

/**
 * Making a pair takes a third of a second, so all simulators of a process have the same ones, in the same order. By their ids they
 * are different keys all the same. The first is a stranger's: no simulator signs by it.
 */
const pairs: KeyPairKeyObjectResult[] = [];

function newKey(index: number, kid = `sim-${randomBytes(8).toString('hex')}`): SigningKey {
  const { privateKey, publicKey } = (pairs[index] ??= generateKeyPairSync('rsa', { modulusLength: 2048 }));
  return { kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } as SigningKey['jwk'] };
}

/**
 * Signs webhooks as 8x8 does: a detached JWS (RS256, unencoded payload) over the CRC-32 of the body and the ids in the headers.
 */
export class Signer {
  private made = 1;
  private key = newKey(this.made);
  private readonly published = new Map<string, SigningKey['jwk']>([[this.key.kid, this.key.jwk]]);

  get kid(): string {
    return this.key.kid;
  }

  /** A new key from now on; the earlier ones can still be fetched. */
  rotate(): void {
    this.made += 1;
    this.key = newKey(this.made);
    this.published.set(this.key.kid, this.key.jwk);
  }

  publicKey(kid: string): object | undefined {
    return this.published.get(kid);
  }

  headers(
    body: Buffer,
    parts: SignedParts,
    options: { signWith?: SignWith; badCrc?: boolean } = {},
  ): Record<string, string> {
    const { eventId, tenant, customerId, retry, transmissionTime } = parts;
    const ids = {
      'x-8x8-customer-id': customerId,
      'x-8x8-tenant-id': tenant,
      'x-8x8-event-id': eventId,
      'x-8x8-retry': String(retry),
      'x-8x8-transmission-time': String(transmissionTime),
    };
    const { signWith = 'current', badCrc = false } = options;
    if (signWith === 'none') return ids;
    const checksum = badCrc ? (crc32(body) ^ 1) >>> 0 : crc32(body);
    const payload = JSON.stringify({
      checksum,
      cid: customerId,
      eid: eventId,
      retry,
      tid: tenant,
      tt: transmissionTime,
    });
    return { ...ids, 'x-8x8-signature': this.signature(payload, signWith) };
  }

  private signature(payload: string, signWith: SignWith): string {
    const key =
      signWith === 'unknown-kid' ? newKey(0) : signWith === 'foreign-key' ? newKey(0, this.key.kid) : this.key;
    const head = Buffer.from(JSON.stringify({ b64: false, crit: ['b64'], kid: key.kid, alg: 'RS256' })).toString(
      'base64url',
    );
    const bytes = sign('RSA-SHA256', Buffer.from(`${head}.${payload}`), key.privateKey);
    return `${head}..${bytes.toString('base64url')}`;
  }
}
