import type { CheckFinding } from '#contract';
import { ListTooLong, whyUnanswered, type AccountApi, type ApiAnswer, type Listing } from '../account-api.js';
import { TransportFailure } from '#provider-kit';
import { error, ok, warning } from './checks.js';

export const WEBHOOKS = '/chat-gateway/v1/webhooks';
export const CHANNELS = '/chat-gateway/v1/channels';

/** Whether the account can be used at all; `webhooks` is null when it cannot, and nothing else can be asked then. */
export interface Access {
  findings: CheckFinding[];
  webhooks: Listing | null;
}

/** One call proves address, key, product and tenant: each has a refusal of its own. */
export async function checkAccess(api: AccountApi, tenant: string | undefined): Promise<Access> {
  let answer: Listing;
  try {
    answer = await api.list(WEBHOOKS, 'webhooks');
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    const findings = failure instanceof ListTooLong ? endless(api, failure, tenant) : [unreachable(api, failure)];
    return { findings, webhooks: null };
  }
  if (answer.isOk && answer.body !== null) return { findings: passed(api, tenant), webhooks: answer };
  return { findings: refused(api, answer, tenant), webhooks: null };
}

function passed(api: AccountApi, tenant: string | undefined): CheckFinding[] {
  return [
    ok('base-url', `${api.baseUrl} answers.`),
    ok('api-key', 'The key is accepted.'),
    ok('product', 'The key may use the Chat Gateway.'),
    ok('tenant', tenant === undefined ? 'None is set, and none is needed.' : `The tenant "${tenant}" is accepted.`),
  ];
}

function unreachable(api: AccountApi, { reason }: TransportFailure): CheckFinding {
  return error(
    'base-url',
    `${api.baseUrl} gave no answer (${reason}).`,
    'Check baseUrl, and that this machine may open HTTPS connections to it. For a proxy set HTTPS_PROXY.',
  );
}

function endless(api: AccountApi, failure: ListTooLong, tenant: string | undefined): CheckFinding[] {
  return [
    ...passed(api, tenant),
    error(
      'webhook',
      `The webhooks could not all be looked at: ${whyUnanswered(failure)}`,
      'Configuration Manager, Integration, Webhooks: delete those that nobody needs. Where there are few, something in between answers in the place of 8x8: check baseUrl.',
    ),
  ];
}

function refused(api: AccountApi, answer: ApiAnswer, tenant: string | undefined): CheckFinding[] {
  if (!answer.isOwn) return [notTheirs(api, answer)];
  const answers = ok('base-url', `${api.baseUrl} answers.`);
  const accepted = ok('api-key', 'The key is accepted.');
  const said = saying(answer);
  if (answer.status === 401)
    return [
      answers,
      error(
        'api-key',
        `8x8 does not accept the key (401${said}).`,
        'Admin Console, API Keys: copy the key of the app, not its secret. It must be an app with the product "Contact Center Chat Gateway"; keys of other products do not count.',
      ),
    ];
  if ([400, 403, 404].includes(answer.status) && /tenant/i.test(answer.problem.message))
    return [
      answers,
      accepted,
      error(
        'tenant',
        `8x8 does not accept the tenant ${tenant === undefined ? 'being left out' : `"${tenant}"`} (${answer.status}${said}).`,
        tenant === undefined
          ? 'The customer owns more than one tenant: set tenant. See Configuration Manager, Home, Profile.'
          : 'Copy the name exactly, capitals included, of a tenant of the customer that the key is for. See Configuration Manager, Home, Profile.',
      ),
    ];
  if (answer.status === 403)
    return [
      answers,
      accepted,
      error(
        'product',
        `The key is known, but may not use the Chat Gateway (403${said}).`,
        'Admin Console, API Keys: add the product "Contact Center Chat Gateway" to the app. A change takes a moment to get around.',
      ),
    ];
  if (answer.status === 429 || answer.status >= 500)
    return [
      warning('base-url', `8x8 is unwell or overloaded (${answer.status}${said}).`, 'Try again in a few minutes.'),
    ];
  return [notTheirs(api, answer)];
}

function notTheirs(api: AccountApi, answer: ApiAnswer): CheckFinding {
  return error(
    'base-url',
    `${api.baseUrl} answered ${answer.status}, but not as 8x8's Chat Gateway does${saying(answer)}.`,
    'Set baseUrl to https://api.8x8.com, without a path; look for a proxy or a login page in between.',
  );
}

/** What 8x8 said, and the reference that its support asks for. */
export function saying({ problem }: ApiAnswer): string {
  const reference = problem.referenceId === undefined ? '' : `, reference ${problem.referenceId}`;
  return `${problem.message === '' ? '' : `: ${problem.message.replace(/\.$/, '')}`}${reference}`;
}
