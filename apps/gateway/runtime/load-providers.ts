import 'reflect-metadata';
import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Type } from '@nestjs/common';
import { ConfigError } from '#config';
import {
  CAPABILITIES,
  CONTACT_CENTRE,
  CONTRACT_COPY,
  CONTRACT_VERSION,
  type HandoverProvider,
  type ProviderDefinition,
  type ProviderModule,
  type ProviderSession,
} from '#contract';
import { loadPackages } from './provider-packages.js';

/** The Nest modules of folders and packages and, among what those provide, the contact centre classes. */
export interface LoadedProviders {
  modules: ProviderModule[];
  classes: Type<HandoverProvider>[];
  /** The package that each class is from, for those that are from one. */
  packageOf: Map<unknown, string>;
}

const FOLDER = fileURLToPath(new URL('../../../libs/providers/', import.meta.url));
/** What can stand in a configuration, a path and a row of the database alike. */
const KEY = /^[a-z][A-Za-z0-9]{0,62}$/;

/**
 * Imports every folder under `libs/providers`, and the packages that are named. There is no other list to add a provider to.
 * @throws {ConfigError} that names the package that cannot be used, and says what to do
 */
export async function loadProviders(packages: readonly string[] = [], folder = FOLDER): Promise<LoadedProviders> {
  const loaded: LoadedProviders = { modules: [], classes: [], packageOf: new Map() };
  for (const [file, exported] of await loadFolders(folder)) add(loaded, file, exported);
  for (const [name, exported] of await loadPackages(packages)) {
    for (const one of add(loaded, fromPackage(name), exported)) loaded.packageOf.set(one, name);
  }
  return loaded;
}

/** @throws {ConfigError} for two providers of one key, or one that was written for another version of the contract */
export function checkDefinitions(providers: HandoverProvider[], packageOf: LoadedProviders['packageOf']): void {
  const owners = new Map<string, string>();
  for (const provider of providers) {
    const { key, contractVersion }: Partial<ProviderDefinition> = provider.definition ?? {};
    const from = packageOf.get(provider.constructor);
    const owner = from === undefined ? `Provider "${key}"` : fromPackage(from);
    if (contractVersion !== CONTRACT_VERSION) {
      throw new ConfigError([
        `${owner} was written for version ${String(contractVersion)} of the contract, and this gateway has version ${CONTRACT_VERSION}: use a release of the provider for version ${CONTRACT_VERSION}, or another gateway.`,
      ]);
    }
    if (typeof key !== 'string' || !KEY.test(key)) {
      throw new ConfigError([
        `${owner} has the key ${JSON.stringify(key)}: a key is 1 to 63 letters and digits in camelCase, and begins with a small letter.`,
      ]);
    }
    const other = owners.get(key);
    if (other !== undefined) {
      throw new ConfigError([
        `${owner} has the key "${key}", and so has ${other}: keys must be unique, so leave one of the two out.`,
      ]);
    }
    owners.set(key, from ?? 'one of the gateway itself');
  }
}

/** @throws {ConfigError} when a session can do other things than its definition says */
export function checkCapabilities({ key, capabilities }: ProviderDefinition, session: ProviderSession): void {
  for (const capability of CAPABILITIES) {
    const [isDeclared, isThere] = [capabilities.includes(capability), session[capability] !== undefined];
    if (isDeclared === isThere) continue;
    throw new ConfigError([
      isDeclared
        ? `Provider "${key}" declares the capability "${capability}", but its sessions have no such method.`
        : `Sessions of provider "${key}" have the method "${capability}", which its definition does not declare as a capability.`,
    ]);
  }
}

const fromPackage = (name: string): string => `HANDOVER_PROVIDERS: ${name}`;

/** What the folders' `index` files export as default, by file. */
async function loadFolders(folder: string): Promise<Map<string, unknown>> {
  const index = `index${extname(fileURLToPath(import.meta.url))}`;
  const exported = new Map<string, unknown>();
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name, index);
    if (!entry.isDirectory() || !existsSync(file)) continue;
    exported.set(file, ((await import(pathToFileURL(file).href)) as { default?: unknown }).default);
  }
  return exported;
}

/** Adds a provider's module and returns the contact centres in it. @throws {ConfigError} when it is no such module */
function add({ modules, classes }: LoadedProviders, owner: string, exported: unknown): Type<HandoverProvider>[] {
  const marked = (['providers', 'exports'] as const).map((list) => markedIn(exported, list));
  const found = marked[0]!.filter((one) => marked[1]!.includes(one));
  if (found.length === 0)
    throw new ConfigError([
      `${owner} has no contact centre: its default export must be a Nest module that provides and exports a class with @ContactCentre().`,
    ]);
  if (found.some((one) => Reflect.getMetadata(CONTACT_CENTRE, one) !== CONTRACT_COPY))
    throw new ConfigError([
      `${owner} brings a contract of its own: its author must import "handover-gateway/contract", and not bundle it.`,
    ]);
  modules.push(exported as ProviderModule);
  classes.push(...found);
  return found;
}

/** The classes with `@ContactCentre()`, of whichever copy of the contract, in a list of a Nest module. */
function markedIn(module: unknown, list: 'providers' | 'exports'): Type<HandoverProvider>[] {
  const listed = typeof module === 'function' ? (Reflect.getMetadata(list, module) as unknown) : null;
  return Array.isArray(listed)
    ? listed.filter((one) => typeof one === 'function' && Reflect.hasMetadata(CONTACT_CENTRE, one))
    : [];
}
