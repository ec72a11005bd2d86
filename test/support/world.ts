import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import supertest from 'supertest';
import { stringify } from 'yaml';
import type { SimulatorOptions } from '../../apps/simulator/index.js';
import { TestBot } from './bot.js';
import { createLogger, Simulator, startGateway } from './built.js';
import { freshDatabase } from './database.js';
import { GatewayProcess } from './gateway-process.js';
import { until } from './wait.js';

export const ADMIN_KEY = 'admin-key-of-the-tests-8f2c91d0';
export const BOT_KEY = 'bot-key-of-the-tests-4e7ab356';
export const OTHER_BOT_KEY = 'other-bot-key-of-the-tests-6c1d';

type Json = Record<string, unknown>;

/** An error answer, or whatever else was answered. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: { pointer: string; detail: string }[];
  handoverId?: string;
}

/** The least that a start needs, in a session of its own. */
export function startRequest(over: Json = {}): Json {
  return { provider: 'support-8x8', sessionId: `s-${Math.random()}`, userId: 'u-42', ...over };
}

export interface WorldOptions {
  simulator?: SimulatorOptions;
  /** Laid over the provider's settings. */
  settings?: Json;
  /** Which files go through. */
  attachments?: Json;
  defaults?: Json;
  /** Other addresses for the bots' events than the test bot's (`test-bot`) and none (`other-bot`). */
  callbacks?: (bot: TestBot) => Record<'test-bot' | 'other-bot', Json>;
  /** Laid over the provider's entry: what may be set whatever its type. */
  options?: Json;
  /** More providers, beside `support-8x8`. */
  providers?: (simulator: Simulator) => Json[];
  retention?: Json;
  /** What the contact centre's webhook points to, below the gateway's URL. */
  webhookPath?: string;
  /** More of the gateway's environment. */
  env?: NodeJS.ProcessEnv;
  /** Runs the built gateway as a process of its own. */
  asProcess?: boolean;
  /** The folder of the build that such a process runs, where it is not this one. */
  root?: string;
}

/** A gateway as a user has it, a simulated 8x8 at the socket, a bot with a callback, and a database of its own. */
export class World {
  /** Until it has started there is none. */
  gateway!: { url: string; stop(): Promise<unknown> };
  private readonly folder = mkdtempSync(join(tmpdir(), 'handover-world-'));
  readonly logs: string[] = [];

  private constructor(
    readonly simulator: Simulator,
    readonly bot: TestBot,
    readonly database: Awaited<ReturnType<typeof freshDatabase>>,
    private readonly options: WorldOptions,
  ) {}

  static async start(options: WorldOptions = {}): Promise<World> {
    const world = new World(
      await Simulator.start(options.simulator),
      await TestBot.start(),
      await freshDatabase(),
      options,
    );
    await world.startGateway().catch(async (error: unknown) => {
      // What listens on would keep the whole run from ending.
      await world.stop();
      throw error;
    });
    const webhookId = world.simulator.registerWebhook(
      `${world.gateway.url}${options.webhookPath ?? '/handover/eightByEight'}`,
    );
    world.simulator.createChannel({ webhookId, queueId: '101', id: 'channel-1' });
    return world;
  }

  /** Starts (or, after `stopGateway`, restarts) the gateway on the same port, database and configuration. */
  async startGateway(settings: NodeJS.ProcessEnv = {}): Promise<void> {
    const port = this.gateway ? new URL(this.gateway.url).port : '0';
    this.gateway = await this.replica({ PORT: port, ...settings });
  }

  /** One more gateway on the same database and configuration; to be stopped by the test. */
  async replica(settings: NodeJS.ProcessEnv = {}): Promise<World['gateway']> {
    writeFileSync(join(this.folder, 'handover.yaml'), stringify(this.configuration()));
    const env = this.environment('0', settings);
    const write = (line: string): void => void this.logs.push(line);
    return this.options.asProcess
      ? await GatewayProcess.start(env, this.folder, write, this.options.root)
      : await startGateway({ env, cwd: this.folder, log: createLogger('trace', { write }) });
  }

  /** Starts another gateway as a process of its own, on the same database and configuration. Whoever starts it stops it. */
  startReplica(): Promise<GatewayProcess> {
    return GatewayProcess.start(this.environment('0'), this.folder, (line) => void this.logs.push(line));
  }

  async stopGateway(): Promise<void> {
    await this.gateway.stop();
  }

