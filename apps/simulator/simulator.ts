import { EventEmitter, once } from 'node:events';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { newAttachment, registerFiles } from './api-attachments.js';
import { API, refuse } from './api-parts.js';
import { isStatisticsPath } from './api-statistics.js';
import { registerApi } from './api.js';
import { Centre } from './centre.js';
import { registerControl } from './control.js';
import { Deliveries, type DeliveryOptions, type SimulatedEvent, type WebhookDelivery } from './deliveries.js';
import { Faults, type ApiFaultKind } from './faults.js';
import { Floor } from './floor.js';
import {
  newConversation,
  simulatedId,
  TenantState,
  WEBHOOK_VERSION,
  type SimulatedAttachment,
  type SimulatedConversation,
  type SimulatedTenant,
} from './model.js';
import { ApiRefusal, badRequest } from './refusal.js';
import { Signer } from './signing.js';

export interface SimulatorOptions {
  /** 0, unless given, takes a free one. */
  port?: number;
  host?: string;
  apiKey?: string;
  /** One, `acme01`, unless given. With more than one, every call must name its tenant. */
  tenants?: SimulatedTenant[];
  /** Pauses before a webhook that was not answered 2xx is sent again. */
  webhookRetryDelaysMs?: number[];
}

/** A call of the API as it came, and what it was answered; status 0 when the answer was withheld. */
export interface RecordedRequest {
  method: string;
  path: string;
  headers: Record<string, unknown>;
  body: unknown;
  status: number;
  at: number;
}

/** A file that an agent or a user sends. */
export interface SentFile {
  filename: string;
  contentType?: string;
  content: string | Buffer;
}

export const DEFAULT_TENANT: SimulatedTenant = {
  id: 'acme01',
  customerId: 'acme',
  queues: [
    { id: '101', name: 'Support' },
    { id: '102', name: 'Billing' },
  ],
  agents: [
    { id: 'agent-ann', name: 'Ann' },
    { id: 'agent-ben', name: 'Ben' },
  ],
};

const RETRY_DELAYS_MS = [1_000, 5_000, 10_000, 30_000];
const BODY_LIMIT_BYTES = 30 * 1_048_576;
const MAX_RECORDED = 10_000;

/** A stand-in for the 8x8 Chat Gateway: its API, its signed webhooks, its agents, and every way in which they can fail. */
export class Simulator {
  readonly faults = new Faults();
  /** Who is there, for schedules and statistics. */
  readonly floor = new Floor();
  /** Emits `request` after each API call, `webhook` after each delivery, `change` when a conversation changed. */
  readonly events = new EventEmitter();
  readonly requests: RecordedRequest[] = [];
  readonly apiKey: string;
  readonly tenants: Map<string, TenantState>;
  url = '';
  private readonly hung = new Set<FastifyRequest>();
  private readonly signer = new Signer();
  private readonly deliveries: Deliveries;
  private readonly centre: Centre;
  private readonly server: FastifyInstance;

