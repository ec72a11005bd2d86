import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';

/** What the parts of a try-out share. */
export interface Keys {
  apiKey: string;
  callbackSecret: string;
  /** Part of the link to the copilot's page. */
  copilotToken: string;
}

/** What the generated configuration connects. */
export interface Places {
  provider: object;
  callbackUrl: string;
  /** How long the customer may be silent before the bot reminds them, such as `2m`. */
  inactivity: string;
}

/** The keys kept in `dataDir`; made up at the first start. */
export async function keysIn(dataDir: string): Promise<Keys> {
  const path = join(dataDir, 'keys.json');
  const kept = await readFile(path, 'utf8').then(JSON.parse, () => null).catch(() => null); // prettier-ignore
  const names = ['apiKey', 'callbackSecret', 'copilotToken'];
  if (names.every((name) => typeof kept?.[name] === 'string')) return kept as Keys;
  const keys = {
    apiKey: `bot_${randomBytes(24).toString('base64url')}`,
    callbackSecret: `whsec_${randomBytes(32).toString('base64')}`,
    copilotToken: randomBytes(24).toString('base64url'),
  };
  await writePrivately(path, JSON.stringify(keys));
  return keys;
}

/** Writes the gateway's configuration file into `dataDir` and resolves to its path. */
export async function writeConfiguration(dataDir: string, keys: Keys, places: Places): Promise<string> {
  const path = join(dataDir, 'handover.yaml');
  const { copilotToken, ...botKeys } = keys;
  const { provider, callbackUrl, inactivity } = places;
  const copilot = { builtIn: true, urlToken: copilotToken };
  const configuration = {
    bots: [{ name: 'sample-bot', ...botKeys, callbackUrl }],
    providers: [{ ...provider, copilot, inactivity: { timeout: inactivity, reminders: 2, close: true } }],
  };
  await writePrivately(path, `# Written anew at every start of the try-out.\n${stringify(configuration)}`);
  return path;
}

async function writePrivately(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  // The mode above counts for a new file only.
  await chmod(path, 0o600);
}
