import * as nodeModule from 'node:module';
import { ConfigError } from '#config';
import { resolve } from './package-resolution.js';

/**
 * Imports npm packages and returns what they export as default, by package.
 * @param names checked names; the packages are looked for where the gateway's own dependencies are
 * @throws {ConfigError} that names the package and says what to do
 */
export async function loadPackages(names: readonly string[]): Promise<Map<string, unknown>> {
  if (names.length > 0) shareContract();
  const exported = new Map<string, unknown>();
  for (const name of names) exported.set(name, await load(name));
  return exported;
}

async function load(name: string): Promise<unknown> {
  try {
    return ((await import(name)) as { default?: unknown }).default;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' && message.startsWith(`Cannot find package '${name}'`);
    throw new ConfigError([
      isMissing
        ? `HANDOVER_PROVIDERS: ${name} is not installed: run "npm install --no-save ${name}" in the gateway's folder, or take the name out.`
        : `HANDOVER_PROVIDERS: ${name} cannot be loaded (${message}): install it anew, or ask its author.`,
    ]);
  }
}

let isShared = false;

/** Node has one way to hook into resolution up to version 20, and another one in later ones, where the first is deprecated. */
function shareContract(): void {
  if (isShared) return;
  isShared = true;
  const { registerHooks } = nodeModule as { registerHooks?: (hooks: object) => unknown };
  if (registerHooks) registerHooks({ resolve });
  else nodeModule.register(new URL('./package-resolution.js', import.meta.url));
}
