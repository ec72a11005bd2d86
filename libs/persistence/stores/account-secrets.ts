import { isPlainObject } from '#contract';
import type { BotEntity, ProviderEntity } from '../entities/index.js';
import type { SecretBox } from '../secrets.js';

type Values = Record<string, unknown>;

/** Secrets of any provider, whatever its type. */
const COPILOT_SECRETS = ['urlToken', 'previousUrlToken'];

/** Which parts of a bot and a provider are sealed, and where each of them is kept. `isSecret` tells it of a type's settings. */
export class AccountSecrets {
  constructor(
    private readonly box: SecretBox,
    private readonly isSecret: (type: string, setting: string) => boolean,
  ) {}

  /** @param column the property of a bot that is secret */
  sealOfBot(bot: string, column: 'callbackSecret' | 'callbackCredentials', plain: string | null): string | null {
    return plain === null ? null : this.box.seal(plain, `bot/${bot}/${column}`);
  }

  /** @throws {StartError} when a secret does not open */
  openBot(bot: BotEntity): BotEntity {
    const open = (column: 'callbackSecret' | 'callbackCredentials'): string | null => {
      const sealed = bot[column];
      return sealed === null ? null : this.box.open(sealed, `bot/${bot.name}/${column}`);
    };
    return { ...bot, callbackSecret: open('callbackSecret'), callbackCredentials: open('callbackCredentials') };
  }

  sealProvider<T extends Pick<ProviderEntity, 'name' | 'type' | 'settings' | 'options'>>(provider: T): T {
    const { name, type, settings, options } = provider;
    const seal = (values: Values, part: string, isSecret: (key: string) => boolean): Values =>
      mapped(values, (value, key) =>
        isSecret(key) && typeof value === 'string' ? this.box.seal(value, placeOf(name, part, key)) : value,
      );
    const copilot = isPlainObject(options.copilot)
      ? { copilot: seal(options.copilot, 'copilot', (key) => COPILOT_SECRETS.includes(key)) }
      : {};
    return {
      ...provider,
      settings: seal(settings, 'settings', (key) => this.isSecret(type, key)),
      options: { ...options, ...copilot },
    };
  }

  /** @throws {StartError} when a secret does not open */
  openProvider<T extends Pick<ProviderEntity, 'name' | 'settings' | 'options'>>(provider: T): T {
    const { name } = provider;
    return this.withSecrets(provider, (sealed, part, key) => this.box.open(sealed, placeOf(name, part, key)));
  }

  /** Whether a secret of the row needs a key that is on its way out. */
  isOutdated(row: BotEntity | ProviderEntity): boolean {
    let isOutdated = false;
    const look = (sealed: string): string => {
      isOutdated ||= this.box.isOutdated(sealed);
      return sealed;
    };
    if ('settings' in row) this.withSecrets(row, look);
    else [row.callbackSecret, row.callbackCredentials].forEach((sealed) => sealed !== null && look(sealed));
    return isOutdated;
  }

  /** A row with other values in the place of its sealed ones. */
  private withSecrets<T extends Pick<ProviderEntity, 'settings' | 'options'>>(
    row: T,
    replace: (sealed: string, part: string, key: string) => string,
  ): T {
    const each = (values: Values, part: string): Values =>
      mapped(values, (value, key) => (this.box.isSealed(value) ? replace(value, part, key) : value));
    const { copilot } = row.options;
    return {
      ...row,
      settings: each(row.settings, 'settings'),
      options: { ...row.options, ...(isPlainObject(copilot) ? { copilot: each(copilot, 'copilot') } : {}) },
    };
  }
}

function placeOf(provider: string, part: string, key: string): string {
  return `provider/${provider}/${part}/${key}`;
}

function mapped(values: Values, map: (value: unknown, key: string) => unknown): Values {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value, key)]));
}