  private constructor(options: SimulatorOptions) {
    this.apiKey = options.apiKey ?? 'sim-key';
    this.tenants = new Map((options.tenants ?? [DEFAULT_TENANT]).map((tenant) => [tenant.id, new TenantState(tenant)]));
    this.deliveries = new Deliveries(
      this.signer,
      this.faults,
      options.webhookRetryDelaysMs ?? RETRY_DELAYS_MS,
      this.events,
    );
    this.centre = new Centre(
      this.tenants,
      this.deliveries,
      this.faults,
      () => this.events.emit('change'),
      () => this.url,
    );
    this.server = this.build();
    this.events.setMaxListeners(0);
  }

  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const simulator = new Simulator(options);
    simulator.url = await simulator.server.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
    return simulator;
  }

  async stop(): Promise<void> {
    this.deliveries.stop();
    this.server.server.closeAllConnections();
    await this.server.close();
  }

  /** Registers where events go to, as an administrator would. Returns the webhook's id. */
  registerWebhook(uri: string, tenant?: string, id = simulatedId()): string {
    this.tenant(tenant).webhooks.set(id, { id, name: 'gateway', uri, version: WEBHOOK_VERSION });
    return id;
  }

  createChannel(options: {
    webhookId: string;
    queueId?: string;
    tenant?: string;
    id?: string;
    name?: string;
    /** `ChatAPI` unless given; users write only on others. */
    type?: string;
  }): string {
    const state = this.tenant(options.tenant);
    const id = options.id ?? simulatedId();
    const routingOptions = { type: 'queue', id: options.queueId ?? state.tenant.queues[0]!.id };
    state.channels.set(id, {
      id,
      name: options.name ?? 'Web chat',
      type: options.type ?? 'ChatAPI',
      webHookId: options.webhookId,
      routingOptions,
    });
    return id;
  }

  /** All conversations, oldest first. */
  conversations(tenant?: string): SimulatedConversation[] {
    const states = tenant ? [this.tenant(tenant)] : [...this.tenants.values()];
    return states.flatMap((state) => [...state.conversations.values()]);
  }

  conversation(id: string): SimulatedConversation {
    return this.centre.find(id).conversation;
  }

  get webhooks(): WebhookDelivery[] {
    return this.deliveries.made;
  }

  /** Breaks off the calls that a fault lets hang. */
  breakOffHung(): void {
    for (const { raw } of this.hung) raw.socket.destroy();
    this.hung.clear();
  }

  rotateKey(): void {
    this.signer.rotate();
  }

  /** Plays the agents. Each action resolves when its events were answered or given up on. */
  readonly agent = {
    join: (id: string, agentId?: string): Promise<void> => this.centre.join(id, agentId ?? this.anyAgent(id)),
    say: (id: string, text: string, agentId?: string): Promise<void> =>
      this.centre.say(id, 'agent', agentId ?? this.agentIn(id), { text }),
    show: (id: string, cards: object[], text?: string, agentId?: string): Promise<void> =>
      this.centre.say(id, 'agent', agentId ?? this.agentIn(id), { text, cards }),
    /** One message with one file, or several. */
    sendFile: (id: string, files: SentFile | SentFile[], text?: string, agentId?: string): Promise<void> =>
      this.centre.agentSendsFiles(id, agentId ?? this.agentIn(id), attachmentsOf(files), text),
    typing: (id: string, on: boolean, agentId?: string): Promise<void> =>
      this.centre.typing(id, agentId ?? this.agentIn(id), on),
    transfer: (id: string, queueId: string): Promise<void> => this.centre.transfer(id, queueId),
    leave: (id: string, agentId?: string): Promise<void> => this.centre.leave(id, agentId ?? this.agentIn(id)),
    systemMessage: (id: string, text: string): Promise<void> => this.centre.say(id, 'system', 'system', { text }),
  };

  /** Plays the users of channels that are 8x8's own. Each action resolves when its events were answered or given up on. */
  readonly customer = {
    /** Opens the chat. Resolves to the conversation at once; `told` resolves when its events were answered. */
    start: (channelId: string, user: Record<string, unknown> = {}): { id: string; told: Promise<void> } => {
      const state = [...this.tenants.values()].find(({ channels }) => channels.has(channelId));
      if (!state) throw new Error(`There is no channel "${channelId}".`);
      const assignment = { type: 'webhook', id: state.channels.get(channelId)!.webHookId };
      const given = { tenant: state.tenant.id, channelId, user, assignment, history: [], request: null };
      const conversation = newConversation(given);
      state.conversations.set(conversation.id, conversation);
      return { id: conversation.id, told: this.centre.visited(conversation) };
    },
    say: (id: string, text: string): Promise<void> => this.centre.userSays(id, text),
    /** One message with one file, or several. */
    sendFile: (id: string, files: SentFile | SentFile[], text?: string): Promise<void> =>
      this.centre.userSays(id, text, attachmentsOf(files)),
    quickReply: (id: string, title: string, payload: string): Promise<void> =>
      this.activity(id, 'quickReply/action', { type: 'postback', data: { title, payload } }),
    cardSubmit: (id: string, data: object): Promise<void> =>
      this.activity(id, 'adaptiveCard/action', { type: 'Action.Submit', data }),
    leave: (id: string): Promise<void> => this.centre.userLeft(id),
  };

  /** The customer answers a card, taps a quick reply, or whatever else the channel has of its own. */
  activity(id: string, name: string, value: unknown): Promise<void> {
    return this.centre.activity(id, name, value);
  }

  /** Sends one hand-made event, once. Status 0: no answer. */
  async emit(
    event: SimulatedEvent,
    options: DeliveryOptions & { tenant?: string; url?: string } = {},
  ): Promise<{ status: number }> {
    const id = options.tenant ?? [...this.tenants.keys()][0]!;
    const known = this.tenants.get(id);
    const uri = options.url ?? [...[...this.tenants.values()].flatMap((state) => [...state.webhooks.values()])][0]?.uri;
    if (!uri) throw new Error('No webhook is registered.');
    const target = { url: uri, tenant: id, customerId: known?.tenant.customerId ?? 'stranger' };
    return { status: (await this.deliveries.once(target, event, options)) ?? 0 };
  }

  private tenant(id = [...this.tenants.keys()][0]!): TenantState {
    const found = this.tenants.get(id);
    if (!found) throw new Error(`There is no tenant "${id}".`);
    return found;
  }

  private anyAgent(id: string): string {
    return this.centre.find(id).state.tenant.agents[0]!.id;
  }

  private agentIn(id: string): string {
    const { conversation } = this.centre.find(id);
    return this.centre.agentsIn(conversation).at(-1) ?? this.anyAgent(id);
  }

  private build(): FastifyInstance {
    const server = fastify({ bodyLimit: BODY_LIMIT_BYTES, forceCloseConnections: true });
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
      try {
        done(null, parseBody(request.headers['content-type'], body as Buffer));
      } catch (error) {
        done(error as Error);
      }
    });
    server.setErrorHandler((error, _request, reply) => {
      if (error instanceof ApiRefusal) return refuse(reply, error);
      return reply
        .status(500)
        .send({ message: 'Internal server error.', errors: [{ code: 'internal', message: (error as Error).message }] });
    });
    this.injectFaults(server);
    registerApi(server, {
      apiKey: this.apiKey,
      tenants: this.tenants,
      signer: this.signer,
      faults: this.faults,
      floor: this.floor,
      centre: this.centre,
      deliveries: this.deliveries,
    });
    registerFiles(server, { centre: this.centre, faults: this.faults });
    registerControl(server, { simulator: this, centre: this.centre });
    return server;
  }

  private injectFaults(server: FastifyInstance): void {
    const hits = new WeakMap<FastifyRequest, ApiFaultKind>();
    server.addHook('preParsing', async (request, reply, payload) => {
      if (request.url.startsWith(API) && this.faults.take(request.method, request.url.split('?')[0]!, true)) {
        await once(payload, 'readable');
        return this.dropConnection(request, reply);
      }
      return payload;
    });
    server.addHook('preHandler', async (request, reply) => {
      if (!isApi(request.url)) return;
      if (this.faults.current.delayMs > 0)
        await new Promise((resolve) => setTimeout(resolve, this.faults.current.delayMs));
      const fault = this.faults.take(request.method, request.url.split('?')[0]!);
      if (!fault) return;
      if ('hang' in fault && fault.hang === 'before') {
        this.hung.add(request);
        return new Promise(() => undefined);
      }
      if ('drop' in fault && fault.drop === 'before') return this.dropConnection(request, reply);
      if ('status' in fault && !fault.after) return answerWith(reply, fault);
      hits.set(request, fault);
    });
    server.addHook('onSend', async (request, reply, payload) => {
      const { clockSkewMs } = this.faults.current;
      if (clockSkewMs !== 0) reply.header('date', new Date(Date.now() + clockSkewMs).toUTCString());
      const fault = hits.get(request);
      if (fault && 'drop' in fault) return this.dropConnection(request, reply);
      if (fault && 'hang' in fault) return new Promise(() => undefined);
      if (!fault || !('status' in fault)) return payload;
      reply.status(fault.status).type('application/problem+json');
      return JSON.stringify(fault.body ?? { message: 'Internal server error.' });
    });
    server.addHook('onResponse', async (request, reply) => this.record(request, reply.statusCode));
  }

  private dropConnection(request: FastifyRequest, reply: FastifyReply): Promise<never> {
    this.record(request, 0);
    reply.hijack();
    request.raw.socket.destroy();
    return new Promise(() => undefined);
  }

  private record(request: FastifyRequest, status: number): void {
    if (!isApi(request.url)) return;
    const { method, url, headers, body } = request;
    this.requests.push({ method, path: url.split('?')[0]!, headers, body: body ?? null, status, at: Date.now() });
    if (this.requests.length > MAX_RECORDED) this.requests.splice(0, MAX_RECORDED / 2);
    this.events.emit('request', this.requests.at(-1));
  }
}

function isApi(url: string): boolean {
  return url.startsWith(API) || isStatisticsPath(url);
}

function answerWith(reply: FastifyReply, fault: { status: number; retryAfter?: number; body?: unknown }): FastifyReply {
  if (fault.retryAfter !== undefined) reply.header('retry-after', String(fault.retryAfter));
  const body = fault.body ?? {
    message: 'Injected fault',
    errors: [{ code: 'injected', message: `status ${fault.status}` }],
  };
  return reply.status(fault.status).type('application/problem+json').send(JSON.stringify(body));
}

function parseBody(contentType: string | undefined, body: Buffer): unknown {
  if (contentType?.startsWith('multipart/')) return body;
  if (body.length === 0) return undefined;
  if (contentType === 'application/x-www-form-urlencoded') return body.toString('utf8');
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw badRequest('invalid_json', 'The body is not JSON.');
  }
}

function attachmentsOf(files: SentFile | SentFile[]): SimulatedAttachment[] {
  return [files]
    .flat()
    .map(({ filename, contentType, content }) =>
      newAttachment(filename, contentType ?? 'application/octet-stream', Buffer.from(content)),
    );
}
