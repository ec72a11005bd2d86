import { createServer } from 'node:http';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Simulator } from '../../dist/apps/simulator/index.js';

/**
 * What a bot feels of the gateway, on this machine: how soon POST /v1/handovers is answered, and how soon an agent's message
 * is at the bot after its webhook was sent. One after the other, against the built gateway with its embedded PostgreSQL and
 * the simulator. A measurement, not a test: it prints, and fails only when something does not work.
 */
const ROUNDS = Number(process.argv[2] ?? 200);
const WARM_UP = 20;
const IDLE_MS = 5_000;
const BOT_KEY = 'bench-bot-key';

const arrivals = new Map();
const bot = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { type, data } = JSON.parse(Buffer.concat(chunks).toString());
    if (type === 'message.created') arrivals.get(data.message.text)?.(performance.now());
    response.writeHead(204).end();
  });
});
await new Promise((resolve) => bot.listen(0, '127.0.0.1', resolve));
const simulator = await Simulator.start();
const folder = mkdtempSync(join(tmpdir(), 'handover-bench-'));
const gateway = await startGateway();
try {
  const webhookId = simulator.registerWebhook(`${gateway.url}/handover/eightByEight`);
  simulator.createChannel({ webhookId, id: 'channel' });
  await pause(IDLE_MS);
  const idle = memoryOf(gateway.child.pid);
  const started = [];
  const delivered = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const [start, delivery] = await oneHandover(round);
    if (round < 0) continue;
    started.push(start);
    delivered.push(delivery);
  }
  report('first answer of POST /v1/handovers', started);
  report("agent's message: webhook to callback", delivered);
  print(
    `resident memory of the gateway: ${idle ?? '?'} MiB idle, ${memoryOf(gateway.child.pid) ?? '?'} MiB after the run`,
  );
} finally {
  gateway.child.kill('SIGTERM');
  await new Promise((resolve) => gateway.child.once('exit', resolve));
  await simulator.stop();
  bot.closeAllConnections();
  bot.close();
  rmSync(folder, { recursive: true, force: true });
}

async function oneHandover(round) {
  const before = performance.now();
  const { id } = await call('POST', '/v1/handovers', {
    sessionId: `bench-${round}`,
    userId: 'u',
    user: { name: 'Bench' },
    transcript: [{ author: 'user', text: 'hello' }],
  });
  const start = performance.now() - before;
  let handover = null;
  while (handover?.status !== 'queued') handover = await call('GET', `/v1/handovers/${id}`);
  const conversation = handover.conversationId;
  await simulator.agent.join(conversation);
  const text = `bench ${round}`;
  const arrived = new Promise((resolve) => arrivals.set(text, resolve));
  const sent = performance.now();
  void simulator.agent.say(conversation, text);
  const delivery = (await arrived) - sent;
  await call('POST', `/v1/handovers/${id}/close`);
  return [start, delivery];
}

async function call(method, path, body) {
  const answer = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${BOT_KEY}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function startGateway() {
  const config = join(folder, 'handover.yaml');
  const secret = `whsec_${Buffer.from('the secret of the benchmark').toString('base64')}`;
  const callbackUrl = `http://127.0.0.1:${bot.address().port}/`;
  const settings = { baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'acme01' };
  const bots = [{ name: 'bench', apiKey: BOT_KEY, callbackUrl, callbackSecret: secret }];
  const providers = [{ name: 'bench', type: 'eightByEight', settings, defaults: { channelId: 'channel' } }];
  writeFileSync(config, JSON.stringify({ bots, providers }));
  const child = spawn(process.execPath, ['dist/apps/gateway/main.js'], {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: join(folder, 'data'), HANDOVER_CONFIG: config },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes('"gateway started"')) continue;
    child.stdout.resume();
    return { child, url: JSON.parse(line).url };
  }
  throw new Error('the gateway did not start');
}

/** MiB; null where the system does not tell. */
function memoryOf(pid) {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(kilobytes) / 1024);
  } catch {
    return null;
  }
}

function report(what, milliseconds) {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  print(`${what}: median ${at(0.5)} ms, p95 ${at(0.95)} ms, maximum ${at(1)} ms (${sorted.length} handovers)`);
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
