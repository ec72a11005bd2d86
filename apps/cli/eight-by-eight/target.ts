import { readConfigFile, readEnvironment, webhookUrls } from '#config';
import {
  openAccount,
  ownAddress,
  providerType,
  type Account,
} from '../../../libs/providers/eight-by-eight/setup/index.js';
import type { Surroundings, Values } from '../commands.js';
import { UsageError } from '../usage-error.js';

/** The account that a command is for, and what the configuration or the command line says of it. */
export interface Target {
  account: Account;
  /** What is made is named after it; null where none was given. */
  name: string | null;
  baseUrl: string | undefined;
  tenant: string | undefined;
  /** Where the account's webhooks may point to, the preferred address first; none where it was not said. */
  webhookUrls: string[];
  hasToken: boolean;
  /** Whether its entry of the configuration file has an `endpoint`. */
  hasEndpoint: boolean;
  channelId: string | undefined;
  queueId: string | undefined;
}

const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const KEY_VARIABLE = 'EIGHT_BY_EIGHT_API_KEY';

/** Takes what the options say, and the rest from the configuration file where `--provider` names an entry. @throws {UsageError} */
export function targetOf({ env, cwd }: Pick<Surroundings, 'env' | 'cwd'>, values: Values): Target {
  const declared = typeof values.provider === 'string' ? declaredIn(env, cwd, values.provider) : null;
  const { settings = {}, defaults = {} } = declared ?? {};
  const name = text(values.name) ?? declared?.name ?? null;
  if (name !== null && !SLUG.test(name))
    throw new UsageError('--name must be 1 to 63 lower-case letters, digits and hyphens.');
  const webhookUrl = text(values['webhook-url']);
  if (webhookUrl !== undefined && !/^https?:\/\/[^/]/.test(webhookUrl))
    throw new UsageError(
      '--webhook-url must be an https URL, such as https://handover.example.com/handover/eightByEight.',
    );
  const token = ownAddress(webhookUrl ?? '')?.token ?? settings.webhookToken;
  const apiKey = text(values['api-key']) ?? settings.apiKey ?? (env[KEY_VARIABLE] || undefined);
  if (apiKey === undefined)
    throw new UsageError(
      `There is no API key: set ${KEY_VARIABLE}, or name an entry of the configuration file by --provider.`,
    );
  const baseUrl = text(values['base-url']) ?? (settings.baseUrl as string | undefined);
  const tenant = text(values.tenant) ?? (settings.tenant as string | undefined);
  const given = { ...settings, baseUrl, apiKey, tenant, webhookToken: token };
  const opened = openAccount(JSON.parse(JSON.stringify(given)) as object);
  if ('errors' in opened)
    throw new UsageError(opened.errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`).join('; '));
  return {
    account: opened.account,
    name,
    baseUrl,
    tenant,
    webhookUrls: webhookUrl === undefined ? (declared?.webhookUrls ?? []) : [webhookUrl],
    hasToken: token !== undefined,
    hasEndpoint: declared?.hasEndpoint ?? false,
    channelId: text(values.channel) ?? (defaults.channelId as string | undefined),
    queueId: text(values.queue) ?? (defaults.queueId as string | undefined),
  };
}

interface Declared {
  name: string;
  settings: Record<string, unknown>;
  defaults: Record<string, unknown>;
  webhookUrls: string[];
  hasEndpoint: boolean;
}

function declaredIn(env: NodeJS.ProcessEnv, cwd: string, name: string): Declared {
  const { PORT, PUBLIC_URL, HANDOVER_CONFIG } = env;
  const { configPath, publicUrl } = readEnvironment({ PORT, PUBLIC_URL, HANDOVER_CONFIG }, cwd);
  if (configPath === null)
    throw new UsageError('There is no configuration file here: set HANDOVER_CONFIG, or give the account by options.');
  const { providers } = readConfigFile(configPath, env, [providerType], 'unchecked');
  const found = providers.find((provider) => provider.name === name && provider.type === providerType.key);
  if (!found) {
    const known = providers.filter(({ type }) => type === providerType.key).map((provider) => provider.name);
    throw new UsageError(`${configPath} has no 8x8 provider "${name}"; known: ${known.join(', ') || 'none'}.`);
  }
  const { settings, defaults, endpoint } = found;
  const token = settings.webhookToken === undefined ? null : String(settings.webhookToken);
  const addresses = webhookUrls(publicUrl, providerType.key, name, token);
  return { name, settings, defaults, webhookUrls: addresses, hasEndpoint: endpoint !== undefined };
}

function text(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
