import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseAs, withDefaults, type CheckContext, type CheckFinding, type SeenWebhooks } from '#contract';
import { AccountApi } from '../account-api.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';
import { EightByEightSettings } from '../settings.js';
import { inOrder } from './checks.js';
import { examine } from './doctor.js';
import { isSameAddress } from './webhook.js';

const URL_OF_OURS = 'https://gateway.example.com/handover/eightByEight/support/secret-token';
let vendor: VendorServer;
let now: number;

beforeAll(async () => {
  vendor = await VendorServer.start();
});
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.calls.length = 0;
  now = Date.now();
});

async function diagnose(
  changes: Partial<EightByEightSettings> = {},
  seen: SeenWebhooks | null = null,
  more: Partial<CheckContext> = {},
): Promise<CheckFinding[]> {
  const { value } = parseAs(EightByEightSettings, { apiKey: 'secret-key', baseUrl: vendor.url, ...changes });
  const api = new AccountApi(quickTransport({ responseTimeoutMs: 300 }), {
    baseUrl: vendor.url,
    apiKey: 'secret-key',
    secrets: ['secret-token'],
    now: () => now,
  });
  const context: CheckContext = {
    webhookUrls: [URL_OF_OURS],
    defaults: { channelId: 'channel-1', queueId: '101' },
    hasEndpoint: false,
    pinnedTenant: null,
    seen,
    ...more,
  };
  const findings = await examine(api, withDefaults(EightByEightSettings, value), context, () => now);
  expect(JSON.stringify(findings)).not.toMatch(/secret-key|secret-token/);
  return findings;
}
const wrong = (findings: CheckFinding[]): string[] =>
  findings.filter(({ level }) => level !== 'ok').map(({ level, check }) => `${level} ${check}`);

describe('an account that cannot be used', () => {
  it.each([
    ['401 in the older form', 401, { message: 'Invalid Credentials', code: 'KA:1234567' }, 'error api-key'],
    [
      '403 without a word of a tenant',
      403,
      { message: 'Access Denied', errors: [{ code: 'access_denied' }] },
      'error product',
    ],
    ['403 about the tenant', 403, { message: 'No', errors: ["Header X-8x8-Tenant doesn't match"] }, 'error tenant'],
    [
      '404 about the tenant',
      404,
      { message: 'x', errors: ['Tenant t does not belong to customer c.'] },
      'error tenant',
    ],
    ['400 about the tenant', 400, { message: 'The tenant header is missing.' }, 'error tenant'],
    ['404 about nothing', 404, { message: 'Not Found' }, 'error base-url'],
    ['a page of a proxy', 200, '<html>Sign in</html>', 'error base-url'],
    ['a redirect', 302, '', 'error base-url'],
    ['429', 429, {}, 'warning base-url'],
    ['503', 503, 'Internal server error.', 'warning base-url'],
  ])('is told apart by its answer: %s', async (_, status, body, expected) => {
    vendor.answer(status, body);
    expect(wrong(await diagnose())).toEqual([expected]);
    expect(vendor.calls).toHaveLength(1);
  });

  it('is asked nothing more when it does not answer at all', async () => {
    vendor.on(() => undefined);
    const findings = await diagnose();
    expect(wrong(findings)).toEqual(['error base-url']);
    expect(findings[0]!.message).toContain('TIMEOUT');
  });

  it('shows no secret that 8x8 repeats, and the reference for its support', async () => {
    vendor.answer(401, { message: 'Key secret-key of /support/secret-token is unknown', referenceId: 'ref-9' });
    const [, finding] = await diagnose();
    expect(finding!.message).toContain('Key •••• of /support/•••• is unknown, reference ref-9');
  });
});

