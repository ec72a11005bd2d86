import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProviderInstance } from '#core';
import { Tenants } from './tenants.js';

type Ask = (tenant: string) => Promise<boolean | null>;

describe('the tenant of an account whose settings name none', () => {
  let now: number;
  let warnings: object[];
  let pin: jest.Mock<(provider: string, tenant: string) => Promise<string>>;
  let ownsTenant: jest.Mock<Ask>;
  let tenants: Tenants;
  let account: ProviderInstance;
  beforeEach(() => {
    now = 1_000;
    warnings = [];
    const nothing = (): void => undefined;
    const log = { debug: nothing, info: nothing, warn: (fields: object) => void warnings.push(fields) };
    pin = jest.fn(async (_, tenant) => tenant);
    ownsTenant = jest.fn<Ask>(async () => true);
    tenants = new Tenants(pin, () => now, log);
    account = instance('support', { ownsTenant });
  });

  function instance(name: string, session: object, type = 'eightByEight'): ProviderInstance {
    const all = { tenant: null, webhookToken: null, ...session };
    return { name, definition: { key: type }, session: all, pinnedTenant: null } as unknown as ProviderInstance;
  }

  it('is the one that the contact centre confirms, and is asked about no more', async () => {
    expect(await tenants.learn(account, 'acme')).toBe(true);
    expect(await tenants.learn(account, 'evil')).toBe(false);
    expect([account.pinnedTenant, pin.mock.calls, ownsTenant.mock.calls]).toEqual([
      'acme',
      [['support', 'acme']],
      [['acme']],
    ]);
  });

  it('is the one that another replica has found', async () => {
    pin.mockResolvedValue('acme');
    expect(await tenants.learn(account, 'evil')).toBe(false);
    expect(account.pinnedTenant).toBe('acme');
  });

  it('is not kept where it could not be stored', async () => {
    pin.mockRejectedValueOnce(new Error('the database is away'));
    expect(await tenants.learn(account, 'acme')).toBe(false);
    expect(account.pinnedTenant).toBeNull();
    now += 5_000;
    expect(await tenants.learn(account, 'acme')).toBe(true);
  });

  it.each<[string, Ask, number]>([
    ['no', async () => false, 60_000],
    ['nothing', async () => null, 5_000],
    ['a failure', () => Promise.reject(new Error('away')), 5_000],
  ])('is asked about again only after a while where the answer was %s', async (_, answer, pauseMs) => {
    ownsTenant.mockImplementation(answer);
    expect(await tenants.learn(account, 'acme')).toBe(false);
    now += pauseMs - 1;
    expect(await tenants.learn(account, 'acme')).toBe(false);
    expect(ownsTenant).toHaveBeenCalledTimes(1);
    now += 1;
    ownsTenant.mockResolvedValue(true);
    expect(await tenants.learn(account, 'acme')).toBe(true);
  });

  it('is asked about once, however many events of it wait', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => tenants.learn(account, 'acme')));
    expect([new Set(answers), ownsTenant.mock.calls.length]).toEqual([new Set([true]), 1]);
  });

  it('costs a bounded number of questions, whatever tenants strangers make up; those of other accounts go on', async () => {
    ownsTenant.mockResolvedValue(false);
    for (let index = 0; index < 500; index++) await tenants.learn(account, `evil-${index}`);
    expect(ownsTenant).toHaveBeenCalledTimes(20);
    const own: Ask = async () => true;
    expect(await tenants.learn(instance('other', { ownsTenant: own }), 'acme')).toBe(true);
    now += 10_000;
    ownsTenant.mockResolvedValue(true);
    expect(await tenants.learn(account, 'acme')).toBe(true);
  });

  it('is nobody’s where the contact centre cannot be asked', async () => {
    expect(await tenants.learn(instance('mute', {}), 'acme')).toBe(false);
  });

  it('is not asked about where the settings name it, or the path has a token', async () => {
    expect(await tenants.learn(instance('named', { tenant: 'acme', ownsTenant }), 'acme')).toBe(true);
    expect(await tenants.learn(instance('named', { tenant: 'acme', ownsTenant }), 'evil')).toBe(false);
    expect(await tenants.learn(instance('token', { webhookToken: 't', ownsTenant }), 'acme')).toBe(true);
    expect(ownsTenant).not.toHaveBeenCalled();
  });

  it('may be that of another account of the type: a start asks, and says that events wait', async () => {
    const named = instance('named', { tenant: 'acme' });
    const ofAnotherType = instance('elsewhere', { tenant: 'desk' }, 'desk');
    tenants.start([account, named, ofAnotherType]);
    expect(await tenants.learn(account, 'acme')).toBe(true);
    expect(ownsTenant.mock.calls).toEqual([['acme']]);
    expect(warnings).toEqual([{ provider: 'support' }]);
  });
});
