import { withDefaults, type HandoverProvider, type ProviderContext, type ProviderLog } from '#contract';
import type { Environment } from '#config';
import type { Clock, ProviderInstance } from '#core';
import type { ProviderAccount } from '#persistence';
import { checkCapabilities } from './load-providers.js';
import { providerOptions } from './provider-options.js';

/** None when the type is not loaded: its handovers then wait until it is again. */
export function openProvider(
  account: ProviderAccount,
  providers: HandoverProvider[],
  environment: Environment,
  clock: Clock,
  log: ProviderLog,
): ProviderInstance[] {
  const provider = providers.find(({ definition }) => definition.key === account.type);
  if (!provider) {
    log.warn(
      { provider: account.name, type: account.type },
      'provider not loaded: its type is not part of this gateway',
    );
    return [];
  }
  const { definition } = provider;
  const settings = withDefaults(definition.settings, account.settings);
  const context: ProviderContext = {
    name: account.name,
    production: environment.production,
    now: () => clock.now().getTime(),
    log,
  };
  const session = provider.open(settings, context);
  checkCapabilities(definition, session);
  return [
    {
      name: account.name,
      definition,
      session,
      defaults: account.defaults,
      options: providerOptions(account.options, environment.publicUrl),
      enabled: account.enabled,
      pinnedTenant: account.pinnedTenant,
    },
  ];
}
