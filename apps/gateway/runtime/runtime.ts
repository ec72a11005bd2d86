import { durationMs, settingsOf, type HandoverProvider, type ProviderLog } from '#contract';
import type { Environment, FileConfig } from '#config';
import {
  liveEvent,
  ProviderRegistry,
  type Clock,
  type Committed,
  type Handover,
  type ProviderInstance,
  type TakenLane,
  type Wakeups,
} from '#core';
import {
  AgentTyping,
  Alarms,
  ArrivingFiles,
  BotDeliveries,
  CaughtUpFiles,
  DepartingFiles,
  EventHub,
  GuardedFetch,
  Housekeeping,
  IgnoredEvents,
  Inbox,
  InboxProcessor,
  InboxReplay,
  IncomingConversations,
  Inspections,
  Inspector,
  LastLooks,
  ProviderCommands,
  Relay,
  SharedClock,
  Signals,
  StreamPoll,
  Tenants,
  VendorCalls,
  WebhookRefusals,
  WebhookFlow,
} from '#delivery';
import {
  DatabaseHistory,
  databaseTime,
  isDatabaseAway,
  LiveChannel,
  openDatabase,
  openVitalPool,
  PgAccountStore,
  PgCopilotStore,
  PgAttachmentStore,
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
} from '#persistence';
import { outbound } from '#provider-kit';
import { Accounts } from './accounts.js';
import { AvailabilityBoard } from './availability-board.js';
import type { Keys } from './keys.js';
import { openProvider } from './open-provider.js';
import { provision } from './provision.js';
import { Streams } from './streams.js';

/** How long a stop may wait for work that is under way, requests included, in milliseconds: whoever stops us kills us after ten seconds. */
const STOP_WITHIN_MS = 5_000;

/** Everything that runs behind the HTTP layer, put together and taken apart in one place. */
export class Runtime implements Wakeups {
  readonly hub = new EventHub();
  /** Told of every change of a handover, its messages and tiles, and not only of its events. */
  readonly changes = new EventHub();
  /** The live streams, and what tells them of other replicas' commits. */
  readonly streams: Streams;
  readonly streamPoll: StreamPoll;
  readonly handovers: PgHandoverStore;
  readonly attachments: PgAttachmentStore;
  readonly accounts: Accounts;
  readonly registry: ProviderRegistry;
  readonly inbox: Inbox;
  readonly refusals: WebhookRefusals;
  readonly ignored: IgnoredEvents;
  readonly deadLetters: PgDeadLetterStore;
  readonly copilot: PgCopilotStore;
  readonly erasure: PgHousekeepingStore;
  readonly inboxArchive: PgInboxArchiveStore;
  readonly replay: InboxReplay;
  readonly availability: AvailabilityBoard;
  readonly signals: Signals;
  readonly vendorCalls: VendorCalls;
  private readonly stopper = new AbortController();
  /** Until when calls under way are waited for, by the clock of `performance`. */
  private stopBy: number | null = null;
  /** Aborted when the gateway begins to stop. */
  readonly stopping: AbortSignal = this.stopper.signal;
  private readonly tenants: Tenants;
  private readonly processor: InboxProcessor;
  private readonly typing: AgentTyping;
  private readonly live: LiveChannel;
  private readonly arriving: ArrivingFiles;
  private readonly relay: Relay;
  private readonly deliveries: BotDeliveries;
  private readonly alarms: Alarms;
  private readonly inspections: Inspections;
  private readonly housekeeping: Housekeeping;
  private history: DatabaseHistory | null = null;

