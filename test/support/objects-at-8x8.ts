import type { Simulator } from '../../apps/simulator/index.js';

interface Objects {
  webhooks: { id: string; name: string; uri: string; version: string }[];
  channels: { id: string; name: string; type: string; webHookId: string }[];
}

/** What the tenant `acme01` has, as it is at this moment, in the order in which it came. */
export function objectsAt8x8(simulator: Simulator): Objects {
  const { webhooks, channels } = simulator.tenants.get('acme01')!;
  return structuredClone({ webhooks: [...webhooks.values()], channels: [...channels.values()] });
}
