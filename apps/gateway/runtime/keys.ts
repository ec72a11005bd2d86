import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, type Environment } from '#config';

const ADMIN_KEY_FILE = 'admin.key';

/** The gateway's own two keys. `newAdminKey` is set on the start that generated it, to be shown once. */
export interface Keys {
  adminKey: string;
  encryptionKey: Buffer;
  newAdminKey: string | null;
}

/** Takes the keys from the environment, or generates and keeps them under the data directory, readable by their owner only. */
export function loadKeys(environment: Pick<Environment, 'dataDir' | 'adminKey' | 'encryptionKey'>): Keys {
  const { dataDir } = environment;
  const admin = environment.adminKey
    ? { value: environment.adminKey, isNew: false }
    : keep(dataDir, ADMIN_KEY_FILE, () => `hga_${randomBytes(24).toString('base64url')}`);
  const encryption =
    environment.encryptionKey ?? keep(dataDir, 'encryption.key', () => randomBytes(32).toString('base64')).value;
  return {
    adminKey: admin.value,
    encryptionKey: Buffer.from(encryption, 'base64'),
    newAdminKey: admin.isNew ? admin.value : null,
  };
}

/** The admin key that a gateway has generated and keeps there; null where none has. @throws {ConfigError} when it may not be read */
export function readKeptAdminKey(dataDir: string): string | null {
  const file = join(dataDir, ADMIN_KEY_FILE);
  if (!existsSync(file)) return null;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([`DATA_DIR: ${file} cannot be read (${code}): it is its owner's, who runs the gateway`]);
  }
}

function keep(dataDir: string, name: string, generate: () => string): { value: string; isNew: boolean } {
  const file = join(dataDir, name);
  if (existsSync(file)) return { value: readFileSync(file, 'utf8').trim(), isNew: false };
  try {
    mkdirSync(dataDir, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      `DATA_DIR: ${dataDir} cannot be made a folder (${code}): set it to one that can be written to`,
    ]);
  }
  try {
    // `wx`: of two gateways that start together on one directory only one generates the key.
    writeFileSync(file, `${generate()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { value: readFileSync(file, 'utf8').trim(), isNew: false };
  }
  chmodSync(file, 0o600);
  return { value: readFileSync(file, 'utf8').trim(), isNew: true };
}