  /** As a power cut would. */
  async killGateway(): Promise<void> {
    await (this.gateway as GatewayProcess).stop('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.gateway?.stop();
    await this.simulator.stop();
    await this.bot.stop();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The API as the bot. */
  api(method: 'get' | 'post' | 'patch' | 'put' | 'delete', path: string, key: string = BOT_KEY): supertest.Test {
    return supertest(this.gateway.url)[method](path).set('authorization', `Bearer ${key}`);
  }

  /** Any request as the bot, its body byte for byte. @throws {Error} for an error answer that is no problem+json */
  async raw(
    method: string,
    path: string,
    body?: string | Buffer,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; problem: Problem }> {
    const answer = await fetch(this.gateway.url + path, {
      method,
      body: body as never,
      headers: { authorization: `Bearer ${BOT_KEY}`, 'content-type': 'application/json', ...headers },
    });
    const text = await answer.text();
    const type = answer.headers.get('content-type');
    if (answer.status >= 400 && !type?.includes('application/problem+json'))
      throw new Error(`${method} ${path} was answered ${answer.status} with ${type}`);
    return { status: answer.status, problem: (text.startsWith('{') ? JSON.parse(text) : {}) as Problem };
  }

  /** Starts a handover and waits until the simulator has its conversation. */
  async handover(request: Json = {}): Promise<{ id: string; conversationId: string }> {
    const id = await this.requestHandover(request);
    return { id, conversationId: await this.conversationOf(id) };
  }

  async requestHandover(request: Json = {}): Promise<string> {
    const answer = await this.api('post', '/v1/handovers').send(startRequest(request)).expect(201);
    return (answer.body as { id: string }).id;
  }

  async conversationOf(id: string): Promise<string> {
    return until('the conversation', async () => (await this.read(id)).conversationId as string | null);
  }

  /** A handover that an agent has accepted. */
  async active(request: Json = {}): Promise<{ id: string; conversationId: string }> {
    const handover = await this.handover(request);
    await this.status(handover.id, 'queued');
    await this.simulator.agent.join(handover.conversationId, 'agent-ann');
    await this.status(handover.id, 'active');
    return handover;
  }

  async read(id: string): Promise<Json & { status: string }> {
    return (await this.api('get', `/v1/handovers/${id}`).expect(200)).body as Json & { status: string };
  }

  async status(id: string, status: string, withinMs?: number): Promise<Json> {
    let seen: Json & { status: string };
    return until(
      `status ${status}`,
      async () => ((seen = await this.read(id)).status === status ? seen : null),
      withinMs,
    ).catch((error: Error) => {
      throw new Error(`${error.message}: it is ${JSON.stringify(seen)}`);
    });
  }

  /** Waits until the contact centre has all that the bot has posted so far. */
  async delivered(id: string): Promise<void> {
    await until('all to be delivered', async () =>
      (await this.transcript(id)).every(({ status }) => status === 'delivered'),
    );
  }

  /** What 8x8 has of the user, in its order. */
  userTexts(conversationId: string): (string | undefined)[] {
    const { messages } = this.simulator.conversation(conversationId);
    return messages.filter(({ authorType }) => authorType === 'user').map(({ text }) => text);
  }

  async transcript(
    id: string,
  ): Promise<{ text: string | null; status: string; author: { type: string }; sequence: number; error?: string }[]> {
    return ((await this.api('get', `/v1/handovers/${id}/messages?limit=200`).expect(200)).body as { data: [] }).data;
  }

  /** Uploads a file as the bot. */
  upload(id: string, content: string | Buffer, filename: string, contentType?: string, key = BOT_KEY): supertest.Test {
    return this.api('post', `/v1/handovers/${id}/attachments`, key).attach('file', Buffer.from(content), {
      filename,
      contentType,
    });
  }

  /** Uploads a file as the bot and returns its id. */
  async uploaded(id: string, content: string | Buffer, filename: string, contentType?: string): Promise<string> {
    return ((await this.upload(id, content, filename, contentType).expect(201)).body as { id: string }).id;
  }

  async say(id: string, text: string): Promise<void> {
    await this.api('post', `/v1/handovers/${id}/messages`).send({ text }).expect(202);
  }

  private environment(port: string, settings: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      NODE_ENV: 'test',
      PORT: port,
      DATABASE_URL: this.database.url,
      DATA_DIR: join(this.folder, 'data'),
      HANDOVER_CONFIG: join(this.folder, 'handover.yaml'),
      HANDOVER_ADMIN_KEY: ADMIN_KEY,
      LOG_LEVEL: 'trace',
      ...this.options.env,
      ...settings,
    };
  }

  private configuration(): Json {
    const { simulator, bot, options } = this;
    const own = { callbackUrl: bot.url, callbackSecret: bot.secret };
    const callbacks = options.callbacks?.(bot) ?? { 'test-bot': own, 'other-bot': {} };
    return {
      bots: [
        { name: 'test-bot', apiKey: BOT_KEY, ...callbacks['test-bot'] },
        { name: 'other-bot', apiKey: OTHER_BOT_KEY, ...callbacks['other-bot'] },
      ],
      providers: [
        {
          name: 'support-8x8',
          type: 'eightByEight',
          settings: {
            baseUrl: simulator.url,
            apiKey: simulator.apiKey,
            tenant: 'acme01',
            endGrace: '1s',
            ...options.settings,
          },
          defaults: { channelId: 'channel-1', queueId: '101', ...options.defaults },
          ...(options.attachments ? { attachments: options.attachments } : {}),
          ...options.options,
        },
        ...(options.providers?.(simulator) ?? []),
      ],
      ...(options.retention ? { retention: options.retention } : {}),
    };
  }
}
