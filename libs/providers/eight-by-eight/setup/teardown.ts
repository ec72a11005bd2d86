import type { CheckFinding } from '#contract';
import { checkAccess } from '../doctor/access.js';
import { error } from '../doctor/checks.js';
import type { Account } from './account.js';
import { channelsOf, markOf, remove, webhooksOf } from './objects.js';
import type { SetupReport } from './setup.js';

/**
 * Deletes what `setup` made for a provider: channels first, because they refer to the webhook. Refuses as a whole when a channel
 * that it did not make uses the webhook. Without `apply` nothing is deleted.
 * @throws {SetupRefused} when 8x8 refuses, {TransportFailure} when it gives no answer
 */
export async function teardown({ api, tenant }: Account, name: string, apply: boolean): Promise<SetupReport> {
  const access = await checkAccess(api, tenant);
  if (access.webhooks === null) return { findings: access.findings, changes: [], channelId: null };
  const mark = markOf(name);
  const all = await channelsOf(api);
  const webhooks = (await webhooksOf(api)).filter((webhook) => webhook.name === mark);
  const channels = all.filter((channel) => channel.name === mark);
  const users = all.filter((one) => one.name !== mark && webhooks.some(({ id }) => id === one.webhookId));
  if (users.length > 0) {
    const finding: CheckFinding = error(
      'channel-webhook',
      `The webhook "${mark}" is also used by ${users.map((one) => `the channel "${one.name}"`).join(', ')}, which setup did not make.`,
      'Configuration Manager, Channels, Chat API: give them another webhook, then run teardown again. Nothing was deleted.',
    );
    return { findings: [...access.findings, finding], changes: [], channelId: null };
  }
  if (apply) {
    for (const { id } of channels) await remove(api, 'channel', id);
    for (const { id } of webhooks) await remove(api, 'webhook', id);
  }
  const changes = [
    ...channels.map(({ id }) => ({ what: 'channel' as const, action: 'delete' as const, id, name: mark, moved: null })),
    ...webhooks.map(({ id }) => ({ what: 'webhook' as const, action: 'delete' as const, id, name: mark, moved: null })),
  ];
  return { findings: access.findings, changes, channelId: null };
}
