import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { parseAs, withDefaults, type CheckContext, type CheckFinding, type FieldError } from '#contract';
import type { AccountApi } from '../account-api.js';
import { definition } from '../definition.js';
import { examine } from '../doctor/doctor.js';
import { accountApi, EightByEightProvider } from '../provider.js';
import { EightByEightSettings, type EightByEightHandoverSettings } from '../settings.js';
import { Transport } from '#provider-kit';

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** An account that an administrator works on, without a gateway. To be closed in the end. */
export interface Account {
  api: AccountApi;
  tenant: string | undefined;
  examine(context: CheckContext<EightByEightHandoverSettings>): Promise<CheckFinding[]>;
  close(): Promise<void>;
}

/** What a reader of the configuration file has to know of this type. */
export const providerType = {
  key: definition.key,
  settings: definition.settings,
  handoverSettings: definition.handoverSettings,
  checkSettings: (settings: object): FieldError[] =>
    new EightByEightProvider(new HttpService(axios.create())).checkSettings(settings as EightByEightSettings, {
      name: '',
      production: false,
      now: Date.now,
      log: quiet,
    }),
};

/** Opens an account with settings as the configuration file has them; the errors name what is wrong with them. */
export function openAccount(given: object): { account: Account } | { errors: FieldError[] } {
  const { value, errors } = parseAs(EightByEightSettings, given);
  const settings = withDefaults(EightByEightSettings, value);
  if (errors.length === 0) errors.push(...providerType.checkSettings(settings));
  if (errors.length > 0) return { errors };
  const transport = new Transport(new HttpService(axios.create()));
  const api = accountApi(transport, settings, Date.now);
  return {
    account: {
      api,
      tenant: settings.tenant,
      examine: (context) => examine(api, settings, context, Date.now),
      close: () => transport.close(),
    },
  };
}
