import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { readTextFile } from './text-file.js';

const MAX_BYTES = 1024 * 1024;

/**
 * Puts the variables of the file `.env` in a folder, where there is one, into an environment. What is set there already wins.
 * @throws {ConfigError} when the file is there and cannot be read as UTF-8 text
 */
export function readEnvFile(cwd: string, env: NodeJS.ProcessEnv): void {
  const path = resolve(cwd, '.env');
  const text = readTextFile(path, path, MAX_BYTES);
  for (const [name, value] of Object.entries(parseEnv(text ?? ''))) env[name] ??= value;
}
