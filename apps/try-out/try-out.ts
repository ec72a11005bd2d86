import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { within } from '#contract';
import { startSampleBot } from '../sample-bot/bot.js';
import { kindFrom } from './contact-centre.js';
import { GatewayProcess } from './gateway-process.js';
import { closeLeftovers } from './leftovers.js';
import { claim } from './only-one.js';
import { stopOrphanedPostgres } from './orphan.js';
import { freePort, portFrom } from './ports.js';
import { keysIn, writeConfiguration } from './settings.js';

export interface TryOutOptions {
  /** The command line, such as `--provider chatwoot`. */
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Relative paths start here. */
  cwd: string;
  /** Shows one line to the person at the terminal, as news or as trouble. */
  say: (line: string) => void;
  warn: (line: string) => void;
  /** Ends everything in good order. */
  stop: AbortSignal;
  /** Ends everything at once. */
  force: AbortSignal;
}

/** How long the gateway may take to become ready, in milliseconds: a database that recovers from a crash takes its time. */
const READY_LIMIT_MS = 120_000;
const READY_POLL_MS = 100;
const GATEWAY_ENTRY = fileURLToPath(new URL('../gateway/main.js', import.meta.url));

/**
 * Runs the gateway with a simulated contact centre on one side and a sample bot on the other, until `stop`.
 * Resolves to the exit code: 0 when it was stopped and all of it ended in good order, else 1, with the reason told by `warn`.
 */
export async function runTryOut(options: TryOutOptions): Promise<number> {
  const undo: (() => unknown)[] = [];
  let exitCode = 0;
  const fail = (error: unknown): void => {
    options.warn(error instanceof Error ? error.message : String(error));
    exitCode = 1;
  };
  try {
    const gateway = await startAll(options, undo);
    await Promise.race([aborted(options.stop), gateway.exited]);
    options.stop.throwIfAborted();
    throw new Error(await deathOf(gateway));
  } catch (error) {
    if (!options.stop.aborted) fail(error);
  }
  options.say('Stopping …');
  for (const step of undo.reverse()) {
    await (async () => step())().catch(fail);
  }
  if (exitCode === 0) options.say('Stopped.');
  return exitCode;
}

/** Starts one part after the other; `undo` gets how to end each, in the order of the starts. */
async function startAll(options: TryOutOptions, undo: (() => unknown)[]): Promise<GatewayProcess> {
  const { args, env, cwd, say, warn, stop } = options;
  const kind = kindFrom(args);
  const dataDir = resolve(cwd, env.DATA_DIR || join('.data', 'try-out'));
  mkdirSync(dataDir, { recursive: true });
  undo.push(claim(dataDir));
  say(`Starting the handover gateway, a simulated ${kind.title} and a sample bot …`);

  const ports = await choosePorts(env, say);
  const gatewayUrl = `http://127.0.0.1:${ports.gateway}`;
  const keys = await keysIn(dataDir);

  const centre = await kind.start(ports.simulator, gatewayUrl);
  undo.push(() => centre.stop());
  const { apiKey, callbackSecret } = keys;
  const bot = await startSampleBot({ gatewayUrl, apiKey, callbackSecret, port: ports.bot });
  undo.push(() => bot.stop());

  const { provider } = centre;
  const configuration = await writeConfiguration(dataDir, keys, {
    provider,
    callbackUrl: bot.callbackUrl,
    inactivity: env.INACTIVITY || '2m',
  });
  stop.throwIfAborted();
  undo.push(() => stopOrphanedPostgres(dataDir));
  const gateway = startGateway(options, { dataDir, port: ports.gateway, gatewayUrl, configuration });
  let ready = false;
  undo.push(() => stopGateway(gateway, ready));
  await untilReady(gateway, { url: gatewayUrl, apiKey: keys.apiKey, stop });
  ready = true;
  const leftovers = await closeLeftovers(gatewayUrl, keys.apiKey).catch((error: Error) => {
    warn(error.message);
    return 0;
  });
  if (leftovers > 0) say(`Closed ${leftovers} chat(s) that an earlier try-out left open.`);
  stop.throwIfAborted();
  say(
    welcome({
      chat: bot.url,
      desktop: centre.url,
      api: `${gatewayUrl}/docs`,
      data: relative(cwd, dataDir) || dataDir,
    }),
  );
  return gateway;
}