describe('an account of which parts do not answer', () => {
  const webhook = { id: 'w', name: 'Gateway', uri: URL_OF_OURS, notificationVersion: 'Chat Gateway v1.0' };

  function answer(path: string): [number, unknown] {
    if (path.includes('/webhooks/verify')) return [204, undefined];
    if (path.includes('/webhooks')) return [200, { _embedded: { webhooks: [webhook] } }];
    if (path.includes('/channels/'))
      return [200, { id: 'channel-1', name: 'C', type: 'ChatAPI', webhookId: 'w', routingOptions: { id: '101' } }];
    if (path.includes('/stats/'))
      return [200, { queue: { 'queue-id': 101, 'media-type': 'chat', 'enabled-agent-count': 1 } }];
    return [200, { schedules: {} }];
  }
  const answerAll = (except: (path: string) => [number, unknown] | 'hang' | null): void =>
    vendor.on(({ path }, response) => {
      const special = except(path);
      if (special === 'hang') return;
      const [status, body] = special ?? answer(path);
      response.writeHead(status).end(body === undefined ? '' : JSON.stringify(body));
    });

  it('is in order in the other spellings too: webhookId, notificationVersion, a single queue, a numeric id', async () => {
    answerAll(() => null);
    expect(wrong(await diagnose())).toEqual([]);
  });

  it('is asked about the queue that handovers wait in, however the defaults name it', async () => {
    answerAll(() => null);
    const jsonProperties = { assignment: { id: ' 101' } };
    expect(
      wrong(await diagnose({}, null, { defaults: { channelId: 'channel-1', queueId: '999', jsonProperties } })),
    ).toEqual([]);
  });

  it('tells webhooks of the same name apart by their ids', async () => {
    const elsewhere = { ...webhook, id: 'w-2', uri: 'https://elsewhere.example.com/' };
    answerAll((path) => {
      if (path.includes('/webhooks?')) return [200, { _embedded: { webhooks: [webhook, elsewhere] } }];
      return path.includes('/channels/') ? [200, { id: 'channel-1', type: 'ChatAPI', webhookId: 'w-2' }] : null;
    });
    const found = (await diagnose()).find(({ check }) => check === 'channel-webhook')!;
    expect(found.message).toContain('go to the webhook "Gateway" (w-2), not to this gateway');
    expect(found.action).toContain('choose the webhook "Gateway" (w) for it');
  });

  it.each(['.', '..'])('has no channel whose id leads to another place: %s', async (channelId) => {
    answerAll(() => null);
    const findings = await diagnose({}, null, { defaults: { channelId } });
    expect(wrong(findings)).toEqual(['error channel']);
    const paths = vendor.calls.map(({ path }) => path);
    expect(paths.every((path) => /\/(webhooks|channels\?|stats|schedules)/.test(path))).toBe(true);
  });

  it.each([
    ['/webhooks/verify', 'webhook-reachable'],
    ['/channels/', 'channel'],
    ['/stats/', 'queue'],
    ['/schedules', 'schedule'],
  ])('is checked as far as it goes when %s hangs, or is unwell', async (part, check) => {
    answerAll((path) => (path.includes(part) ? 'hang' : null));
    expect(wrong(await diagnose())).toEqual([`warning ${check}`]);
    answerAll((path) => (path.includes(part) ? [503, {}] : null));
    expect(wrong(await diagnose())).toEqual([`warning ${check}`]);
  });

  it.each([
    ['open-now', []],
    ['closed-now', ['warning schedule']],
    ['deleted', ['warning schedule']],
    [undefined, []],
  ])('is asked about the schedule of the settings alone: %s', async (scheduleId, expected) => {
    answerAll((path) => {
      if (path.endsWith('/schedules'))
        return [200, { schedules: { schedule: [{ id: 'open-now' }, { id: 'closed-now' }] } }];
      const [, id] = /schedules\/(.*)\/status/.exec(path) ?? [];
      return id ? [200, { 'schedule-status': { status: id === 'open-now' ? 0 : -1 } }] : null;
    });
    expect(wrong(await diagnose({ scheduleId }))).toEqual(expected);
  });

  it('is told apart from one that is silent when its list of channels has no end', async () => {
    answerAll((path) => {
      if (path.includes('/channels?')) return [200, { page: { number: 0, totalPages: 1_000 } }];
      return path.includes('/channels/') ? [404, { message: 'Resource was not found' }] : null;
    });
    const findings = await diagnose();
    expect(wrong(findings)).toEqual(['warning channel']);
    expect(findings.find(({ check }) => check === 'channel')!.message).toMatch(/list has no end/);
  });

  it('is not called empty when its list has no end', async () => {
    vendor.on((_call, response) => {
      now += 3_000;
      response.end(JSON.stringify({ page: { number: 0, totalPages: 1_000 } }));
    });
    const findings = await diagnose();
    expect(wrong(findings)).toEqual(['error webhook']);
    const { message, action } = findings.find(({ check }) => check === 'webhook')!;
    expect(message).toMatch(/could not all be looked at.*no end within 50 pages and 10 s/);
    expect(action).toContain('delete those that nobody needs');
    expect(vendor.calls.length).toBeLessThan(10);
  });
});

