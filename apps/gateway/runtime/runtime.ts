import {
  durationMs,
  settingsOf,
  withDefaults,
  type HandoverProvider,
  type ProviderContext,
  type ProviderLog,
} from '#contract';
import type { Environment, FileConfig } from '#config';
import { ProviderRegistry, type Clock, type Committed, type ProviderInstance, type Wakeups } from '#core';
import {
  Alarms,
  BotDeliveries,
  EventHub,
  Housekeeping,
  Inbox,
  InboxProcessor,
  InboxReplay,
  Inspections,
  Inspector,
  LastLooks,
  ProviderCommands,
  Relay,
  WebhookFlow,
} from '#delivery';
import {
  isDatabaseAway,
  openDatabase,
  PgAccountStore,
  PgDeadLetterStore,
  PgHandoverStore,
  PgHousekeepingStore,
  PgInboxArchiveStore,
  PgInboxStore,
  PgInspectionStore,
  PgLaneStore,
  SecretBox,
  startEmbeddedPostgres,
  type DataSource,
  type EmbeddedPostgres,
  type ProviderAccount,
} from '#persistence';
import { Accounts } from './accounts.js';
import type { Keys } from './keys.js';
import { configuredOptions, providerOptions } from './provider-options.js';

/** How long a stop may wait for work that is under way, in milliseconds. */
const STOP_WITHIN_MS = 5_000;

/** Everything that runs behind the HTTP layer, put together and taken apart in one place. */
export class Runtime implements Wakeups {
  readonly hub = new EventHub();
  readonly handovers: PgHandoverStore;
  readonly accounts: Accounts;
  readonly registry: ProviderRegistry;
  readonly inbox: Inbox;
  readonly deadLetters: PgDeadLetterStore;
  readonly inboxArchive: PgInboxArchiveStore;
  readonly replay: InboxReplay;
  private readonly stopper = new AbortController();
  /** Aborted when the gateway begins to stop. */
  readonly stopping = this.stopper.signal;
  private readonly processor: InboxProcessor;
  private readonly relay: Relay;
  private readonly deliveries: BotDeliveries;
  private readonly alarms: Alarms;
  private readonly inspections: Inspections;
  private readonly housekeeping: Housekeeping;

  private constructor(
    readonly keys: Keys,
    readonly database: DataSource,
    private readonly embedded: EmbeddedPostgres | null,
    accountStore: PgAccountStore,
    bots: Awaited<ReturnType<PgAccountStore['bots']>>,
    retention: FileConfig['retention'],
    definitions: HandoverProvider[],
    instances: ProviderInstance[],
    readonly clock: Clock,
    log: ProviderLog,
  ) {
    this.registry = new ProviderRegistry(
      definitions.map(({ definition }) => definition),
      instances,
    );
    this.accounts = new Accounts(accountStore, bots);
    this.handovers = new PgHandoverStore(database, clock, this);
    const inboxStore = new PgInboxStore(database);
    const laneStore = new PgLaneStore(database);
    const pin = async (instance: ProviderInstance, tenant: string): Promise<void> => {
      instance.pinnedTenant = await accountStore.pinTenant(instance.name, tenant, instance.pinnedTenant);
    };
    const lastLooks = new LastLooks((id) => this.inspections.lastLook(id));
    this.processor = new InboxProcessor(inboxStore, this.handovers, this.registry, pin, isDatabaseAway, log, lastLooks);
    const flow = new WebhookFlow();
    this.inbox = new Inbox(inboxStore, this.registry, this.processor, log, flow);
    const now = (): number => clock.now().getTime();
    this.deliveries = new BotDeliveries(this.accounts, now);
    const commands = new ProviderCommands(this.handovers, laneStore, this.registry, now, log);
    const targets = (): { direction: 'bot' | 'provider'; target: string }[] => [
      ...this.accounts.names().map((target) => ({ direction: 'bot' as const, target })),
      ...this.registry.names().map((target) => ({ direction: 'provider' as const, target })),
    ];
    this.relay = new Relay(
      laneStore,
      { provider: commands.execute, bot: this.deliveries.execute },
      targets,
      isDatabaseAway,
      log,
    );
    this.alarms = new Alarms(this.handovers, this.registry, log);
    const inspections = new PgInspectionStore(database);
    this.inspections = new Inspections(
      inspections,
      new Inspector(this.handovers, inspections, this.registry, () => clock.now(), log),
      this.registry,
      flow,
      (target) => this.relay.isDown({ direction: 'provider', target }),
      log,
    );
    this.deadLetters = new PgDeadLetterStore(database);
    this.inboxArchive = new PgInboxArchiveStore(database);
    this.replay = new InboxReplay(this.inboxArchive, this.registry, this.processor);
    const kept = { inboxMs: durationMs(retention.inbox) };
    this.housekeeping = new Housekeeping(new PgHousekeepingStore(database), kept, log);
  }

  static async open(
    environment: Environment,
    config: FileConfig,
    providers: HandoverProvider[],
    keys: Keys,
    clock: Clock,
    log: ProviderLog,
  ): Promise<Runtime> {
    const embedded = environment.databaseUrl
      ? null
      : await startEmbeddedPostgres({
          dataDir: environment.dataDir,
          log: (fields, message) => log.info(fields, message),
        });
    try {
      const database = await openDatabase(environment.databaseUrl ?? embedded!.url);
      const isSecret = (type: string, setting: string): boolean => {
        const found = providers.find(({ definition }) => definition.key === type);
        return found === undefined || settingsOf(found.definition.settings)[setting]?.secret === true;
      };
      const store = new PgAccountStore(database, new SecretBox(keys.encryptionKey), isSecret);
      await store.provision({
        bots: config.bots,
        providers: config.providers.map((entry) => ({ ...entry, options: configuredOptions(entry) })),
      });
      const instances = (await store.providers()).flatMap((account) =>
        openProvider(account, providers, environment, clock, log),
      );
      const bots = await store.bots();
      return new Runtime(keys, database, embedded, store, bots, config.retention, providers, instances, clock, log);
    } catch (error) {
      await embedded?.stop();
      throw error;
    }
  }

  /** Takes up what an earlier process left behind, then new work. */
  async start(): Promise<void> {
    await this.processor.start();
    await this.relay.start();
    this.alarms.start();
    await this.inspections.start(this.relay.isAlone);
    this.housekeeping.start();
  }

  /** Ends what would otherwise stay open: live streams, readiness. */
  beginStop(): void {
    this.stopper.abort();
  }

  /** Finishes what is under way and lets go of everything. Nothing of it runs on afterwards. */
  async stop(): Promise<void> {
    await Promise.all([this.alarms.stop(), this.housekeeping.stop()]);
    await Promise.all([this.inspections, this.processor, this.relay].map((one) => one.stop(STOP_WITHIN_MS)));
    await this.deliveries.close();
    await this.database.destroy();
    await this.embedded?.stop();
  }

  get taker(): string | null {
    return this.relay.taker;
  }

  get isAlone(): boolean {
    return this.relay.isAlone;
  }

  committed(commit: Committed): void {
    this.relay.committed(commit);
    for (const unit of commit.units) {
      const { id, conversationId } = unit.handover;
      if (unit.events.length > 0) this.hub.notify(id);
      if (unit.bindsConversation) this.processor.wake(conversationId!);
      if (unit.wakeAt) this.alarms.set(unit.wakeAt);
      if (unit.handover.lifecycle.timers.leave !== undefined) this.inspections.leaving(unit);
    }
  }
}

/** None when the type is not loaded: its handovers then wait until it is again. */
function openProvider(
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
