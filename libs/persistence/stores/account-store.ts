import { isPlainObject } from '#contract';
import type { DataSource } from 'typeorm';
import { BotEntity, ProviderEntity } from '../entities/index.js';
import { hashKey, type SecretBox } from '../secrets.js';

/** A bot as the configuration or the admin API gives it. */
export interface BotAccount {
  name: string;
  keyHash: string;
  callbackUrl: string | null;
  callbackSecret: string | null;
  enabled: boolean;
  goneUrl: string | null;
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
  bots: { name: string; apiKey: string; callbackUrl?: string; callbackSecret?: string }[];
  providers: Pick<ProviderAccount, 'name' | 'type' | 'settings' | 'defaults' | 'options'>[];
}

/** Secrets of any provider, whatever its type. */
const COPILOT_SECRETS = ['urlToken', 'previousUrlToken'];

/** Bots and providers. `isSecret` tells which settings of a provider type are sealed. */
export class PgAccountStore {
  constructor(
    private readonly source: DataSource,
    private readonly box: SecretBox,
    private readonly isSecret: (type: string, setting: string) => boolean,
  ) {}

  /** Creates or updates what the file declares, and disables what it no longer does. */
  async provision({ bots, providers }: ProvisionedAccounts): Promise<void> {
    await this.source.transaction(async (manager) => {
      // Replicas that start together take turns.
      await manager.query('SELECT pg_advisory_xact_lock(7281411904)');
      await manager.update(BotEntity, { provisioned: true }, { enabled: false });
      await manager.update(ProviderEntity, { provisioned: true }, { enabled: false });
      for (const bot of bots) {
        // A key may move from one bot to another: whoever had it before is disabled or about to get a new one.
        const keyHash = hashKey(bot.apiKey);
        await manager.query(`UPDATE bot SET key_hash = 'replaced:' || name WHERE key_hash = $1 AND name <> $2`, [
          keyHash,
          bot.name,
        ]);
        await manager.upsert(
          BotEntity,
          {
            name: bot.name,
            keyHash,
            callbackUrl: bot.callbackUrl ?? null,
            callbackSecret: bot.callbackSecret ? this.box.seal(bot.callbackSecret) : null,
            enabled: true,
            provisioned: true,
          },
          ['name'],
        );
        await manager.query(
          `UPDATE bot SET gone_url = NULL WHERE name = $1 AND gone_url IS DISTINCT FROM callback_url`,
          [bot.name],
        );
      }
      for (const provider of providers) {
        const before = await manager.findOneBy(ProviderEntity, { name: provider.name });
        const same =
          before !== null && JSON.stringify(this.unseal(before).settings) === JSON.stringify(sorted(provider.settings));
        await manager.upsert(
          ProviderEntity,
          {
            name: provider.name,
            type: provider.type,
            settings: this.sealAll(provider.type, provider.settings) as never,
            defaults: provider.defaults as never,
            options: this.sealOptions(provider.options) as never,
            enabled: true,
            provisioned: true,
            pinnedTenant: same ? before.pinnedTenant : null,
          },
          ['name'],
        );
        await manager.query(`UPDATE provider SET pinned_tenant = confirmed_tenant WHERE name = $1`, [provider.name]);
      }
    });
  }

  async bots(): Promise<BotAccount[]> {
    const rows = await this.source.manager.find(BotEntity);
    return rows.map((bot) => ({
      ...bot,
      callbackSecret: bot.callbackSecret ? this.box.open(bot.callbackSecret) : null,
    }));
  }

  async providers(): Promise<ProviderAccount[]> {
    const rows = await this.source.manager.find(ProviderEntity);
    return rows.map((provider) => this.unseal(provider));
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

  private sealAll(type: string, settings: Record<string, unknown>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [
        name,
        this.isSecret(type, name) && typeof value === 'string' ? this.box.seal(value) : value,
      ]),
    );
  }

  private sealOptions(options: Record<string, unknown>): Record<string, unknown> {
    const { copilot } = options;
    if (!isPlainObject(copilot)) return options;
    const sealed = Object.entries(copilot).map(([name, value]) => [
      name,
      COPILOT_SECRETS.includes(name) && typeof value === 'string' ? this.box.seal(value) : value,
    ]);
    return { ...options, copilot: Object.fromEntries(sealed) as unknown };
  }

  private unseal(provider: ProviderEntity): ProviderAccount {
    const { copilot } = provider.options;
    return {
      ...provider,
      settings: sorted(this.opened(provider.settings)),
      options: { ...provider.options, ...(isPlainObject(copilot) ? { copilot: this.opened(copilot) } : {}) },
    };
  }

  private opened(sealed: Record<string, unknown>): Record<string, unknown> {
    const open = (value: unknown): unknown => (this.box.isSealed(value) ? this.box.open(value) : value);
    return Object.fromEntries(Object.entries(sealed).map(([name, value]) => [name, open(value)]));
  }
}

/** PostgreSQL keeps JSON keys in an order of its own; both sides are sorted before they are compared. */
function sorted(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
}
