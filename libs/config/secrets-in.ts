import { isPlainObject, settingsOf } from '#contract';
import { callbackAddress } from './callback-address.js';
import type { BotConfig, CopilotConfig, ProviderConfig } from './entries.js';
import type { ProviderType } from './file-config.js';
import { below } from './pointer.js';
import type { KnownSecret } from './secret-rules.js';

/** Every secret that a configuration file declares, in its order; `place` is a pointer into the file. */
export function secretsIn(bots: BotConfig[], providers: ProviderConfig[], types: ProviderType[]): KnownSecret[] {
  return [
    ...bots.flatMap((bot, index) => ofBot(bot, `/bots/${index}`)),
    ...providers.flatMap((provider, index) => ofProvider(provider, types, `/providers/${index}`)),
  ];
}

function ofBot({ apiKey, callbackSecret, callbackUrl }: BotConfig, at: string): KnownSecret[] {
  return [
    ...secret(apiKey, below(at, 'apiKey'), { kind: 'opens' }),
    ...secret(passwordIn(callbackUrl), below(at, 'callbackUrl'), { kind: 'foreign', family: 'callbacks' }),
    ...secret(callbackSecret, below(at, 'callbackSecret'), { kind: 'callback' }),
  ];
}

function ofProvider({ type, settings, copilot }: ProviderConfig, types: ProviderType[], at: string): KnownSecret[] {
  const declared = settingsOf(types.find(({ key }) => key === type)?.settings ?? Object);
  const given: Record<string, unknown> = isPlainObject(settings) ? settings : {};
  const own = Object.entries(declared).flatMap(([name, { secret: isSecret, opens = name.startsWith('webhook') }]) =>
    isSecret
      ? secret(
          given[name],
          below(`${at}/settings`, name),
          opens ? { kind: 'opens' } : { kind: 'foreign', family: type },
        )
      : [],
  );
  const tokens: Partial<CopilotConfig> = isPlainObject(copilot) ? copilot : {};
  const link = (['urlToken', 'previousUrlToken'] as const).flatMap((name) =>
    secret(tokens[name], below(`${at}/copilot`, name), { kind: 'opens' }),
  );
  return [...own, ...link];
}

function secret(value: unknown, place: string, kind: Pick<KnownSecret, 'kind' | 'family'>): KnownSecret[] {
  return typeof value === 'string' && value !== '' ? [{ place, value, ...kind }] : [];
}

function passwordIn(url: unknown): string | undefined {
  if (typeof url !== 'string' || !URL.canParse(url)) return undefined;
  return callbackAddress(url).credentials?.replace(/^[^:]*:/, '');
}
