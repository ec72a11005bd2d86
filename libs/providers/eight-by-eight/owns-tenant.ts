import { randomUUID } from 'node:crypto';
import type { AccountApi } from './account-api.js';
import { ANSWERS } from './answers.js';

/** 8x8 Chat Gateway documentation: a tenant of somebody else is a 403 or a 404. */
const REFUSED = [403, 404];

/**
 * Whether a tenant is that of an account whose settings name none.
 * 8x8 Chat Gateway documentation: no call tells an account's tenant, but one with `X-8x8-Tenant` is refused where the tenant is not the
 * customer's; one without it is answered where the customer has a single tenant. So that one is asked for as well: of a customer with
 * several, which one is meant only the settings can say. And so is a tenant that cannot exist: where that is not refused, the answers
 * tell nothing.
 */
export async function ownsTenant(account: AccountApi, tenant: string): Promise<boolean | null> {
  const asked = [account.ofTenant(tenant), account.ofTenant(`none-${randomUUID()}`), account];
  const [given, invented, unnamed] = await Promise.all(asked.map(ask));
  if (given === false && unnamed === true) return false;
  return given === true && invented === false && unnamed === true ? true : null;
}

async function ask(account: AccountApi): Promise<boolean | null> {
  const { status, isOk } = await account.call('GET', '/chat-gateway/v1/conversations?page=0&size=1', ANSWERS.list);
  if (isOk) return true;
  return REFUSED.includes(status) ? false : null;
}
