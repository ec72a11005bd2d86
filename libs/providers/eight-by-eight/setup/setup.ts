import type { CheckFinding } from '#contract';
import { checkAccess } from '../doctor/access.js';
import { checkChannel, type RegisteredChannel } from '../doctor/channel.js';
import { error, inOrder, warning } from '../doctor/checks.js';
import { checkQueue } from '../doctor/queue.js';
import {
  checkReachable,
  checkWebhooks,
  isSameAddress,
  WEBHOOK_VERSION,
  type RegisteredWebhook,
} from '../doctor/webhook.js';
import type { Account } from './account.js';
import { withoutToken } from './address.js';
import { channelsOf, markOf, webhooksOf, writeChannel, writeWebhook } from './objects.js';

export interface SetupIntent {
  /** The provider's name; what is made is named after it. */
  name: string;
  /** Where 8x8 is to send events. Something must answer there already. */
  webhookUrl: string;
  queueId: string;
  /** Without it nothing is changed. */
  apply: boolean;
  /** Looks at the answer to 8x8's connection test once more; null when it has nothing to add. */
  confirm?(reachable: CheckFinding): CheckFinding;
}

/** What is (or would be) done to one thing of the account; `id` is null for what is not there yet. */
export interface Change {
  what: 'webhook' | 'channel';
  action: 'reuse' | 'create' | 'update' | 'delete';
  id: string | null;
  name: string;
  /** Where a webhook's events went before, and where they go then, without secrets; null unless it gets another address. */
  moved: { from: string; to: string } | null;
}

export interface SetupReport {
  findings: CheckFinding[];
  changes: Change[];
  /** null until there is one. */
  channelId: string | null;
}

/**
 * Finds or makes the webhook and the channel that a gateway needs. Proves key, product, tenant and the webhook's address first,
 * and changes nothing when one of them is wrong. Doing it again finds what is there. Leaves alone what it did not make.
 * @throws {SetupRefused} when 8x8 refuses a change, {TransportFailure} when it gives no answer
 */
export async function setup({ api, tenant }: Account, intent: SetupIntent): Promise<SetupReport> {
  const access = await checkAccess(api, tenant);
  if (access.webhooks === null) return { findings: access.findings, changes: [], channelId: null };
  const [webhooks, channels] = [await webhooksOf(api), await channelsOf(api)];
  const reachable = await checkReachable(api, intent.webhookUrl);
  const findings = [
    ...access.findings,
    intent.confirm?.(reachable) ?? reachable,
    ...(await checkQueue(api, intent.queueId)),
  ];
  const webhook = planWebhook({ api }, webhooks, intent);
  if (webhook === null) findings.push(foreignWebhook(webhooks, intent));
  if (webhook === null || findings.some(({ level }) => level === 'error'))
    return { findings: inOrder(findings), changes: [], channelId: null };
  if (webhook.moved !== null) findings.push(movedWebhook(webhook.name, webhook.moved));
  const channel = planChannel(channels, intent, webhook.id);
  const changes = [webhook, channel];
  if (!intent.apply) {
    const isThere = channel.action === 'reuse' && webhook.action === 'reuse';
    return { findings: inOrder(findings), changes, channelId: isThere ? channel.id : null };
  }
  webhook.id = await applyWebhook({ api }, webhook, intent);
  channel.id = await applyChannel({ api }, channel, intent, webhook.id);
  const written = await verifyWritten({ api }, intent, channel.id);
  return { findings: inOrder([...findings, ...written]), changes, channelId: channel.id };
}

type Api = Pick<Account, 'api'>;

/** null when the address belongs to a webhook of an old version that somebody else made. */
function planWebhook({ api }: Api, all: RegisteredWebhook[], { name, webhookUrl }: SetupIntent): Change | null {
  const mark = markOf(name);
  const here = all.filter(({ uri }) => isSameAddress(uri, webhookUrl));
  const good = here.find(({ version }) => version === WEBHOOK_VERSION);
  if (good) return { what: 'webhook', action: 'reuse', id: good.id, name: good.name, moved: null };
  const ours = all.find((webhook) => webhook.name === mark);
  if (here.some((webhook) => webhook.name !== mark)) return null;
  if (!ours) return { what: 'webhook', action: 'create', id: null, name: mark, moved: null };
  const shown = (uri: string): string => withoutToken(api.withoutSecrets(uri));
  const moved = isSameAddress(ours.uri, webhookUrl) ? null : { from: shown(ours.uri), to: shown(webhookUrl) };
  return { what: 'webhook', action: 'update', id: ours.id, name: mark, moved };
}

function movedWebhook(name: string, { from, to }: NonNullable<Change['moved']>): CheckFinding {
  return warning(
    'webhook',
    `The webhook "${name}" was made for ${from}. Moved to ${to}, it sends no more events there.`,
    'Where another gateway is there, set this one up under another --name. A setup with the old address moves it back.',
  );
}

function foreignWebhook(all: RegisteredWebhook[], { webhookUrl }: SetupIntent): CheckFinding {
  const { name, version } = all.find(({ uri }) => isSameAddress(uri, webhookUrl))!;
  return error(
    'webhook-version',
    `The webhook "${name}" has this address already, in version "${version}". It was not made by setup, and is left alone.`,
    `Configuration Manager, Integration, Webhooks: set its version to "${WEBHOOK_VERSION}", or delete it. Then run setup again.`,
  );
}

function planChannel(all: RegisteredChannel[], { name, queueId }: SetupIntent, webhookId: string | null): Change {
  const mark = markOf(name);
  const fits = (channel: RegisteredChannel): boolean =>
    channel.type === 'ChatAPI' && channel.webhookId === webhookId && channel.queueId === queueId;
  const ours = all.find((channel) => channel.name === mark);
  const found = ours ?? all.find(fits);
  if (!found) return { what: 'channel', action: 'create', id: null, name: mark, moved: null };
  return { what: 'channel', action: fits(found) ? 'reuse' : 'update', id: found.id, name: found.name, moved: null };
}

async function applyWebhook({ api }: Api, { action, id, name }: Change, { webhookUrl }: SetupIntent): Promise<string> {
  return action === 'reuse' ? id! : writeWebhook(api, name, webhookUrl, id);
}

async function applyChannel(
  { api }: Api,
  { action, id, name }: Change,
  { queueId }: SetupIntent,
  webhookId: string,
): Promise<string> {
  return action === 'reuse' ? id! : writeChannel(api, { name, webhookId, queueId }, id);
}

/** Reads back what 8x8 made of it. */
async function verifyWritten({ api }: Api, { webhookUrl }: SetupIntent, channelId: string): Promise<CheckFinding[]> {
  const all = await webhooksOf(api);
  const mine = all.filter(({ uri }) => isSameAddress(uri, webhookUrl));
  const { findings } = await checkChannel(api, channelId, { all, mine });
  return [...checkWebhooks(all, mine, api.withoutSecrets(webhookUrl)), ...findings];
}
