import 'reflect-metadata';
import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Type } from '@nestjs/common';
import {
  CAPABILITIES,
  CONTACT_CENTRE,
  CONTRACT_VERSION,
  type HandoverProvider,
  type ProviderDefinition,
  type ProviderModule,
  type ProviderSession,
} from '#contract';

/** The provider folders' Nest modules and, among what those provide, the contact centre classes. */
export interface LoadedProviders {
  modules: ProviderModule[];
  classes: Type<HandoverProvider>[];
}

const FOLDER = fileURLToPath(new URL('../../../libs/providers/', import.meta.url));

/** Imports every folder under `libs/providers`. There is no list to add a provider to. */
export async function loadProviders(folder = FOLDER): Promise<LoadedProviders> {
  const index = `index${extname(fileURLToPath(import.meta.url))}`;
  const modules: ProviderModule[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = join(folder, entry.name, index);
    if (!entry.isDirectory() || !existsSync(file)) continue;
    const { default: module } = (await import(pathToFileURL(file).href)) as { default?: ProviderModule };
    if (!module) throw new Error(`${file} has no default export: export the provider's Nest module there.`);
    modules.push(module);
  }
  return { modules, classes: modules.flatMap(contactCentresOf) };
}

/** @throws {Error} for two providers of one key, or one that was written for another version of the contract */
export function checkDefinitions(providers: HandoverProvider[]): void {
  const seen = new Set<string>();
  for (const { definition } of providers) {
    if (definition.contractVersion !== CONTRACT_VERSION) {
      throw new Error(
        `Provider "${definition.key}" was written for contract version ${String(definition.contractVersion)}; this gateway has version ${CONTRACT_VERSION}.`,
      );
    }
    if (seen.has(definition.key))
      throw new Error(`Two providers have the key "${definition.key}"; keys must be unique.`);
    seen.add(definition.key);
  }
}

/** @throws {Error} when a session can do other things than its definition says */
export function checkCapabilities({ key, capabilities }: ProviderDefinition, session: ProviderSession): void {
  for (const capability of CAPABILITIES) {
    const [isDeclared, isThere] = [capabilities.includes(capability), session[capability] !== undefined];
    if (isDeclared === isThere) continue;
    throw new Error(
      isDeclared
        ? `Provider "${key}" declares the capability "${capability}", but its sessions have no such method.`
        : `Sessions of provider "${key}" have the method "${capability}", which its definition does not declare as a capability.`,
    );
  }
}

function contactCentresOf(module: ProviderModule): Type<HandoverProvider>[] {
  const provided = (Reflect.getMetadata('providers', module) ?? []) as unknown[];
  const isContactCentre = (one: unknown): one is Type<HandoverProvider> =>
    typeof one === 'function' && Reflect.getMetadata(CONTACT_CENTRE, one) === true;
  return provided.filter(isContactCentre);
}
