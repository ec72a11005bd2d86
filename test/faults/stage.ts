import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { SimulatedConversation } from '../../apps/simulator/model.js';
import { TestBot } from '../support/bot.js';
import { Simulator } from '../support/built.js';
import type { Cluster } from './cluster.js';
import { Fleet } from './fleet.js';
import { Ledger } from './ledger.js';
import { Wire } from './wire.js';

const ADMIN_KEY = 'admin-key-of-the-faults';
const BOT_KEY = 'bot-key-of-the-faults';
/** 8x8 sends again for hours; here for a few minutes, and sooner. */
const WEBHOOK_RETRIES_MS = Array.from({ length: 300 }, (_, index) => Math.min(200 * (index + 1), 1_000));
const CLIENT_TIMEOUT_MS = 5_000;

export interface StageOptions {
  replicas: number;
  /** The folder in which the gateway's `dist` is; the checkout's own unless given. */
  root?: string;
  /** Run on the empty database before anything is connected to it. */
  before?: string[];
  /** Run on the migrated database before the first fault. */
  sql?: string[];
}

/** Something that was done to the whole. */
export interface Disturbance {
  kind: 'kill' | 'pause';
  at: number;
  until: number;
  what: string;
}

/** What a bot's call was answered. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** Gateway replicas on one database, and wires to all that is around them: `front` to the gateway, `vendor` to 8x8, `callback` to the bot. */
export class Stage {
  readonly disturbances: Disturbance[] = [];
  readonly ledger = new Ledger();
  private readonly firstConversations = new Map<string, SimulatedConversation>();

  private constructor(
    readonly simulator: Simulator,
    readonly bot: TestBot,
    readonly vendor: Wire,
    readonly callback: Wire,
    readonly fleet: Fleet,
    readonly cluster: Cluster,
    /** The connection string of the gateways' database. */
    readonly database: string,
    private readonly folder: string,
  ) {
    callback.begun = (exchange) => this.ledger.calling(exchange);
    callback.done = (exchange) => this.ledger.called(exchange);
    fleet.front.done = (exchange) => this.ledger.fronted(exchange);
  }

  static async start(cluster: Cluster, options: StageOptions): Promise<Stage> {
    const simulator = await Simulator.start({ webhookRetryDelaysMs: WEBHOOK_RETRIES_MS });
    const bot = await TestBot.start();
    const vendor = await Wire.start(() => [{ name: '8x8', url: simulator.url }]);
    const callback = await Wire.start(() => [{ name: 'bot', url: bot.url }]);
    const folder = mkdtempSync(join(tmpdir(), 'handover-stage-'));
    const database = await cluster.database();
    for (const sql of options.before ?? []) await cluster.query(sql, database);
    writeFileSync(join(folder, 'handover.yaml'), stringify(configuration(simulator, bot, vendor.url, callback.url)));
    const env = {
      NODE_ENV: 'test',
      DATABASE_URL: database,
      DATA_DIR: join(folder, 'data'),
      HANDOVER_CONFIG: join(folder, 'handover.yaml'),
      HANDOVER_ADMIN_KEY: ADMIN_KEY,
      HANDOVER_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64'),
      LOG_LEVEL: 'info',
    };
    const fleet = await Fleet.create(options.replicas, env, folder, options.root ?? '.');
    const stage = new Stage(simulator, bot, vendor, callback, fleet, cluster, database, folder);
    await Promise.all(fleet.replicas.map((replica) => replica.start()));
    for (const sql of options.sql ?? []) await cluster.query(sql, database);
    const webhookId = simulator.registerWebhook(`${fleet.front.url}/handover/eightByEight`);
    simulator.createChannel({ webhookId, queueId: '101', id: 'channel-1' });
    return stage;
  }

  async stop(): Promise<void> {
    await this.simulator.stop();
    await this.fleet.stop();
    await this.vendor.stop();
    await this.callback.stop();
    await this.bot.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The bot's call, once. Null: no answer came. */
  async call(
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    idempotencyKey?: string,
    withinMs = CLIENT_TIMEOUT_MS,
  ): Promise<Answer | null> {
    return this.request(BOT_KEY, method, path, body, idempotencyKey, withinMs);
  }

  /** The operator's call, once. Null: no answer came. */
  async operate(path: string): Promise<Answer | null> {
    return this.request(ADMIN_KEY, 'GET', path);
  }

  /** The first conversation that carries a handover's id, if there is one already. */
  conversationOf(handoverId: string): SimulatedConversation | null {
    const known = this.firstConversations.get(handoverId) ?? this.conversationsOf(handoverId)[0] ?? null;
    if (known) this.firstConversations.set(handoverId, known);
    return known;
  }

  /** The conversations that carry a handover's id: one, or something is wrong. */
  conversationsOf(handoverId: string): SimulatedConversation[] {
    return this.simulator.conversations().filter(({ request }) => JSON.stringify(request).includes(handoverId));
  }

  /** Does something to the whole and notes when. */
  async disturb(kind: Disturbance['kind'], what: string, action: () => Promise<void>): Promise<void> {
    const disturbance = { kind, at: Date.now(), until: Infinity, what };
    this.disturbances.push(disturbance);
    await action();
    disturbance.until = Date.now();
  }

  /** Forgets all that was seen so far, so that a long run does not fill the memory. To be called when every handover is over. */
  forget(): void {
    for (const wire of [this.vendor, this.callback, this.fleet.front]) wire.exchanges = [];
    for (const list of [this.bot.deliveries, this.disturbances, this.simulator.webhooks, this.simulator.requests])
      list.length = 0;
    for (const { conversations } of this.simulator.tenants.values()) conversations.clear();
    this.firstConversations.clear();
    this.ledger.forget();
  }

  private async request(
    key: string,
    method: string,
    path: string,
    body?: object,
    idempotencyKey?: string,
    withinMs = CLIENT_TIMEOUT_MS,
  ): Promise<Answer | null> {
    try {
      const answer = await fetch(this.fleet.front.url + path, {
        method,
        signal: AbortSignal.timeout(withinMs),
        headers: {
          authorization: `Bearer ${key}`,
          accept: 'application/json',
          ...(body ? { 'content-type': 'application/json' } : {}),
          ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
    } catch {
      return null;
    }
  }
}

function configuration(simulator: Simulator, bot: TestBot, baseUrl: string, callbackUrl: string): object {
  return {
    bots: [{ name: 'test-bot', apiKey: BOT_KEY, callbackUrl: `${callbackUrl}/events`, callbackSecret: bot.secret }],
    providers: [
      {
        name: 'support-8x8',
        type: 'eightByEight',
        // A transfer's parts may come late when a replica is gone; a short grace would rightly end the handover in between.
        settings: { baseUrl, apiKey: simulator.apiKey, tenant: 'acme01', endGrace: '60s' },
        defaults: { channelId: 'channel-1', queueId: '101' },
      },
    ],
  };
}
