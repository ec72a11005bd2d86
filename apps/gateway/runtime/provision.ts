import { callbackAddress, type BotConfig, type FileConfig } from '#config';
import type { ProviderLog } from '#contract';
import type { PgAccountStore, ProvisionedAccounts } from '#persistence';
import { configuredOptions } from './provider-options.js';

/** Brings the accounts in the database to what the configuration file declares, and says what an operator may not have meant. */
export async function provision(
  store: Pick<PgAccountStore, 'provision'>,
  { path, bots, providers }: FileConfig,
  log: ProviderLog,
): Promise<void> {
  const declared = {
    bots: bots.map(declaredBot),
    providers: providers.map((entry) => ({ ...entry, options: configuredOptions(entry) })),
  };
  const { disabled, resealed } = await store.provision(path === null ? null : declared);
  if (path === null)
    log.warn(
      {},
      'there is no configuration file: bots and providers of earlier starts are left as they are. Set HANDOVER_CONFIG, or start where handover.yaml is; an empty file disables them',
    );
  if (disabled.bots.length + disabled.providers.length > 0)
    log.warn(disabled, 'taken out of the configuration file, and disabled: all replicas should have the same file');
  if (resealed > 0) log.info({ accounts: resealed }, 'secrets were encrypted with the newest HANDOVER_ENCRYPTION_KEY');
}

function declaredBot(bot: BotConfig): ProvisionedAccounts['bots'][number] {
  const { name, apiKey, callbackUrl, callbackSecret = null, providers = null } = bot;
  const address = callbackUrl === undefined ? null : callbackAddress(callbackUrl);
  return {
    name,
    apiKey,
    callbackUrl: address?.url ?? null,
    callbackCredentials: address?.credentials ?? null,
    callbackSecret,
    providers,
  };
}
