import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { StartError } from './start-error.js';

/** `sealed:v2:`, the id of the key, `:`, and base64 of nonce, ciphertext and tag. The place of the value is authenticated with it. */
const PREFIX = 'sealed:v2:';
/** As earlier versions sealed: with neither key id nor place. */
const EARLIER = 'sealed:v1:';

interface Key {
  id: string;
  bytes: Buffer;
}

/** Encrypts secrets at rest with AES-256-GCM. A value opens with the key it was sealed with only, and only in its place. */
export class SecretBox {
  private readonly keys: [Key, ...Key[]];

  /**
   * @param newest seals
   * @param previous still open; 32 bytes each
   */
  constructor(newest: Buffer, previous: Buffer[] = []) {
    this.keys = [keyOf(newest), ...previous.map(keyOf)];
  }

  /** @param place where the value is kept, such as `bot/shop/callbackSecret` */
  seal(plain: string, place: string): string {
    const [{ id, bytes }] = this.keys;
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', bytes, iv).setAAD(Buffer.from(place));
    const sealed = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return `${PREFIX}${id}:${sealed.toString('base64')}`;
  }

  /** @throws {StartError} when none of the keys opens the value, or it was not sealed for this place */
  open(sealed: string, place: string): string {
    if (sealed.startsWith(EARLIER)) return this.openEarlier(sealed, place);
    const [id, bytes] = sealed.slice(PREFIX.length).split(':') as [string, string];
    const key = this.keys.find((one) => one.id === id);
    if (!key)
      throw new StartError(
        `${place} in the database was encrypted with the key ${id}, and ${this.known()}. Put that key back into HANDOVER_ENCRYPTION_KEY (or the file encryption.key in DATA_DIR), or add it to HANDOVER_PREVIOUS_ENCRYPTION_KEYS.`,
      );
    const plain = decipher(key.bytes, bytes, place);
    if (plain !== null) return plain;
    throw new StartError(
      `${place} in the database was changed there, or was put there from another place: it was not encrypted as that. Restore it from a backup, or have the configuration file declare it again.`,
    );
  }

  /** Whether a stored value is sealed at all. */
  isSealed(value: unknown): value is string {
    return typeof value === 'string' && (value.startsWith(PREFIX) || value.startsWith(EARLIER));
  }

  /** Whether a sealed value needs a key that is on its way out. */
  isOutdated(sealed: string): boolean {
    const [newest] = this.keys;
    if (sealed.startsWith(EARLIER)) return decipher(newest.bytes, sealed.slice(EARLIER.length), null) === null;
    return !sealed.startsWith(`${PREFIX}${newest.id}:`);
  }

  private openEarlier(sealed: string, place: string): string {
    for (const { bytes } of this.keys) {
      const plain = decipher(bytes, sealed.slice(EARLIER.length), null);
      if (plain !== null) return plain;
    }
    throw new StartError(
      `${place} in the database was encrypted with another key than HANDOVER_ENCRYPTION_KEY (or the file encryption.key in DATA_DIR), and with none of HANDOVER_PREVIOUS_ENCRYPTION_KEYS. Put the earlier key back, or add it to those.`,
    );
  }

  private known(): string {
    const ids = this.keys.map(({ id }) => id);
    return ids.length === 1 ? `the one that is set is ${ids[0]}` : `those that are set are ${ids.join(', ')}`;
  }
}

/** An id tells which key it was, and nothing of the key. */
function keyOf(bytes: Buffer): Key {
  if (bytes.length !== 32) throw new Error('The encryption key must have 32 bytes.');
  return { id: Buffer.from(hkdfSync('sha256', bytes, '', 'handover gateway: key id', 4)).toString('hex'), bytes };
}

/** null when the key or the place is another one. */
function decipher(key: Buffer, base64: string, place: string | null): string | null {
  try {
    const bytes = Buffer.from(base64, 'base64');
    const opener = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
    if (place !== null) opener.setAAD(Buffer.from(place));
    opener.setAuthTag(bytes.subarray(-16));
    return opener.update(bytes.subarray(12, -16), undefined, 'utf8') + opener.final('utf8');
  } catch {
    return null;
  }
}

/** What is stored of an API key. Keys are long and random, so a plain hash cannot be guessed backwards. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
