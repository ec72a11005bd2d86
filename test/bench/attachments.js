import { Blob } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { setInterval, clearInterval } from 'node:timers';
import { setTimeout as pause } from 'node:timers/promises';
import { Child } from './child.js';
import { print, show } from './figures.js';
import { memoryOf } from './processes.js';

const SAMPLE_MS = 20;
const QUIET_MS = 3_000;
const WITHIN_MS = 60_000;
const BOT_KEY = 'bench-bot-key-0123456789abcdef';
const ADMIN_KEY = 'bench-admin-key-0123456789abcdef';
const AUTHORIZATION = { authorization: `Bearer ${BOT_KEY}` };

/**
 * A large file each way through one gateway, against the simulator; and how much memory the gateway has meanwhile, above what it has
 * when it is idle. What it holds of a file should be some pieces, however large the file is.
 */
export async function carryFiles(bench, { mebibytes, files }) {
  const world = await FileWorld.start(bench);
  const content = randomBytes(mebibytes * 1_048_576);
  await world.carry(randomBytes(1_048_576), () => undefined);
  await pause(QUIET_MS);
  const idle = memoryOf([world.gateway.pid]);
  print(`idle ${show(idle)} MiB; ${files} files of ${mebibytes} MiB each way:\n`);
  print('                            highest above idle    seconds');
  const steps = new Map();
  for (let n = 0; n < files; n++) {
    await world.carry(content, (what, highest, seconds) => {
      const step = steps.get(what) ?? { above: 0, seconds: [] };
      steps.set(what, { above: Math.max(step.above, highest - idle), seconds: [...step.seconds, seconds] });
    });
  }
  for (const [what, { above, seconds }] of steps) {
    const mean = seconds.reduce((sum, one) => sum + one) / seconds.length;
    print(`${what.padEnd(26)}  ${`${show(above, 1)} MiB`.padStart(18)}  ${show(mean, 2).padStart(9)}`);
  }
  await world.gateway.stop();
  return { idle, mebibytes, files, steps: Object.fromEntries(steps) };
}

/** A gateway, the simulator and a bot that keeps nothing. */
class FileWorld {
  #simulator;
  #received = [];

  static async start(bench) {
    const { Simulator } = await import('../../dist/apps/simulator/index.js');
    const world = new FileWorld();
    world.#simulator = await Simulator.start();
    bench.onClose(() => world.#simulator.stop());
    const bot = createServer((request, response) => world.#take(request, response)).listen(0, '127.0.0.1');
    await once(bot, 'listening');
    bench.onClose(async () => void bot.close().closeAllConnections());
    const config = join(bench.folder, 'files.yaml');
    writeFileSync(config, world.#configuration(bot.address().port));
    world.gateway = await Child.start(bench, {
      name: 'gateway',
      script: 'dist/apps/gateway/main.js',
      env: {
        DATABASE_URL: await bench.databases.fresh('files'),
        DATA_DIR: bench.folder,
        HANDOVER_CONFIG: config,
        HANDOVER_ADMIN_KEY: ADMIN_KEY,
        HANDOVER_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
        LOG_LEVEL: 'warn',
      },
      isReady: async (port) => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok,
    });
    const webhookId = world.#simulator.registerWebhook(`${world.#url}/handover/eightByEight`);
    world.#simulator.createChannel({ webhookId, id: 'channel-1' });
    return world;
  }

  /** A file from the bot to the agent, and one back. @param note told of each step: the highest memory, and how long it took */
  async carry(content, note) {
    const { id } = await this.#post('', { sessionId: `s-${Math.random()}`, userId: 'u' });
    const conversationId = await reached('the conversation', async () => (await this.#read(`/${id}`)).conversationId);
    await this.#simulator.agent.join(conversationId);
    const conversation = this.#simulator.conversation(conversationId);

    const uploaded = await this.#watch(note, 'bot -> gateway', async () => {
      const form = new FormData();
      form.append('file', new Blob([content]), 'large.bin');
      return this.#call(`/${id}/attachments`, { method: 'POST', body: form });
    });
    await this.#watch(note, 'gateway -> 8x8', async () => {
      await this.#post(`/${id}/messages`, { attachments: [{ id: uploaded.id }] });
      await reached('the message', () => conversation.messages.some(({ authorType }) => authorType === 'user'));
    });
    same(conversation.attachments[0].content, content);
    const { message } = await this.#watch(note, '8x8 -> gateway', async () => {
      await this.#simulator.agent.sendFile(conversationId, { filename: 'large.bin', content });
      return reached('the event', () => this.#received.find(({ message }) => message?.attachments.length > 0));
    });
    await this.#watch(note, 'gateway -> bot', async () => {
      const path = `${this.#url}/v1/handovers/${id}/attachments/${message.attachments[0].id}`;
      const answer = await fetch(path, { headers: AUTHORIZATION });
      same(Buffer.from(await answer.arrayBuffer()), content);
    });
    await this.#post(`/${id}/close`, {});
    // Only the gateway's memory counts, so what the others hold goes.
    this.#received = [];
    this.#simulator.requests.length = 0;
    conversation.attachments.length = 0;
  }

  async #watch(note, what, work) {
    const samples = [];
    const sampling = setInterval(() => samples.push(memoryOf([this.gateway.pid])), SAMPLE_MS);
    const from = performance.now();
    try {
      return await work();
    } finally {
      clearInterval(sampling);
      note(what, Math.max(memoryOf([this.gateway.pid]), ...samples), (performance.now() - from) / 1_000);
    }
  }

  get #url() {
    return `http://127.0.0.1:${this.gateway.port}`;
  }

  #take(request, response) {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      this.#received.push(JSON.parse(Buffer.concat(parts)).data);
      response.writeHead(204).end();
    });
  }

  #post(path, body) {
    return this.#call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  #read(path) {
    return this.#call(path, {});
  }

  async #call(path, { headers, ...request }) {
    const answer = await fetch(`${this.#url}/v1/handovers${path}`, {
      ...request,
      headers: { ...AUTHORIZATION, ...headers },
    });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  }

  #configuration(botPort) {
    const secret = `whsec_${randomBytes(24).toString('base64')}`;
    const bot = { name: 'bench', apiKey: BOT_KEY, callbackUrl: `http://127.0.0.1:${botPort}/`, callbackSecret: secret };
    const settings = { baseUrl: this.#simulator.url, apiKey: this.#simulator.apiKey, tenant: 'acme01' };
    const provider = {
      name: '8x8',
      type: 'eightByEight',
      settings,
      defaults: { channelId: 'channel-1' },
      attachments: { maxSize: '100MiB' },
    };
    return JSON.stringify({ bots: [bot], providers: [provider] });
  }
}

function same(theirs, ours) {
  if (!theirs.equals(ours)) throw new Error('A file was changed on its way.');
}

async function reached(what, look) {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`Waited in vain for ${what}.`);
    await pause(10);
  }
}
