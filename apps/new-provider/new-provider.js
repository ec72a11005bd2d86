import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { format, resolveConfig } from 'prettier';

const TEMPLATE = fileURLToPath(new URL('template/', import.meta.url));
/** As the gateway wants keys: see load-providers.ts. Longer ones make names that nobody reads. */
const KEY = /^[a-z][A-Za-z0-9]{0,39}$/;

const NAMES = /sampleVendor|sample-vendor|Sample Vendor|SampleVendor/g;

/** What was asked for cannot be done; the message says why and what to do. */
class UsageError extends Error {
  name = 'UsageError';
}

/**
 * Writes the folder of a new provider, all of it or nothing.
 * @param {string} root the folder of the gateway
 * @param {string[]} given what was given: the key, and nothing else
 * @returns {Promise<{ folder: string, files: string[] }>} relative to the root, and to the folder
 * @throws {UsageError} when the key is no key, or is taken
 */
export async function newProvider(root, given) {
  const [key] = given;
  if (given.length !== 1 || !KEY.test(key))
    throw new UsageError(
      `${given.length === 1 ? JSON.stringify(key) : `What was given (${given.length} words)`} is no key: name one, in camelCase, of 1 to 40 letters and digits, such as acmeDesk.`,
    );
  const names = namesOf(key);
  const folder = `libs/providers/${names['sample-vendor']}`;
  if (existsSync(join(root, folder))) throw new UsageError(`${folder} is there already: choose another key.`);
  const half = mkdtempSync(join(root, 'libs/providers/.new-'));
  try {
    const files = readdirSync(TEMPLATE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const written = await Promise.all(files.map((file) => write(half, file, names)));
    renameSync(half, join(root, folder));
    return { folder, files: written.sort() };
  } catch (error) {
    rmSync(half, { recursive: true, force: true });
    throw error;
  }
}

/** What stands in the template, and what stands for it in the new folder. */
function namesOf(key) {
  const words = key.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
  const capitals = words.map((word) => word[0].toUpperCase() + word.slice(1));
  return {
    sampleVendor: key,
    'sample-vendor': words.join('-'),
    'Sample Vendor': capitals.join(' '),
    SampleVendor: key[0].toUpperCase() + key.slice(1),
  };
}

async function write(folder, file, names) {
  const source = readFileSync(join(TEMPLATE, file), 'utf8');
  const text = source.replace(NAMES, (name) => names[name]);
  const target = file.replaceAll(sep, '/').replace('.template.ts', '.spec.ts');
  const path = join(folder, target);
  const options = { ...(await resolveConfig(join(TEMPLATE, file))), filepath: path };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await format(text, options));
  return target;
}
