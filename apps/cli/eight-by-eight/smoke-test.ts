import { smoke, type Receiver, type Witness } from '../../../libs/providers/eight-by-eight/setup/index.js';
import type { Surroundings } from '../commands.js';
import type { Finding } from '../findings.js';
import { UsageError } from '../usage-error.js';
import type { Target } from './target.js';

/** Opens a marked conversation and ends it. Its events are looked for where they are to arrive. */
export async function smokeTest(
  here: Surroundings,
  { account }: Target,
  route: { channelId: string; queueId?: string },
  receiver: Receiver | null,
): Promise<Finding[]> {
  here.say('Opening a conversation "handover-gateway smoke test": it rings real agents, who may ignore it.');
  return smoke(account.api, route, receiver ? async (id) => receiver.hasQueued(id) : await gatewayAsWitness(here));
}

/** The running gateway keeps every event that it took, also of conversations that are not its own. */
async function gatewayAsWitness(here: Surroundings): Promise<Witness | null> {
  try {
    const api = here.api();
    const page = (query: object): Promise<{ data: unknown[] }> => api.list('/v1/inbox', { limit: 1, ...query });
    await page({});
    return async (conversationId) => (await page({ conversationId })).data.length > 0;
  } catch (error) {
    if (error instanceof UsageError || (error as Error).name === 'ApiError') return null;
    throw error;
  }
}
