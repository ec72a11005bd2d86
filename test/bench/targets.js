import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Child } from './child.js';
import { markedText } from './sink.js';
import { TENANT } from './vendor-events.js';
import { Connection, postRequest } from './wire.js';

const BOT_KEY = 'bench-bot-key-0123456789abcdef';
const VENDOR_KEY = 'bench-vendor-key-0123456789abcdef';
const CALLBACK_SECRET = `whsec_${Buffer.from('the secret of the benchmark').toString('base64')}`;
const ENCRYPTION_KEY = Buffer.from('a key of thirty-two bytes, fixed').toString('base64');
const AUTHORIZATION = { authorization: `Bearer ${BOT_KEY}` };
const STARTS_AT_ONCE = 8;
const WITHIN_MS = 30_000;

/** The built gateway: one process, or several replicas on one database. */
export class Gateway {
  name = 'gateway';
  children = [];
  #bench;
  #env;
  /** The handover of each conversation. */
  #handovers = new Map();

  static async start(bench, databaseUrl, replicas = 1) {
    const gateway = new Gateway();
    gateway.#bench = bench;
    gateway.#env = environmentOf(bench, databaseUrl);
    for (let n = 0; n < replicas; n++) gateway.children.push(await gateway.startReplica());
    return gateway;
  }

  get ports() {
    return this.children.map(({ port }) => port);
  }

  get pids() {
    return this.children.map(({ pid }) => pid);
  }

  startReplica() {
    return Child.start(this.#bench, {
      name: this.name,
      script: 'dist/apps/gateway/main.js',
      env: this.#env,
      isReady: async (port) => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok,
    });
  }

  /** Hands conversations over and lets an agent take each. @param takenByAgent 8x8's events about that, signed */
  async prepare({ conversations, takenByAgent }) {
    const { sink } = this.#bench;
    const before = { created: sink.created, activated: sink.activated };
    await inTurns(conversations, STARTS_AT_ONCE, (conversation) => this.startHandover(conversation));
    await reached('all conversations are created', () => sink.created - before.created >= conversations.length);
    const connections = new Map();
    await inTurns(takenByAgent, STARTS_AT_ONCE, async (requests, worker) => {
      if (!connections.has(worker)) connections.set(worker, new Connection(this.ports[0]));
      for (const request of requests) await connections.get(worker).send(request);
    });
    for (const connection of connections.values()) connection.close();
    await reached('the bot hears of all agents', () => sink.activated - before.activated >= conversations.length);
  }

  /** Starts a handover. Its user's id becomes the conversation's, see the sink. */
  async startHandover(conversation) {
    const { id } = await this.#call('/v1/handovers', {
      sessionId: conversation,
      userId: conversation,
      user: { name: 'James Jones' },
      transcript: [{ author: 'user', text: 'I would like my balance please' }],
    });
    this.#handovers.set(conversation, id);
  }

  /** Ends handovers and waits until the bot was told. */
  async finish(conversations) {
    const { sink } = this.#bench;
    const before = sink.completed;
    await inTurns(conversations, STARTS_AT_ONCE, (conversation) =>
      this.#call(`/v1/handovers/${this.#handovers.get(conversation)}/close`, {}),
    );
    await reached('the bot hears of all ends', () => sink.completed - before >= conversations.length);
    for (const conversation of conversations) this.#handovers.delete(conversation);
  }

  /** The bytes with which the bot sends a message of its user's. */
  userMessage(conversation, index, number) {
    const path = `/v1/handovers/${this.#handovers.get(conversation)}/messages`;
    const headers = { ...AUTHORIZATION, 'idempotency-key': `message-${index}` };
    return postRequest(path, headers, JSON.stringify({ text: markedText(index, number) }));
  }

  async stop() {
    await Promise.all(this.children.map((child) => child.stop()));
  }

  async #call(path, body) {
    const answer = await fetch(`http://127.0.0.1:${this.ports[0]}${path}`, {
      method: 'POST',
      headers: { ...AUTHORIZATION, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`POST ${path} was answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }
}

/** The hand-written glue, in place of the gateway. */
export class Glue {
  name = 'glue';
  #child;

  static async start(bench, databaseUrl) {
    const glue = new Glue();
    glue.#child = await Child.start(bench, {
      name: glue.name,
      script: 'test/bench/glue.js',
      env: {
        DATABASE_URL: databaseUrl,
        CALLBACK_URL: `${bench.sink.url}/bot`,
        VENDOR_URL: bench.sink.url,
        VENDOR_KEY,
        BOT_KEY,
      },
      isReady: async (port) => Boolean(await fetch(`http://127.0.0.1:${port}/`)),
    });
    return glue;
  }

  get ports() {
    return [this.#child.port];
  }

  get pids() {
    return [this.#child.pid];
  }

  /** It knows no handovers: there is nothing to start. */
  async prepare() {}

  userMessage(conversation, index, number) {
    const body = { id: `message-${index}`, text: markedText(index, number) };
    return postRequest(`/conversations/${conversation}/messages`, AUTHORIZATION, JSON.stringify(body));
  }

  stop() {
    return this.#child.stop();
  }
}

function environmentOf({ folder, sink }, databaseUrl) {
  const home = mkdtempSync(join(folder, 'gateway-'));
  const config = join(home, 'handover.yaml');
  const bot = { name: 'bench', apiKey: BOT_KEY, callbackUrl: `${sink.url}/bot`, callbackSecret: CALLBACK_SECRET };
  // One signed event serves a whole run, so it must not grow too old. It is checked all the same.
  const settings = { baseUrl: sink.url, apiKey: VENDOR_KEY, tenant: TENANT, webhookTolerance: '24h' };
  const provider = { name: 'bench', type: 'eightByEight', settings, defaults: { channelId: 'channel', queueId: '1' } };
  writeFileSync(config, JSON.stringify({ bots: [bot], providers: [provider] }));
  return {
    DATABASE_URL: databaseUrl,
    DATA_DIR: join(home, 'data'),
    HANDOVER_CONFIG: config,
    HANDOVER_ENCRYPTION_KEY: ENCRYPTION_KEY,
  };
}

/** Does something with every item, so many at a time. */
async function inTurns(items, atOnce, work) {
  let next = 0;
  const worker = async (number) => {
    while (next < items.length) await work(items[next++], number);
  };
  await Promise.all(Array.from({ length: atOnce }, (_, number) => worker(number)));
}

async function reached(what, isReached) {
  const deadline = performance.now() + WITHIN_MS;
  while (!isReached()) {
    if (performance.now() > deadline) throw new Error(`It did not come so far in ${WITHIN_MS / 1000} s: ${what}.`);
    await pause(5);
  }
}
