import { describe, expect, it } from '@jest/globals';
import { TransportFailure } from '#provider-kit';
import type { AccountApi } from './account-api.js';
import { ownsTenant } from './owns-tenant.js';

type Status = number | 'page';

/** An account whose calls are answered by the tenant that they name; none is `undefined`. */
function account(statusOf: (tenant: string | undefined) => Status, asked: (string | undefined)[] = []): AccountApi {
  const of = (tenant?: string): AccountApi =>
    ({
      ofTenant: of,
      call: async () => {
        asked.push(tenant);
        const status = statusOf(tenant);
        // A page in front of 8x8 says nothing with its 200.
        return { status: status === 'page' ? 200 : status, isOk: status === 200 };
      },
    }) as unknown as AccountApi;
  return of();
}

describe('whether a tenant is the account’s', () => {
  it.each<[string, { given: Status; invented: Status; unnamed: Status }, boolean | null]>([
    ['yes: it is taken, one that cannot exist is refused', { given: 200, invented: 403, unnamed: 200 }, true],
    ['yes, with the other refusal', { given: 200, invented: 404, unnamed: 200 }, true],
    ['no: it is refused, and the account works', { given: 403, invented: 403, unnamed: 200 }, false],
    ['no, with the other refusal', { given: 404, invented: 404, unnamed: 200 }, false],
    ['unknown: every tenant is taken', { given: 200, invented: 200, unnamed: 200 }, null],
    ['unknown: the customer has several tenants', { given: 200, invented: 403, unnamed: 403 }, null],
    ['unknown: the account does not work', { given: 403, invented: 403, unnamed: 401 }, null],
    ['unknown: 8x8 fails', { given: 500, invented: 403, unnamed: 200 }, null],
    ['unknown: 8x8 fails for the one that cannot exist', { given: 200, invented: 503, unnamed: 200 }, null],
    ['unknown: too many calls', { given: 429, invented: 429, unnamed: 429 }, null],
    ['unknown: a page answers in its place', { given: 'page', invented: 403, unnamed: 'page' }, null],
  ])('%s', async (_, { given, invented, unnamed }, expected) => {
    const asked: (string | undefined)[] = [];
    const statusOf = (tenant: string | undefined): Status =>
      tenant === 'acme' ? given : tenant === undefined ? unnamed : invented;
    expect(await ownsTenant(account(statusOf, asked), 'acme')).toBe(expected);
    expect(asked).toHaveLength(3);
  });

  it('is asked with another tenant that cannot exist each time', async () => {
    const asked: (string | undefined)[] = [];
    for (const _ of [1, 2])
      await ownsTenant(
        account(() => 200, asked),
        'acme',
      );
    expect(new Set(asked.filter((tenant) => tenant?.startsWith('none-'))).size).toBe(2);
  });

  it('fails where 8x8 gives no answer', async () => {
    const broken = account(() => {
      throw new TransportFailure(false, 'ECONNREFUSED');
    });
    await expect(ownsTenant(broken, 'acme')).rejects.toThrow(TransportFailure);
  });
});
