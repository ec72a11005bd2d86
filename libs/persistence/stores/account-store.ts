import type { DataSource, EntityManager } from 'typeorm';
import { BotEntity, ProviderEntity } from '../entities/index.js';
import { hashKey, type SecretBox } from '../secrets.js';
import { AccountSecrets } from './account-secrets.js';

/** A bot as the configuration or the admin API gives it. */
export interface BotAccount {
  name: string;
  keyHash: string;
  callbackUrl: string | null;
  callbackSecret: string | null;
  /** `user:password` for HTTP Basic Authentication at the callback URL. */
  callbackCredentials: string | null;
  enabled: boolean;
  goneUrl: string | null;
  /** Names of the only providers it may use; null: all. */
  providers: readonly string[] | null;
}

/** A provider with its secrets in the clear; never leaves the process. */
export interface ProviderAccount {
  name: string;
  type: string;
  settings: Record<string, unknown>;
  defaults: Record<string, unknown>;
  /** Inactivity, waiting, copilot and so on, as the configuration has them. */
  options: Record<string, unknown>;
  enabled: boolean;
  /** Declared by the configuration file. */
  provisioned: boolean;
  pinnedTenant: string | null;
}

/** What the configuration file declares. */
export interface ProvisionedAccounts {
  bots: {
    name: string;
    apiKey: string;
    callbackUrl: string | null;
    callbackSecret: string | null;
    callbackCredentials: string | null;
    providers: readonly string[] | null;
  }[];
  providers: Pick<ProviderAccount, 'name' | 'type' | 'settings' | 'defaults' | 'options'>[];
}

/** What a start did to the accounts that earlier starts left. */
export interface Provisioning {
  /** Accounts that are enabled, are of a configuration file, and were taken out of it: they are disabled now. */
  disabled: { bots: string[]; providers: string[] };
  /** Rows whose secrets were encrypted with a previous key, and now are with the newest. */
  resealed: number;
}

/** Bots and providers. `isSecret` tells which settings of a provider type are sealed. */
export class PgAccountStore {
  private readonly secrets: AccountSecrets;

  constructor(
    private readonly source: DataSource,
    box: SecretBox,
    isSecret: (type: string, setting: string) => boolean,
  ) {
    this.secrets = new AccountSecrets(box, isSecret);
  }

  /**
   * Creates or updates what the file declares, disables what it no longer does, and encrypts with the newest key what still needs
   * an earlier one. null: there is no file. That is no reason to disable anything: more likely this replica was started without it.
   */
  async provision(declared: ProvisionedAccounts | null): Promise<Provisioning> {
    return this.source.transaction(async (manager) => {
      // Replicas that start together take turns.
      await manager.query('SELECT pg_advisory_xact_lock(7281411904)');
      const disabled = { bots: [] as string[], providers: [] as string[] };
      if (declared) {
        disabled.bots = await disable(manager, 'bot', declared.bots);
        disabled.providers = await disable(manager, 'provider', declared.providers);
        for (const bot of declared.bots) await this.provisionBot(manager, bot);
        for (const provider of declared.providers) await this.provisionProvider(manager, provider);
      }
      return { disabled, resealed: await this.reseal(manager) };
    });
  }

  private async provisionBot(manager: EntityManager, bot: ProvisionedAccounts['bots'][number]): Promise<void> {
    const { name, apiKey, callbackUrl, providers } = bot;
    const keyHash = hashKey(apiKey);
    // A key may move from one bot to another: whoever had it before is disabled or about to get a new one.
    await manager.query(`UPDATE bot SET key_hash = 'replaced:' || name WHERE key_hash = $1 AND name <> $2`, [
      keyHash,
      name,
    ]);
    await manager.upsert(
      BotEntity,
      {
        name,
        keyHash,
        callbackUrl,
        callbackSecret: this.secrets.sealOfBot(name, 'callbackSecret', bot.callbackSecret),
        callbackCredentials: this.secrets.sealOfBot(name, 'callbackCredentials', bot.callbackCredentials),
        enabled: true,
        provisioned: true,
        providers: providers && [...providers],
      },
      ['name'],
    );
    await manager.query(`UPDATE bot SET gone_url = NULL WHERE name = $1 AND gone_url IS DISTINCT FROM callback_url`, [
      name,
    ]);
  }

