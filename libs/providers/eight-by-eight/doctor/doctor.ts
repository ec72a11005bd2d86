import { durationMs, type CheckContext, type CheckFinding } from '#contract';
import { whyUnanswered, type AccountApi } from '../account-api.js';
import { queueOf } from '../create-body.js';
import type { EightByEightHandoverSettings, EightByEightSettings } from '../settings.js';
import { TransportFailure } from '#provider-kit';
import { checkAccess } from './access.js';
import { checkChannel } from './channel.js';
import { inOrder, warning, type CheckName } from './checks.js';
import { checkQueue, checkSchedules } from './queue.js';
import { checkClock, checkEndpoint, checkSeen, checkSettings } from './seen.js';
import { checkReachable, checkWebhooks, isSameAddress, webhookOf } from './webhook.js';

/** Everything between this gateway and an 8x8 account, from the address to the last event. Changes nothing. */
export async function examine(
  api: AccountApi,
  settings: EightByEightSettings,
  context: CheckContext<EightByEightHandoverSettings>,
  now: () => number,
): Promise<CheckFinding[]> {
  const { seen } = context;
  const { findings, webhooks } = await checkAccess(api, settings.tenant);
  const remote = webhooks === null ? [] : await checkAccount(api, settings, webhooks.items.map(webhookOf), context);
  const clock = checkClock(webhooks?.serverTime ?? null, now(), durationMs(settings.webhookTolerance), seen);
  const local = [...checkSettings(settings), ...checkEndpoint(settings, context)];
  return inOrder([...findings, ...remote, ...local, clock, ...(seen ? checkSeen(seen) : [])]);
}

async function checkAccount(
  api: AccountApi,
  { scheduleId }: EightByEightSettings,
  all: ReturnType<typeof webhookOf>[],
  { webhookUrls, defaults }: CheckContext<EightByEightHandoverSettings>,
): Promise<CheckFinding[]> {
  const mine = all.filter(({ uri }) => webhookUrls.some((url) => isSameAddress(url, uri)));
  const uri = mine[0]?.uri ?? webhookUrls[0]!;
  const [reachable, route, schedule] = await Promise.all([
    attempt('webhook-reachable', async () => [await checkReachable(api, uri)]),
    attempt('channel', () => checkRoute(api, defaults, { all, mine })),
    attempt('schedule', async () => [await checkSchedules(api, scheduleId)]),
  ]);
  return [...checkWebhooks(all, mine, api.withoutSecrets(uri)), ...reachable, ...route, ...schedule];
}

/** The channel, and the queue that its conversations wait in. */
async function checkRoute(
  api: AccountApi,
  defaults: EightByEightHandoverSettings,
  webhooks: Parameters<typeof checkChannel>[2],
): Promise<CheckFinding[]> {
  const { findings, channel } = await checkChannel(api, defaults.channelId, webhooks);
  const queue = queueOf({ defaults, settings: {} }) ?? channel?.queueId ?? null;
  const waiting = queue === null ? [] : await attempt('queue', () => checkQueue(api, queue));
  return [...findings, ...waiting];
}

/** What could not be looked at is said, and keeps nothing else from being looked at. */
async function attempt(check: CheckName, look: () => Promise<CheckFinding[]>): Promise<CheckFinding[]> {
  try {
    return await look();
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    return [warning(check, whyUnanswered(failure), 'Try again in a few minutes.')];
  }
}
