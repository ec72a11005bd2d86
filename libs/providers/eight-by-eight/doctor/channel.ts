import { isPlainObject, type CheckFinding } from '#contract';
import { ANSWERS } from '../answers.js';
import type { AccountApi, ApiAnswer } from '../account-api.js';
import { CHANNELS, saying } from './access.js';
import { error, ok, warning } from './checks.js';
import { labelOf, type RegisteredWebhook } from './webhook.js';

export interface RegisteredChannel {
  id: string;
  name: string;
  type: string;
  webhookId: string;
  /** null where it routes to something else. */
  queueId: string | null;
}

/** A channel as 8x8 lists it. Its webhook's id goes by two spellings in the documentation. */
export function channelOf(item: Record<string, unknown>): RegisteredChannel {
  const { id, name, type, webHookId, webhookId, routingOptions } = item;
  const routing = isPlainObject(routingOptions) && routingOptions.id !== undefined ? String(routingOptions.id) : null;
  return {
    id: String(id ?? ''),
    name: String(name ?? ''),
    type: String(type ?? ''),
    webhookId: String(webHookId ?? webhookId ?? ''),
    queueId: routing,
  };
}

/** The channel that conversations are opened on; `channel` is null when it could not be found. */
export async function checkChannel(
  api: AccountApi,
  channelId: string | undefined,
  webhooks: { all: RegisteredWebhook[]; mine: RegisteredWebhook[] },
): Promise<{ findings: CheckFinding[]; channel: RegisteredChannel | null }> {
  if (channelId === undefined) {
    const message = 'No channelId is set under defaults: each handover has to bring its own.';
    return { findings: [warning('channel', message, 'Set defaults.channelId, unless bots choose it.')], channel: null };
  }
  const answer = await api.call('GET', `${CHANNELS}/${encodeURIComponent(channelId)}`, ANSWERS.channel);
  if (answer.isOwn && (answer.status === 404 || answer.status === 400))
    return { findings: [await unknownChannel(api, channelId, webhooks.all, answer)], channel: null };
  if (!answer.isOk || answer.body === null) {
    const message = `The channel ${channelId} could not be looked up (${answer.status}${saying(answer)}).`;
    return { findings: [warning('channel', message, 'Try again in a few minutes.')], channel: null };
  }
  const channel = channelOf(answer.body);
  const findings = [ok('channel', `The channel "${channel.name}" is known.`), typeOf(channel)];
  if (webhooks.mine.length > 0) findings.push(webhookOfChannel(channel, webhooks));
  return { findings, channel };
}

function typeOf({ name, type }: RegisteredChannel): CheckFinding {
  // 8x8 Chat Gateway documentation: only ChatAPI channels can be made and used through the API.
  if (type === 'ChatAPI') return ok('channel-type', 'It is a Chat API channel.');
  return error(
    'channel-type',
    `The channel "${name}" is of type ${type || 'unknown'}: conversations can't be opened on it.`,
    'Configuration Manager, Channels, Chat API: add a channel there, and set channelId to its id.',
  );
}

function webhookOfChannel(
  { name, webhookId }: RegisteredChannel,
  { all, mine }: { all: RegisteredWebhook[]; mine: RegisteredWebhook[] },
): CheckFinding {
  if (mine.some(({ id }) => id === webhookId)) return ok('channel-webhook', 'Its webhook is the one of this gateway.');
  const other = all.find(({ id }) => id === webhookId);
  return error(
    'channel-webhook',
    `The events of the channel "${name}" go to the webhook ${other ? labelOf(other) : webhookId}, not to this gateway.`,
    `Configuration Manager, Channels, Chat API: choose the webhook ${labelOf(mine[0]!)} for it.`,
  );
}

async function unknownChannel(
  api: AccountApi,
  channelId: string,
  webhooks: RegisteredWebhook[],
  answer: ApiAnswer,
): Promise<CheckFinding> {
  const known = (await api.list(CHANNELS, 'channels')).items.map(channelOf);
  const named = known.find(({ name }) => name === channelId);
  const hint = webhooks.some(({ id }) => id === channelId)
    ? ' It is the id of a webhook.'
    : known.some(({ queueId }) => queueId === channelId)
      ? ' It is the id of a queue.'
      : named
        ? ` It is the name of a channel, whose id is ${named.id}.`
        : '';
  const ids = known.filter(({ type }) => type === 'ChatAPI').map(({ id, name }) => `${id} ("${name}")`);
  return error(
    'channel',
    `The tenant has no channel ${channelId} (${answer.status}${saying(answer)}).${hint}`,
    `Set defaults.channelId to the id of a Chat API channel of this tenant: ${ids.slice(0, 5).join(', ') || 'it has none yet'}.`,
  );
}
