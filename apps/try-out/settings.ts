import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** What the sample bot and the gateway share. */
export interface BotKeys {
  apiKey: string;
  callbackSecret: string;
}

/** What the generated configuration connects. */
export interface Places {
  provider: object;
  callbackUrl: string;
}

/** The keys kept in `dataDir`; made up at the first start. */
export async function botKeys(dataDir: string): Promise<BotKeys> {
  const path = join(dataDir, 'sample-bot-keys.json');
  const kept = await readFile(path, 'utf8').then(JSON.parse, () => null).catch(() => null); // prettier-ignore
  if (typeof kept?.apiKey === 'string' && typeof kept.callbackSecret === 'string') return kept as BotKeys;
  const keys = {
    apiKey: `bot_${randomBytes(24).toString('base64url')}`,
    callbackSecret: `whsec_${randomBytes(32).toString('base64')}`,
  };
  await writePrivately(path, JSON.stringify(keys));
  return keys;
}

/** Writes the gateway's configuration file into `dataDir` and resolves to its path. */
export async function writeConfiguration(dataDir: string, keys: BotKeys, places: Places): Promise<string> {
  const path = join(dataDir, 'handover.yaml');
  const configuration = {
    bots: [{ name: 'sample-bot', ...keys, callbackUrl: places.callbackUrl }],
    providers: [places.provider],
  };
  await writePrivately(path, `# Written anew at every start of the try-out.\n${stringify(configuration)}`);
  return path;
}

async function writePrivately(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  // The mode above counts for a new file only.
  await chmod(path, 0o600);
}
