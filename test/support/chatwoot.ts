import type { ChatwootAccount } from '../../apps/simulator/chatwoot/index.js';
import { ChatwootSimulator, DEFAULT_ACCOUNT } from './built.js';
import { until } from './wait.js';
import { World, type WorldOptions } from './world.js';

type Json = Record<string, unknown>;

/** A second account that has the same ids as the default one, as accounts of one Chatwoot may; only the secrets differ. */
export const OTHER_ACCOUNT: ChatwootAccount = {
  ...structuredClone(DEFAULT_ACCOUNT),
  id: 2,
  name: 'Globex',
  token: 'other-token',
  inboxes: [{ id: 7, name: 'Bot', identifier: 'other-inbox', secret: 'other-secret' }],
};

export const SUPPORT_SECRET = DEFAULT_ACCOUNT.inboxes[0]!.secret!;

/** One account of the simulated Chatwoot as a provider of the configuration. */
export function chatwootProvider(
  simulator: ChatwootSimulator,
  name: string,
  account: ChatwootAccount,
  over: Json = {},
): Json {
  const settings = {
    baseUrl: simulator.url,
    accountId: String(account.id),
    apiAccessToken: account.token,
    webhookSecret: account.inboxes[0]!.secret,
    endGrace: '1s',
    ...over,
  };
  return { name, type: 'chatwoot', settings, defaults: { inboxId: String(account.inboxes[0]!.id) } };
}

/** A world in which the same gateway also has two Chatwoot accounts: `support-chatwoot` and `other-chatwoot`. */
export async function startChatwootWorld(
  options: WorldOptions & { support?: Json; accounts?: ChatwootAccount[] } = {},
): Promise<{ world: World; chatwoot: ChatwootSimulator; stop(): Promise<void> }> {
  const accounts = options.accounts ?? [DEFAULT_ACCOUNT, OTHER_ACCOUNT];
  const chatwoot = await ChatwootSimulator.start({ accounts });
  const world = await World.start({
    ...options,
    providers: (simulator) => [
      ...(options.providers?.(simulator) ?? []),
      chatwootProvider(chatwoot, 'support-chatwoot', accounts[0]!, options.support),
      chatwootProvider(chatwoot, 'other-chatwoot', accounts[1]!),
    ],
  });
  chatwoot.setWebhook(webhookOf(world, 'support-chatwoot'), { account: accounts[0]!.id });
  chatwoot.setWebhook(webhookOf(world, 'other-chatwoot'), { account: accounts[1]!.id });
  const stop = async (): Promise<void> => {
    await world.stop();
    await chatwoot.stop();
  };
  return { world, chatwoot, stop };
}

export function webhookOf({ gateway }: World, provider: string): string {
  return `${gateway.url}/handover/chatwoot/${provider}`;
}

/** A handover that an agent of the simulated Chatwoot has accepted. */
export async function activeInChatwoot(
  world: World,
  chatwoot: ChatwootSimulator,
  over: Json = {},
): Promise<{ id: string; conversationId: string }> {
  const handover = await world.handover({ provider: 'support-chatwoot', ...over });
  await world.status(handover.id, 'queued');
  await chatwoot.agent.join(handover.conversationId, 3);
  await world.status(handover.id, 'active');
  return handover;
}

/** What the user has written to Chatwoot, once there are as many messages. */
export async function textsInChatwoot(
  chatwoot: ChatwootSimulator,
  id: string,
  count: number,
): Promise<(string | null)[]> {
  return until(`${count} messages in Chatwoot`, () => {
    const incoming = chatwoot.conversation(id).messages.filter(({ type }) => type === 'incoming');
    return incoming.length >= count ? incoming.map(({ content }) => content) : null;
  });
}
