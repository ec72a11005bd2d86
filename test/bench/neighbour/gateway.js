import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Child } from '../child.js';
import { Connection } from '../wire.js';

const PER_BOT_CONNECTIONS = 8;

/** The built gateway with two bots that share one provider, and what both bots and the contact centre send to it. */
export class SharedGateway {
  #child;
  #keys = { a: randomBytes(24).toString('hex'), b: randomBytes(24).toString('hex') };
  #agents = { a: newAgent(), b: newAgent() };
  #webhooks = [];

  static async start(bench, around) {
    const gateway = new SharedGateway();
    const home = mkdtempSync(join(bench.folder, 'neighbour-'));
    const config = join(home, 'handover.yaml');
    writeFileSync(config, JSON.stringify(gateway.#configuration(around.url)));
    gateway.#child = await Child.start(bench, {
      name: 'gateway',
      script: 'dist/apps/gateway/main.js',
      env: {
        DATABASE_URL: await bench.databases.fresh('neighbour'),
        DATA_DIR: join(home, 'data'),
        HANDOVER_CONFIG: config,
        HANDOVER_ADMIN_KEY: randomBytes(24).toString('hex'),
        HANDOVER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        LOG_LEVEL: 'warn',
      },
      isReady: async (port) => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok,
    });
    return gateway;
  }

  get pid() {
    return this.#child.pid;
  }

  get port() {
    return this.#child.port;
  }

  get hasEnded() {
    return this.#child.hasEnded;
  }

  get lastLines() {
    return this.#child.lastLines();
  }

  keyOf(bot) {
    return this.#keys[bot];
  }

  /** Starts a handover; the conversation gets the user's id, which is `name`. @throws {Error} when it is refused */
  async start(bot, name) {
    const { status, body } = await this.call(bot, '/v1/handovers', {
      sessionId: name,
      userId: name,
      user: { name: 'James Jones' },
    });
    if (status !== 201) throw new Error(`The start of ${name} was answered ${status}: ${JSON.stringify(body)}`);
    return body;
  }

  call(bot, path, body, key) {
    const headers = { 'content-type': 'application/json', ...(key ? { 'idempotency-key': key } : {}) };
    return this.#send(bot, path, headers, JSON.stringify(body));
  }

  async upload(bot, path, form) {
    const encoded = new globalThis.Response(form);
    const headers = { 'content-type': encoded.headers.get('content-type') };
    return this.#send(bot, path, headers, new Uint8Array(await encoded.arrayBuffer()));
  }

  /** Sends the bytes of a signed webhook over one of the contact centre's connections. */
  async webhook(bytes) {
    const connection = this.#webhooks.pop() ?? new Connection(this.port);
    const status = await connection.send(bytes);
    this.#webhooks.push(connection);
    return { status: status === 0 ? 503 : status };
  }

  async stop() {
    for (const agent of Object.values(this.#agents)) agent.destroy();
    for (const connection of this.#webhooks) connection.close();
    await this.#child.stop();
  }

  #send(bot, path, headers, content) {
    return new Promise((resolve) => {
      const options = {
        port: this.port,
        method: 'POST',
        path,
        agent: this.#agents[bot],
        headers: { ...headers, authorization: `Bearer ${this.#keys[bot]}`, 'content-length': content.length },
      };
      const asked = httpRequest(options, async (answer) => {
        let text = '';
        for await (const part of answer.setEncoding('utf8')) text += part;
        resolve({ status: answer.statusCode, body: text ? JSON.parse(text) : null });
      });
      asked.on('error', () => resolve({ status: 503, body: 'the connection broke' }));
      asked.end(content);
    });
  }

  #configuration(url) {
    const secret = () => `whsec_${randomBytes(24).toString('base64')}`;
    const bots = Object.entries(this.#keys).map(([name, apiKey]) => {
      return { name: `bot-${name}`, apiKey, callbackUrl: `${url}/callback/${name}`, callbackSecret: secret() };
    });
    const settings = {
      baseUrl: url,
      apiKey: randomBytes(24).toString('hex'),
      tenant: 'bench-tenant',
      webhookTolerance: '24h',
    };
    const provider = {
      name: 'shared',
      type: 'eightByEight',
      settings,
      defaults: { channelId: 'channel', queueId: '1' },
    };
    return { bots, providers: [provider] };
  }
}

function newAgent() {
  return new Agent({ keepAlive: true, maxSockets: PER_BOT_CONNECTIONS });
}
