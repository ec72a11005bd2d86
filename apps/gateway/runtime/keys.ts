import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, fileTrouble, readTextFile, type Environment } from '#config';

const ADMIN_KEY_FILE = 'admin.key';
const ENCRYPTION_KEY_FILE = 'encryption.key';
const MAX_BYTES = 1024 * 1024;

/** The gateway's own keys. `newAdminKey` is set on the start that generated it, to be shown once. */
export interface Keys {
  adminKey: string;
  /** What secrets in the database are encrypted with. */
  encryptionKey: Buffer;
  /** What they may still be encrypted with. */
  previousEncryptionKeys: Buffer[];
  newAdminKey: string | null;
}

type Given = Pick<Environment, 'dataDir' | 'adminKey' | 'encryptionKey' | 'previousEncryptionKeys'>;

/**
 * Takes the keys from the environment, or generates and keeps them under the data directory, readable by their owner only.
 * @throws {ConfigError} that says what to do when they can be neither read nor kept there
 */
export function loadKeys({ dataDir, adminKey, encryptionKey, previousEncryptionKeys }: Given): Keys {
  const admin = adminKey
    ? { value: adminKey, isNew: false }
    : keep(dataDir, ADMIN_KEY_FILE, () => `hga_${randomBytes(24).toString('base64url')}`);
  const encryption =
    encryptionKey ?? keep(dataDir, ENCRYPTION_KEY_FILE, () => randomBytes(32).toString('base64')).value;
  const key = Buffer.from(encryption, 'base64');
  if (key.length !== 32)
    throw new ConfigError([
      `DATA_DIR: ${join(dataDir, ENCRYPTION_KEY_FILE)} does not hold 32 bytes in base64: put the key back from a backup, or remove the file for a new key where nothing was encrypted yet`,
    ]);
  return {
    adminKey: admin.value,
    encryptionKey: key,
    previousEncryptionKeys: previousEncryptionKeys.map((previous) => Buffer.from(previous, 'base64')),
    newAdminKey: admin.isNew ? admin.value : null,
  };
}

/** The admin key that a gateway has generated and keeps there; null where none has. @throws {ConfigError} when it may not be read */
export function readKeptAdminKey(dataDir: string): string | null {
  return readKey(dataDir, ADMIN_KEY_FILE);
}

function readKey(dataDir: string, name: string): string | null {
  const file = join(dataDir, name);
  const text = readTextFile(file, `DATA_DIR: ${file}`, MAX_BYTES)?.trim();
  if (text === '')
    throw new ConfigError([`DATA_DIR: ${file} is empty: put the key back, or remove the file for a new one`]);
  return text ?? null;
}

function keep(dataDir: string, name: string, generate: () => string): { value: string; isNew: boolean } {
  const kept = readKey(dataDir, name);
  if (kept !== null) return { value: kept, isNew: false };
  const file = join(dataDir, name);
  try {
    mkdirSync(dataDir, { recursive: true });
    return write(file, generate());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const other = code === 'EEXIST' ? readKey(dataDir, name) : null;
    if (other !== null) return { value: other, isNew: false };
    const variable = name === ADMIN_KEY_FILE ? 'HANDOVER_ADMIN_KEY' : 'HANDOVER_ENCRYPTION_KEY';
    throw new ConfigError([
      `DATA_DIR: ${dataDir} ${fileTrouble(error as NodeJS.ErrnoException, dataDir)}. ${variable} is not set, so its key would be kept there: set it, or set DATA_DIR to a folder that can be written to`,
    ]);
  }
}

/** `wx`: of two gateways that start together on one directory only one generates the key. */
function write(file: string, key: string): { value: string; isNew: boolean } {
  try {
    writeFileSync(file, `${key}\n`, { mode: 0o600, flag: 'wx' });
    chmodSync(file, 0o600);
  } catch (error) {
    // Of a disk that is full an empty file is left, which would be taken for the key.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(file, { force: true });
    throw error;
  }
  return { value: key, isNew: true };
}