  private async provisionProvider(
    manager: EntityManager,
    provider: ProvisionedAccounts['providers'][number],
  ): Promise<void> {
    const before = await manager.findOneBy(ProviderEntity, { name: provider.name });
    const same =
      before !== null && JSON.stringify(this.unseal(before).settings) === JSON.stringify(sorted(provider.settings));
    const { name, type, settings, defaults, options } = this.secrets.sealProvider(provider);
    await manager.upsert(
      ProviderEntity,
      {
        name,
        type,
        settings: settings as never,
        defaults: defaults as never,
        options: options as never,
        enabled: true,
        provisioned: true,
        pinnedTenant: same ? before.pinnedTenant : null,
      },
      ['name'],
    );
    await manager.query(`UPDATE provider SET pinned_tenant = confirmed_tenant WHERE name = $1`, [name]);
  }

  /** Accounts that no file declares any more have secrets too. Resolves to how many were encrypted anew. */
  private async reseal(manager: EntityManager): Promise<number> {
    const bots = (await manager.find(BotEntity)).filter((bot) => this.secrets.isOutdated(bot));
    for (const row of bots) {
      const { name, callbackSecret, callbackCredentials } = this.secrets.openBot(row);
      await manager.update(
        BotEntity,
        { name },
        {
          callbackSecret: this.secrets.sealOfBot(name, 'callbackSecret', callbackSecret),
          callbackCredentials: this.secrets.sealOfBot(name, 'callbackCredentials', callbackCredentials),
        },
      );
    }
    const providers = (await manager.find(ProviderEntity)).filter((provider) => this.secrets.isOutdated(provider));
    for (const row of providers) {
      const { name, settings, options } = this.secrets.sealProvider(this.secrets.openProvider(row));
      await manager.update(ProviderEntity, { name }, { settings: settings as never, options: options as never });
    }
    return bots.length + providers.length;
  }

  async bots(): Promise<BotAccount[]> {
    return (await this.source.manager.find(BotEntity)).map((bot) => this.secrets.openBot(bot));
  }

  async providers(): Promise<ProviderAccount[]> {
    const rows = await this.source.manager.find(ProviderEntity);
    return rows.map((provider) => this.unseal(provider));
  }

  /** The same with their secrets as they are stored, which no key is needed for: to be shown masked. */
  async sealedProviders(): Promise<ProviderAccount[]> {
    return this.source.manager.find(ProviderEntity);
  }

  /**
   * Holds a provider to a tenant, unless another replica did so first. Resolves to the tenant it is held to. Replicas of an earlier
   * version read `pinned_tenant`; what they write there, by an event's word alone, is not believed.
   */
  async pinTenant(provider: string, tenant: string): Promise<string> {
    await this.source.query(
      `UPDATE provider SET confirmed_tenant = $2, pinned_tenant = $2 WHERE name = $1 AND confirmed_tenant IS NULL`,
      [provider, tenant],
    );
    const row = await this.source.manager.findOneByOrFail(ProviderEntity, { name: provider });
    return row.pinnedTenant!;
  }

  /** Stops deliveries to a callback URL that is gone for good. */
  async markGone(bot: string, url: string): Promise<void> {
    await this.source.query(`UPDATE bot SET gone_url = $2 WHERE name = $1 AND callback_url = $2`, [bot, url]);
  }

  /** The callback URL is there after all. */
  async markBack(bot: string, url: string): Promise<void> {
    await this.source.query(`UPDATE bot SET gone_url = NULL WHERE name = $1 AND gone_url = $2`, [bot, url]);
  }

  /** The bot's callback URL that is gone for good, as far as any replica knows. */
  async goneUrl(bot: string): Promise<string | null> {
    const [row] = await this.source.query<{ url: string | null }[]>(`SELECT gone_url AS url FROM bot WHERE name = $1`, [
      bot,
    ]);
    return row?.url ?? null;
  }

  private unseal(provider: ProviderEntity): ProviderAccount {
    const opened = this.secrets.openProvider(provider);
    return { ...opened, settings: sorted(opened.settings) };
  }
}

/** Disables the accounts of a file that it no longer declares. Resolves to the names of those that were enabled. */
async function disable(
  manager: EntityManager,
  table: 'bot' | 'provider',
  declared: { name: string }[],
): Promise<string[]> {
  const [rows] = await manager.query<[{ name: string }[]]>(
    `UPDATE ${table} SET enabled = false WHERE provisioned AND enabled AND name <> ALL ($1) RETURNING name`,
    [declared.map(({ name }) => name)],
  );
  return rows.map(({ name }) => name);
}

/** PostgreSQL keeps JSON keys in an order of its own; both sides are sorted before they are compared. */
function sorted(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
}
