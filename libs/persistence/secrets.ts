import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { StartError } from './start-error.js';

const PREFIX = 'sealed:v1:';

/** Encrypts secrets at rest with AES-256-GCM. A value sealed with another key cannot be opened. */
export class SecretBox {
  /** @param key 32 bytes */
  constructor(private readonly key: Buffer) {
    if (key.length !== 32) throw new Error('The encryption key must have 32 bytes.');
  }

  seal(plain: string): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv);
    const sealed = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return PREFIX + sealed.toString('base64');
  }

  /** @throws {StartError} when the value was not sealed with this key */
  open(sealed: string): string {
    try {
      return this.decipher(sealed);
    } catch (error) {
      throw new StartError(
        'HANDOVER_ENCRYPTION_KEY (or the file encryption.key in DATA_DIR) is not the key that the secrets in this database were encrypted with. Put the earlier key back.',
        { cause: error },
      );
    }
  }

  private decipher(sealed: string): string {
    const bytes = Buffer.from(sealed.slice(PREFIX.length), 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(-16));
    return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
  }

  /** Whether a stored value is sealed at all. */
  isSealed(value: unknown): value is string {
    return typeof value === 'string' && value.startsWith(PREFIX);
  }
}

/** What is stored of an API key. Keys are long and random, so a plain hash cannot be guessed backwards. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
