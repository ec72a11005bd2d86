import type { BotAccount, PgAccountStore } from '#persistence';
import { GONE, type Callback, type Callbacks } from '#delivery';

/** The bots, in memory: authentication and deliveries ask for them all the time. */
export class Accounts implements Callbacks {
  private readonly byHash = new Map<string, BotAccount>();
  private readonly byName = new Map<string, BotAccount>();

  constructor(
    private readonly store: PgAccountStore,
    bots: BotAccount[],
  ) {
    for (const bot of bots) {
      this.byHash.set(bot.keyHash, bot);
      this.byName.set(bot.name, bot);
    }
  }

  findByKeyHash(hash: string): BotAccount | undefined {
    return this.byHash.get(hash);
  }

  /** Names of all bots. */
  names(): string[] {
    return [...this.byName.keys()];
  }

  /** The only providers that a bot may use; null: all of them. */
  providersOf(name: string): readonly string[] | null {
    return this.byName.get(name)?.providers ?? null;
  }

  /** To a bot, one that it may not use looks like one that is not there. */
  mayUse(name: string, provider: string): boolean {
    return this.providersOf(name)?.includes(provider) ?? true;
  }

  async callbackOf(name: string, evenIfGone = false): Promise<Callback | string> {
    const bot = this.byName.get(name);
    if (!bot?.callbackUrl || !bot.callbackSecret) return 'The bot has no callback URL any more.';
    if (bot.goneUrl === bot.callbackUrl && !evenIfGone) {
      // Another replica may have found it back.
      bot.goneUrl = await this.store.goneUrl(name);
      if (bot.goneUrl === bot.callbackUrl) return GONE;
    }
    return { url: bot.callbackUrl, secret: bot.callbackSecret, credentials: bot.callbackCredentials };
  }

  async gone(name: string, url: string): Promise<void> {
    await this.store.markGone(name, url);
    const bot = this.byName.get(name);
    if (bot) bot.goneUrl = url;
  }

  async back(name: string, url: string): Promise<void> {
    const bot = this.byName.get(name);
    if (bot?.goneUrl !== url) return;
    await this.store.markBack(name, url);
    bot.goneUrl = null;
  }
}