describe('what the gateway has seen', () => {
  const seen = (changes: Partial<SeenWebhooks>): SeenWebhooks => ({
    accepted: { count: 0, lastAt: null },
    refused: [],
    ignored: [],
    silentHandovers: 0,
    ...changes,
  });
  const refusedFor = (flaw: string | null): SeenWebhooks['refused'] => [{ at: now, flaw, message: 'no' }];
  const judge = async (state: SeenWebhooks): Promise<string[]> => {
    vendor.answer(503);
    return wrong(await diagnose({}, state)).filter((one) => one !== 'warning base-url');
  };

  it.each([
    ['nothing at all', seen({}), []],
    ['events as they should be', seen({ accepted: { count: 3, lastAt: 0 } }), []],
    [
      'silence that a refusal explains',
      seen({ refused: refusedFor('mismatch'), silentHandovers: 2 }),
      ['error signatures'],
    ],
    ['silence that the clock explains', seen({ refused: refusedFor('clock'), silentHandovers: 2 }), ['error clock']],
    [
      'silence that another tenant explains',
      seen({ ignored: [{ reason: 'another tenant', count: 2 }], silentHandovers: 2 }),
      ['error webhook-tenant'],
    ],
    [
      'silence beside events that mean nothing',
      seen({ ignored: [{ reason: 'typing', count: 2 }], silentHandovers: 2 }),
      ['error events'],
    ],
    [
      'a refusal of a kind that is not known here',
      seen({ refused: refusedFor(null), accepted: { count: 1, lastAt: 0 } }),
      ['warning signatures'],
    ],
    [
      'a flaw with the name of something that every object has',
      seen({ refused: refusedFor('constructor') }),
      ['error signatures'],
    ],
  ])('%s', async (_, state, expected) => {
    expect(await judge(state)).toEqual(expected);
  });
});

describe('the settings', () => {
  it.each([
    ['10s', []],
    ['5s', []],
    ['2500ms', ['warning transfer-grace']],
    ['0s', ['error transfer-grace']],
  ])('endGrace %s', async (endGrace, expected) => {
    vendor.answer(503);
    expect(wrong(await diagnose({ endGrace })).filter((one) => one !== 'warning base-url')).toEqual(expected);
  });

  it.each([
    [10_000, []],
    [60_000, ['warning clock']],
    [400_000, ['error clock']],
    [-400_000, ['error clock']],
  ])('a clock that is %i ms off', async (off, expected) => {
    vendor.on(({ path }, response) => {
      response.setHeader('date', new Date(now + off).toUTCString());
      response.writeHead(path.includes('/webhooks?') ? 200 : 503).end('{"page":{}}');
    });
    expect(wrong(await diagnose()).filter((one) => one.endsWith('clock'))).toEqual(expected);
  });
});

describe('an endpoint', () => {
  it.each<[string, Partial<EightByEightSettings>, Partial<CheckContext>, string[]]>([
    ['a tenant', { tenant: 'acme01' }, {}, ['ok endpoint']],
    ['the tenant of its webhooks', { webhookTenant: 'Acme Label' }, {}, ['ok endpoint']],
    ['a tenant that a handover told', {}, { pinnedTenant: 'acme01' }, ['ok endpoint']],
    ['no tenant', {}, {}, ['error endpoint']],
    ['no tenant and no endpoint', {}, { hasEndpoint: false }, []],
  ])('takes conversations in of an account that knows its tenant: %s', async (_, settings, context, expected) => {
    vendor.answer(503);
    const findings = await diagnose(settings, null, { hasEndpoint: true, ...context });
    const found = findings.filter(({ check }) => check === 'endpoint');
    expect(found.map(({ level, check }) => `${level} ${check}`)).toEqual(expected);
  });
});

describe('two addresses', () => {
  it.each([
    ['https://a.example.com/x', 'https://A.example.com:443/x/', true],
    ['https://a.example.com/x', 'http://a.example.com/x', false],
    ['https://a.example.com/x', 'https://a.example.com/X', false],
    ['https://a.example.com/x', 'https://a.example.com/x?y', false],
    ['no address', 'no address ', true],
  ])('%s and %s', (one, other, same) => {
    expect(isSameAddress(one, other)).toBe(same);
  });
});

describe('findings', () => {
  it('come in the order of the checks, and say nothing good of what is wrong', () => {
    const finding = (level: CheckFinding['level'], check: string): CheckFinding => ({
      level,
      check,
      message: '',
      action: null,
    });
    const mixed = [
      finding('ok', 'queue'),
      finding('ok', 'webhook'),
      finding('error', 'queue'),
      finding('ok', 'base-url'),
    ];
    expect(inOrder(mixed).map(({ level, check }) => `${level} ${check}`)).toEqual([
      'ok base-url',
      'ok webhook',
      'error queue',
    ]);
  });
});
