import { parseArgs } from 'node:util';
import { ChatwootSimulator } from '../simulator/chatwoot/index.js';
import { Simulator } from '../simulator/index.js';

/** A simulated contact centre, and the gateway's provider for it. */
export interface ContactCentre {
  /** Its agent desktop. */
  url: string;
  provider: { name: string; type: string; settings: object; defaults: object };
  stop(): Promise<void>;
}

interface Kind {
  title: string;
  start(port: number, gatewayUrl: string): Promise<ContactCentre>;
}

/** What can be tried out, by the name that `--provider` takes. */
export const KINDS = {
  eightByEight: { title: '8x8 contact centre', start: startEightByEight },
  chatwoot: { title: 'Chatwoot', start: startChatwoot },
} satisfies Record<string, Kind>;

/** The contact centre that the command line asks for; 8x8 unless it names one. @throws {Error} for anything else */
export function kindFrom(args: string[]): Kind {
  const { values } = parseArgs({ args, options: { provider: { type: 'string', default: 'eightByEight' } } });
  const { provider } = values;
  if (Object.hasOwn(KINDS, provider)) return KINDS[provider as keyof typeof KINDS];
  throw new Error(`There is no provider "${provider}" to try out. Known: ${Object.keys(KINDS).join(', ')}.`);
}

async function startEightByEight(port: number, gatewayUrl: string): Promise<ContactCentre> {
  const tenant = 'acme01';
  const simulator = await Simulator.start({ port });
  const webhookId = simulator.registerWebhook(`${gatewayUrl}/handover/eightByEight`, tenant);
  const defaults = { channelId: 'sim-channel', queueId: '101' };
  simulator.createChannel({ id: defaults.channelId, name: 'Try-out', webhookId, queueId: defaults.queueId, tenant });
  const { url: baseUrl, apiKey } = simulator;
  const settings = { baseUrl, apiKey, tenant, webhookVerification: 'required' };
  const provider = { name: 'simulated-8x8', type: 'eightByEight', settings, defaults };
  return { url: simulator.url, provider, stop: () => simulator.stop() };
}

async function startChatwoot(port: number, gatewayUrl: string): Promise<ContactCentre> {
  const simulator = await ChatwootSimulator.start({ port });
  const { id, token, inboxes, teams } = simulator.accounts[0]!.account;
  const name = 'simulated-chatwoot';
  simulator.setWebhook(`${gatewayUrl}/handover/chatwoot/${name}`);
  const settings = {
    baseUrl: simulator.url,
    accountId: String(id),
    apiAccessToken: token,
    webhookSecret: inboxes[0]!.secret!,
  };
  const defaults = { inboxId: String(inboxes[0]!.id), queueId: String(teams[0]!.id) };
  return { url: simulator.url, provider: { name, type: 'chatwoot', settings, defaults }, stop: () => simulator.stop() };
}
