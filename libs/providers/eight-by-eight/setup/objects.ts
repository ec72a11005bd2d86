import { ANSWERS } from '../answers.js';
import type { AccountApi, ApiAnswer } from '../account-api.js';
import { CHANNELS, saying, WEBHOOKS } from '../doctor/access.js';
import { channelOf, type RegisteredChannel } from '../doctor/channel.js';
import type { IsOwn } from '#provider-kit';
import { WEBHOOK_VERSION, webhookOf, type RegisteredWebhook } from '../doctor/webhook.js';

/** 8x8 refused to make, change or delete something. What was done before stands, and is found again by the next run. */
export class SetupRefused extends Error {
  constructor(what: string, answer: ApiAnswer) {
    super(
      answer.isOwn
        ? `8x8 refused to ${what} (${answer.status}${saying(answer)}).`
        : `Asked to ${what}, something in front of 8x8 answered (${answer.status}${saying(answer)}): check baseUrl.`,
    );
    this.name = 'SetupRefused';
  }
}

/** What `setup` makes bears this name, and only what bears it is ever changed or deleted. */
export function markOf(name: string): string {
  return `handover-gateway: ${name}`;
}

export async function webhooksOf(api: AccountApi): Promise<RegisteredWebhook[]> {
  const answer = await api.list(WEBHOOKS, 'webhooks');
  if (!answer.isOk) throw new SetupRefused('list the webhooks', answer);
  return answer.items.map(webhookOf);
}

export async function channelsOf(api: AccountApi): Promise<RegisteredChannel[]> {
  const answer = await api.list(CHANNELS, 'channels');
  // 8x8 Chat Gateway documentation: a tenant without channels may be answered 404.
  if (!answer.isOk && !isUnknown(answer)) throw new SetupRefused('list the channels', answer);
  return answer.items.map(channelOf);
}

/** Makes a webhook, or changes the one of that id. @returns its id */
export async function writeWebhook(api: AccountApi, name: string, uri: string, id: string | null): Promise<string> {
  const what = id === null ? 'create the webhook' : 'change the webhook';
  const body = { name, uri, version: WEBHOOK_VERSION };
  // 8x8 Chat Gateway documentation: `notificationVersion` is required, but only `version` is described.
  const both = await write(api, WEBHOOKS, id, ANSWERS.webhook, { ...body, notificationVersion: WEBHOOK_VERSION });
  const isRefusedForIt = both.isOwn && both.status === 400 && /notificationVersion/i.test(both.problem.message);
  return idOf(isRefusedForIt ? await write(api, WEBHOOKS, id, ANSWERS.webhook, body) : both, what, id);
}

/** Makes a Chat API channel, or changes the one of that id. @returns its id */
export async function writeChannel(
  api: AccountApi,
  { name, webhookId, queueId }: { name: string; webhookId: string; queueId: string },
  id: string | null,
): Promise<string> {
  const body = { name, type: 'ChatAPI', webHookId: webhookId, routingOptions: { type: 'queue', id: queueId } };
  return idOf(
    await write(api, CHANNELS, id, ANSWERS.channel, body),
    id === null ? 'create the channel' : 'change the channel',
    id,
  );
}

export async function remove(api: AccountApi, what: 'webhook' | 'channel', id: string): Promise<void> {
  const answer = await api.call(
    'DELETE',
    `${what === 'webhook' ? WEBHOOKS : CHANNELS}/${encodeURIComponent(id)}`,
    ANSWERS.done,
  );
  if (!answer.isOk && !isUnknown(answer)) throw new SetupRefused(`delete the ${what}`, answer);
}

/** 8x8 has no such thing; a 404 that is not from 8x8 says nothing of the kind. */
function isUnknown({ status, isOwn }: ApiAnswer): boolean {
  return status === 404 && isOwn;
}

function write(api: AccountApi, path: string, id: string | null, isAnswer: IsOwn, body: object): Promise<ApiAnswer> {
  return id === null
    ? api.call('POST', path, isAnswer, body)
    : api.call('PUT', `${path}/${encodeURIComponent(id)}`, isAnswer, body);
}

function idOf(answer: ApiAnswer, what: string, known: string | null): string {
  if (!answer.isOk) throw new SetupRefused(what, answer);
  const id = answer.body?.id ?? known;
  if (typeof id !== 'string' || id === '') throw new SetupRefused(`say which id it gave, asked to ${what}`, answer);
  return id;
}