async function choosePorts(
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
): Promise<Record<'gateway' | 'simulator' | 'bot', number>> {
  const given = new Set<number>();
  const choose = async (what: string, variable: string, otherwise: number): Promise<number> => {
    const wanted = portFrom(env, variable, otherwise);
    const port = await freePort(wanted, given);
    if (wanted !== 0 && port !== wanted) say(`Port ${wanted} is taken: the ${what} uses ${port}.`);
    return port;
  };
  return {
    gateway: await choose('gateway', 'PORT', 3000),
    simulator: await choose('simulator', 'SIM_PORT', 4010),
    bot: await choose('sample bot', 'BOT_PORT', 3030),
  };
}

function startGateway(
  { env, warn, force }: TryOutOptions,
  {
    dataDir,
    port,
    gatewayUrl,
    configuration,
  }: { dataDir: string; port: number; gatewayUrl: string; configuration: string },
): GatewayProcess {
  const gateway = new GatewayProcess({
    entry: GATEWAY_ENTRY,
    env: {
      ...env,
      // A production environment asks for keys that a first try has not.
      NODE_ENV: 'development',
      PORT: String(port),
      HOST: '127.0.0.1',
      PUBLIC_URL: gatewayUrl,
      DATA_DIR: dataDir,
      HANDOVER_CONFIG: configuration,
    },
    logFile: join(dataDir, 'gateway.log'),
    show: warn,
  });
  force.addEventListener('abort', () => gateway.kill());
  return gateway;
}

async function untilReady(
  gateway: GatewayProcess,
  { url, apiKey, stop }: { url: string; apiKey: string; stop: AbortSignal },
): Promise<void> {
  const succeeds = async (path: string): Promise<boolean> => {
    const headers = { authorization: `Bearer ${apiKey}` };
    const signal = within(2_000, stop);
    const response = await fetch(`${url}${path}`, { headers, signal }).catch(() => null);
    await response?.body?.cancel();
    return response?.ok ?? false;
  };
  const deadline = Date.now() + READY_LIMIT_MS;
  // Only ours knows the key: another gateway may have taken the port in the meantime.
  while (!(await succeeds('/health/ready')) || !(await succeeds('/v1/provider-types'))) {
    stop.throwIfAborted();
    if (gateway.gone) throw new Error(await deathOf(gateway));
    if (Date.now() > deadline) throw new Error(`The gateway was not ready within ${READY_LIMIT_MS / 1000} seconds.`);
    await pause(READY_POLL_MS);
  }
}

async function stopGateway(gateway: GatewayProcess, ready: boolean): Promise<void> {
  if (gateway.gone) return;
  const end = await gateway.stop();
  // A process that has only just begun cannot yet answer the signal by an exit code.
  if (end === 0 || (!ready && end === 'SIGTERM')) return;
  throw new Error(`The gateway did not stop in good order: ${describeEnd(end)}.`);
}

async function deathOf(gateway: GatewayProcess): Promise<string> {
  return `The gateway ended unexpectedly: ${describeEnd(await gateway.exited)}.`;
}

const describeEnd = (end: number | NodeJS.Signals): string =>
  typeof end === 'number' ? `exit code ${end}` : `killed by ${end}`;

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function welcome({ chat, desktop, api, data }: Record<'chat' | 'desktop' | 'api' | 'data', string>): string {
  return `
Ready. Open these two pages side by side:

  Chat page, where you are the customer:     ${chat}
  Agent desktop, where you are the agent:    ${desktop}

What to do there:

  1. On the chat page ask "What is my balance?": the bot answers.
  2. Write "I want to talk to a human": the bot hands the chat over.
  3. On the agent desktop accept the waiting chat. Now customer and agent can write to each other.
  4. Send files both ways, and open the copilot's page by its link: beside the conversation, or in its first note.
  5. Transfer the chat to another queue, or leave it: then the bot takes over again.
  6. Be silent as the customer: the bot reminds you after two minutes, twice, and then ends the chat.

API reference: ${api}
Data and log:  ${data}
To stop:       Ctrl-C
`;
}
