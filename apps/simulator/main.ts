import { Simulator } from './simulator.js';

/** Starts the simulator for people: fixed ids, a webhook that points to a gateway on this machine. */
const webhookUrl = process.env.SIM_WEBHOOK_URL || 'http://localhost:3000/handover/eightByEight';
const simulator = await Simulator.start({
  port: Number(process.env.SIM_PORT || 4010),
  host: process.env.SIM_HOST || '127.0.0.1',
  apiKey: process.env.SIM_API_KEY || 'sim-key',
});
const webhookId = simulator.registerWebhook(webhookUrl, undefined, 'sim-webhook');
const channelId = simulator.createChannel({ webhookId, id: 'sim-channel' });

process.stdout.write(`8x8 simulator

  agent desktop   ${simulator.url}/
  baseUrl         ${simulator.url}
  apiKey          ${simulator.apiKey}
  tenant          ${[...simulator.tenants.keys()][0]}
  channelId       ${channelId}
  queues          101 (Support), 102 (Billing)
  webhook         ${webhookUrl}  (SIM_WEBHOOK_URL)
  faults          GET, PUT, DELETE ${simulator.url}/_sim/faults

Ctrl-C ends it.
`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void simulator.stop().then(() => process.exit(0)));
}