  private constructor(
    readonly keys: Keys,
    readonly database: DataSource,
    private readonly vital: DataSource,
    databaseUrl: string,
    private readonly embedded: EmbeddedPostgres | null,
    readonly accountStore: PgAccountStore,
    bots: Awaited<ReturnType<PgAccountStore['bots']>>,
    retention: FileConfig['retention'],
    definitions: HandoverProvider[],
    instances: ProviderInstance[],
    /** The time that handovers go by. */
    readonly clock: SharedClock,
    wallClock: Clock,
    log: ProviderLog,
    production: boolean,
  ) {
    this.registry = new ProviderRegistry(
      definitions.map(({ definition }) => definition),
      instances,
    );
    this.accounts = new Accounts(accountStore, bots);
    this.handovers = new PgHandoverStore(database, clock, this);
    this.streams = new Streams(this.stopping);
    this.streamPoll = new StreamPoll(
      (ids) => this.handovers.newestOf(ids),
      () => this.isAlone,
    );
    const inboxStore = new PgInboxStore(database);
    const laneStore = new PgLaneStore(database, vital);
    const now = (): number => clock.now().getTime();
    const elapsed = (): number => performance.now();
    this.ignored = new IgnoredEvents(log, now);
    this.tenants = new Tenants((provider, tenant) => accountStore.pinTenant(provider, tenant), elapsed, log);
    this.attachments = new PgAttachmentStore(database);
    const replica = (): string | null => this.relay.taker;
    const dead = (): string[] => this.relay.dead;
    this.arriving = new ArrivingFiles(this.attachments, new GuardedFetch(), replica, dead, production, log);
    this.processor = new InboxProcessor(
      inboxStore,
      this.handovers,
      this.registry,
      this.arriving,
      new IncomingConversations(this.handovers, this.registry, () => clock.now(), log),
      this.tenants,
      isDatabaseAway,
      log,
      new LastLooks((id) => this.inspections.lastLook(id)),
      this.ignored,
    );
    this.live = new LiveChannel(database, databaseUrl, (id, body) => this.hub.notify(id, body));
    this.typing = new AgentTyping(this.handovers, this.registry, (...said) => this.passOn(...said), elapsed, log);
    this.refusals = new WebhookRefusals(now);
    const flow = new WebhookFlow();
    const notes = { refusals: this.refusals, flow, ignored: this.ignored };
    this.inbox = new Inbox(inboxStore, this.registry, this.processor, this.typing, log, this.tenants, notes);
    this.deliveries = new BotDeliveries(this.accounts, () => wallClock.now().getTime(), outbound);
    const commands = new ProviderCommands(
      this.handovers,
      laneStore,
      new DepartingFiles(this.attachments),
      this.registry,
      now,
      log,
    );
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
    this.vendorCalls = new VendorCalls(elapsed);
    const isDown = (provider: string, bot: string): boolean => this.relay.isDown('provider', provider, bot);
    this.signals = new Signals(isDown, this.vendorCalls, elapsed, log);
    this.alarms = new Alarms(this.handovers, this.registry, clock, log);
    const inspections = new PgInspectionStore(database);
    this.inspections = new Inspections(
      inspections,
      new Inspector(
        this.handovers,
        inspections,
        this.registry,
        new CaughtUpFiles(this.arriving),
        () => clock.now(),
        log,
      ),
      this.registry,
      flow,
      (provider) => this.relay.isDown('provider', provider),
      log,
    );
    this.deadLetters = new PgDeadLetterStore(database);
    this.copilot = new PgCopilotStore(database);
    this.inboxArchive = new PgInboxArchiveStore(database);
    this.replay = new InboxReplay(this.inboxArchive, this.registry, this.processor);
    this.availability = new AvailabilityBoard(clock, log);
    this.erasure = new PgHousekeepingStore(database);
    const kept = {
      inboxMs: durationMs(retention.inbox),
      attachmentsMs: durationMs(retention.attachments),
      handoversMs: retention.handovers === undefined ? null : durationMs(retention.handovers),
    };
    this.housekeeping = new Housekeeping(this.erasure, kept, log);
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
      const url = environment.databaseUrl ?? embedded!.url;
      const database = await openDatabase(url);
      const vital = await openVitalPool(url);
      const isSecret = (type: string, setting: string): boolean => {
        const found = providers.find(({ definition }) => definition.key === type);
        return found === undefined || settingsOf(found.definition.settings)[setting]?.secret === true;
      };
      const box = new SecretBox(keys.encryptionKey, keys.previousEncryptionKeys);
      const store = new PgAccountStore(database, box, isSecret);
      await provision(store, config, log);
      const instances = (await store.providers()).flatMap((account) =>
        openProvider(account, providers, environment, clock, log),
      );
      const bots = await store.bots();
      const shared = new SharedClock(() => databaseTime(database), log);
      await shared.start();
      return new Runtime(
        keys,
        database,
        vital,
        url,
        embedded,
        store,
        bots,
        config.retention,
        providers,
        instances,
        shared,
        clock,
        log,
        environment.production,
      );
    } catch (error) {
      await embedded?.stop();
      throw error;
    }
  }

  /** Takes up what an earlier process left behind, then new work. */
  async start(): Promise<void> {
    this.history = await DatabaseHistory.watch(this.database, () => {
      this.handovers.forget();
      this.relay.beginAnew();
    });
    await this.live.start();
    this.tenants.start(this.registry.names().flatMap((name) => this.registry.get(name) ?? []));
    await this.processor.start();
    await this.relay.start();
    this.alarms.start();
    this.inspections.start(this.relay.isAlone);
    this.housekeeping.start();
  }

  /** Ends what would otherwise stay open: live streams, readiness. */
  beginStop(): void {
    this.stopBy = performance.now() + STOP_WITHIN_MS;
    this.stopper.abort();
  }

  /** Finishes what is under way and lets go of everything. Nothing of it runs on afterwards. */
  async stop(): Promise<void> {
    await Promise.all([this.alarms.stop(), this.housekeeping.stop()]);
    await this.arriving.stop();
    const withinMs = this.stopBy === null ? STOP_WITHIN_MS : Math.max(0, this.stopBy - performance.now());
    await Promise.all([this.inspections, this.processor, this.relay].map((one) => one.stop(withinMs)));
    this.typing.stop();
    this.streamPoll.stop();
    await this.live.stop();
    await this.deliveries.close();
    this.clock.stop();
    this.history?.stop();
    await Promise.all([this.database.destroy(), this.vital.destroy()]);
    await this.embedded?.stop();
  }

  get taker(): string | null {
    return this.relay.taker;
  }

  hasRoomFor(lane: TakenLane): boolean {
    return this.relay.hasRoomFor(lane);
  }

  get isAlone(): boolean {
    return this.relay.isAlone;
  }

  /** What agents do at the moment: to the bot's streams, on whichever replica they are, and its callback. Resolves when it has it. */
  private async passOn(handover: Handover, typing: object): Promise<void> {
    const body = liveEvent(handover, 'typing', typing, this.clock.now());
    this.hub.notify(handover.id, body);
    await Promise.all([
      this.isAlone ? undefined : this.live.say(handover.id, body),
      this.relay.isDown('bot', handover.bot) ? undefined : this.deliveries.signal(handover.bot, body),
    ]);
  }

  unsure(): void {
    this.relay.unsure();
  }

  committed(commit: Committed): void {
    this.relay.committed(commit);
    for (const unit of commit.units) {
      const { id, conversationId } = unit.handover;
      if (unit.events.length > 0) this.hub.notify(id);
      this.changes.notify(id);
      if (unit.freesEvents) this.processor.wake(conversationId!);
      if (unit.wakeAt) this.alarms.set(unit.wakeAt);
      if (unit.handover.lifecycle.timers.leave !== undefined) this.inspections.leaving(unit);
    }
  }
}
