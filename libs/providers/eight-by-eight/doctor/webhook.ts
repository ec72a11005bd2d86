import type { CheckFinding } from '#contract';
import { ANSWERS } from '../answers.js';
import type { AccountApi } from '../account-api.js';
import { TransportFailure } from '#provider-kit';
import { saying, WEBHOOKS } from './access.js';
import { error, ok, warning } from './checks.js';

/** 8x8 Chat Gateway documentation: the only version of webhooks whose events this gateway understands. */
export const WEBHOOK_VERSION = 'Chat Gateway v1.0';

export interface RegisteredWebhook {
  id: string;
  name: string;
  uri: string;
  version: string;
}

/** A webhook as 8x8 lists it. Its version goes by two names in the documentation. */
export function webhookOf(item: Record<string, unknown>): RegisteredWebhook {
  const { id, name, uri, version, notificationVersion } = item;
  return {
    id: String(id ?? ''),
    name: String(name ?? ''),
    uri: String(uri ?? ''),
    version: String(version ?? notificationVersion ?? ''),
  };
}

/** What to find it by: several may have one name. */
export function labelOf({ id, name }: RegisteredWebhook): string {
  return `"${name}" (${id})`;
}

/** Whether two addresses lead to the same place: host names have no capitals, and a slash at the end does not count. */
export function isSameAddress(one: string, other: string): boolean {
  const plain = (text: string): string =>
    URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '') : text.trim().replace(/\/+$/, '');
  return plain(one) === plain(other);
}

/** What is registered for the gateway's own addresses. `shown` is the preferred one without its secret. */
export function checkWebhooks(all: RegisteredWebhook[], mine: RegisteredWebhook[], shown: string): CheckFinding[] {
  const names = mine.map(labelOf).join(', ');
  if (mine.length === 0)
    return [
      error(
        'webhook',
        `None of the ${all.length} webhooks of the tenant points to ${shown}.`,
        'Configuration Manager, Integration, Webhooks: add one with that URL, or run "handover eight-by-eight setup". If the host is another one there, set PUBLIC_URL to it.',
      ),
    ];
  const old = mine.filter(({ version }) => version !== WEBHOOK_VERSION);
  return [
    ok('webhook', `The webhook ${names} points to this gateway.`),
    old.length === 0
      ? ok('webhook-version', `Its version is ${WEBHOOK_VERSION}.`)
      : error(
          'webhook-version',
          `The webhook ${labelOf(old[0]!)} is of version "${old[0]!.version}", whose events mean nothing to this gateway.`,
          `Configuration Manager, Integration, Webhooks: set its version to "${WEBHOOK_VERSION}".`,
        ),
    mine.length === 1
      ? ok('duplicates', 'No other webhook points here.')
      : warning(
          'duplicates',
          `${mine.length} webhooks point to this gateway: ${names}. What both report comes twice.`,
          'Keep the one that the channel refers to, and delete the others.',
        ),
  ];
}

/** Has 8x8 call the webhook; where that fails, looks from here for the reason. */
export async function checkReachable(api: AccountApi, uri: string): Promise<CheckFinding> {
  const shown = api.withoutSecrets(uri);
  const answer = await api.call('POST', `${WEBHOOKS}/verify`, ANSWERS.done, { version: WEBHOOK_VERSION, uri });
  if (answer.isOk) return ok('webhook-reachable', `8x8 reaches ${shown}.`);
  if (answer.status === 429 || answer.status >= 500)
    return warning('webhook-reachable', `8x8 could not test it now (${answer.status}).`, 'Try again in a few minutes.');
  const { seen, action } = await lookFromHere(api, uri);
  return error(
    'webhook-reachable',
    `8x8 gets no 2xx from ${shown} (${answer.status}${saying(answer)}). ${seen}`,
    action,
  );
}

const IN_FRONT =
  'It must be reachable from the internet over https, with a certificate of a public authority, and without a login, firewall rule or redirect in front of /handover/. Test Connection in Configuration Manager, Integration, Webhooks repeats the test.';
const NOT_THERE_YET =
  'While there is no gateway, let "handover eight-by-eight setup" answer itself: --listen <port>, where the address leads to.';

/** What is to be seen at the address from this side, and what to do about it. */
async function lookFromHere(api: AccountApi, uri: string): Promise<{ seen: string; action: string }> {
  const insecure = uri.startsWith('http:') ? ' The address is http: 8x8 wants https.' : '';
  try {
    const test = { notificationVersion: WEBHOOK_VERSION, eventType: 'WEB_HOOK_VERIFY' };
    const { status, location } = await api.knock(uri, test);
    if (status >= 200 && status <= 299)
      return { seen: `From here it answers ${status}: it may not be public.${insecure}`, action: IN_FRONT };
    if (status === 404)
      return {
        seen: `From here it answers 404: the gateway there has no provider of this name, or something else is there.${insecure}`,
        action: `Check the address. Add the provider to the configuration of the gateway there, and start it again. ${NOT_THERE_YET}`,
      };
    const redirect = location === null ? '' : `, a redirect to ${location}`;
    return { seen: `From here it answers ${status}${redirect}.${insecure}`, action: IN_FRONT };
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    const seen = `From here it gives no answer (${failure.reason}).${insecure}`;
    if (failure.reason !== 'ECONNREFUSED') return { seen, action: IN_FRONT };
    return { seen, action: `Nothing listens there. Check the address, and start the gateway. ${NOT_THERE_YET}` };
  }
}
