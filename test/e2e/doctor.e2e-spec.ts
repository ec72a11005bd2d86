import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { SimulatedTenant, Simulator } from '../../apps/simulator/index.js';
import type { CheckName } from '../../libs/providers/eight-by-eight/doctor/checks.js';
import { CHECKS, DEFAULT_TENANT } from '../support/built.js';
import { Front } from '../support/front.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, BOT_KEY, World } from '../support/world.js';

interface Finding {
  level: 'ok' | 'warning' | 'error';
  check: string;
  message: string;
  action: string | null;
}

interface Case {
  /** The provider that it is seen at; one in good order unless it has a name. */
  provider?: string;
  /** Sets up what is wrong beside the provider's settings. Undone after the test. */
  spoil?: () => unknown;
  level: 'warning' | 'error';
  says: RegExp;
  does: RegExp;
}

const KEY = 'key-of-the-doctor-tests';
const TOKEN = 'token-of-the-doctor-tests';

describe('the doctor, by POST /v1/providers/{name}/test', () => {
  let front: Front;
  let world: World;
  let otherTenant: NonNullable<ReturnType<Simulator['tenants']['get']>>;
  const state = (): { webhooks: Map<string, { version: string }>; channels: Map<string, { type: string }> } =>
    world.simulator.tenants.get('acme01')!;
  const address = (name?: string): string => `${front.url}/handover/eightByEight${name ? `/${name}` : ''}`;

  beforeAll(async () => {
    front = await Front.start();
    const acme: SimulatedTenant = {
      ...structuredClone(DEFAULT_TENANT),
      queues: [
        { id: '101', name: 'Support' },
        { id: '103', name: 'Hotline', mediaType: 'phone' },
        { id: '104', name: 'Nobody', assignedAgents: 2, enabledAgents: 0 },
      ],
    };
    const other = { ...structuredClone(DEFAULT_TENANT), id: 'other01' };
    world = await World.start({
      simulator: { apiKey: KEY, tenants: [acme, other] },
      settings: { endGrace: '10s' },
      env: { PUBLIC_URL: front.url },
      providers: ({ url }) => {
        const provider = (name: string, settings: object, defaults: object = {}): Record<string, unknown> => ({
          name,
          type: 'eightByEight',
          settings: { baseUrl: url, apiKey: KEY, tenant: 'acme01', ...settings },
          defaults: { channelId: 'good', queueId: '101', ...defaults },
        });
        return [
          provider('away', { baseUrl: 'http://127.0.0.1:9' }),
          provider('wrong-key', { apiKey: 'the-secret-in-place-of-the-key' }),
          provider('no-tenant', { tenant: undefined }),
          provider('wrong-tenant', { tenant: 'ACME01' }),
          provider('wrong-channel', {}, { channelId: 'nowhere' }),
          provider('webhook-as-channel', {}, { channelId: 'here' }),
          provider('facebook', {}, { channelId: 'facebook' }),
          provider('astray', {}, { channelId: 'astray' }),
          provider('wrong-queue', {}, { queueId: '999' }),
          provider('phone', {}, { queueId: '103' }),
          provider('nobody', {}, { queueId: '104' }),
          { ...provider('strangers', { tenant: undefined }), endpoint: { bot: 'test-bot', acceptActiveEvent: true } },
          provider('no-grace', { endGrace: '0s' }),
          provider('unverified', { webhookVerification: 'off' }),
          ...['late', 'silent', 'old'].map((name) => provider(name, {})),
          // At the shared address the events of one provider count for all of its tenant.
          ...['mangled', 'stripped'].map((name) => provider(name, { tenant: 'other01' }, { channelId: 'of-other' })),
          provider('label', { webhookTenant: 'Acme Label' }),
          provider('token', { webhookToken: TOKEN }, { channelId: 'token' }),
        ];
      },
    });
    front.target = world.gateway.url;
    const { simulator } = world;
    simulator.tenants.get('acme01')!.webhooks.clear();
    simulator.tenants.get('acme01')!.channels.clear();
    const webhookId = simulator.registerWebhook(address(), 'acme01', 'here');
    const elsewhere = simulator.registerWebhook('https://bot.example.com/webhook', 'acme01', 'elsewhere');
    for (const id of ['good', 'channel-1', 'facebook']) simulator.createChannel({ id, webhookId, queueId: '101' });
    state().channels.get('facebook')!.type = 'Facebook';
    simulator.createChannel({ id: 'astray', webhookId: elsewhere });
    otherTenant = simulator.tenants.get('other01')!;
    const secret = simulator.registerWebhook(`${address('token')}/${TOKEN}`, 'acme01', 'secret');
    simulator.createChannel({ id: 'token', webhookId: secret });
    const others = simulator.registerWebhook(address(), 'other01');
    simulator.createChannel({ id: 'of-other', webhookId: others, tenant: 'other01' });
  });
  afterAll(async () => {
    await world.stop();
    await front.stop();
  });
  afterEach(() => {
    front.behave();
    world.simulator.faults.reset();
    world.simulator.floor.reset();
    world.simulator.tenants.set('other01', otherTenant);
    state().webhooks.get('here')!.version = 'Chat Gateway v1.0';
    state().webhooks.delete('second');
    (state().webhooks.get('here') as unknown as { uri: string }).uri = address();
  });

  async function test(name = 'support-8x8'): Promise<{ ok: boolean; findings: Finding[] }> {
    const answer = await world.api('post', `/v1/providers/${name}/test`, ADMIN_KEY).expect(200);
    const text = JSON.stringify(answer.body);
    for (const secret of [KEY, TOKEN, 'the-secret-in-place-of-the-key']) expect(text).not.toContain(secret);
    return answer.body as { ok: boolean; findings: Finding[] };
  }

  const emit = (
    name: string,
    eventType = 'QUEUED',
    options: object = {},
    conversationId = 'foreign',
  ): Promise<unknown> => {
    const event = { eventType, conversationId, timestamp: Date.now(), data: {} };
    return world.simulator.emit(event, { url: address(name), tenant: 'acme01', ...options });
  };

  const reserialised = (headers: object, body: Buffer): { headers: object; body: Buffer } => ({
    headers,
    body: Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1)),
  });
  const withoutIds = (headers: object, body: Buffer): { headers: object; body: Buffer } => ({
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-8x8-'))),
    body,
  });

  const CASES: Record<CheckName, Case[]> = {
    'base-url': [{ provider: 'away', level: 'error', says: /gave no answer \(ECONNREFUSED\)/, does: /Check baseUrl/ }],
    'api-key': [{ provider: 'wrong-key', level: 'error', says: /\(401: Access Denied/, does: /not its secret/ }],
    product: [
      {
        spoil: () => world.simulator.faults.set({ missingProducts: ['chat-gateway'] }),
        level: 'error',
        says: /may not use the Chat Gateway \(403/,
        does: /add the product "Contact Center Chat Gateway"/,
      },
    ],
    tenant: [
      { provider: 'no-tenant', level: 'error', says: /the tenant being left out \(403/, does: /more than one tenant/ },
      { provider: 'wrong-tenant', level: 'error', says: /the tenant "ACME01" \(403/, does: /capitals included/ },
    ],
    webhook: [
      {
        spoil: () =>
          ((state().webhooks.get('here') as unknown as { uri: string }).uri = 'https://elsewhere.example.com/'),
        level: 'error',
        says: /None of the 3 webhooks of the tenant points to .*\/handover\/eightByEight\/support-8x8\./,
        does: /set PUBLIC_URL/,
      },
    ],
    'webhook-version': [
      {
        spoil: () => (state().webhooks.get('here')!.version = 'v2.0'),
        level: 'error',
        says: /of version "v2\.0"/,
        does: /"Chat Gateway v1\.0"/,
      },
      {
        provider: 'old',
        spoil: async () => {
          const { conversationId } = await world.handover({ provider: 'old' });
          await emit('old', 'AGENT_JOINED', {}, conversationId);
          const query = `SELECT 1 FROM inbox WHERE conversation_id = $1 AND reason LIKE 'AGENT_JOINED%'`;
          await until('the event', async () => (await world.database.query(query, [conversationId]))[0]);
        },
        level: 'error',
        says: /1 event .*of an older webhook version/,
        does: /set the version of the webhook/,
      },
    ],
    'webhook-reachable': [
      {
        spoil: () => (front.conduct = { answer: 301, headers: { location: 'https://login.example.com/secret' } }),
        level: 'error',
        says: /no 2xx from .*answers 301, a redirect to https:\/\/login\.example\.com\./,
        does: /without a login, firewall rule or redirect/,
      },
      {
        spoil: () => (front.conduct = { answer: 401 }),
        level: 'error',
        says: /From here it answers 401\. The address is http/,
        does: /Test Connection/,
      },
      {
        spoil: () => (front.conduct = { reset: true }),
        level: 'error',
        says: /From here it gives no answer/,
        does: /reachable from the internet over https/,
      },
    ],
    duplicates: [
      {
        spoil: () => world.simulator.registerWebhook(`${address('support-8x8')}/`, 'acme01', 'second'),
        level: 'warning',
        says: /2 webhooks point to this gateway/,
        does: /delete the others/,
      },
    ],
    channel: [
      { provider: 'wrong-channel', level: 'error', says: /no channel nowhere \(404/, does: /good \("Web chat"\)/ },
      {
        provider: 'webhook-as-channel',
        level: 'error',
        says: /It is the id of a webhook\./,
        does: /Set defaults\.channelId/,
      },
    ],
    'channel-type': [{ provider: 'facebook', level: 'error', says: /of type Facebook/, does: /Channels, Chat API/ }],
    'channel-webhook': [
      { provider: 'astray', level: 'error', says: /not to this gateway/, does: /choose the webhook "gateway"/ },
    ],
    queue: [{ provider: 'wrong-queue', level: 'error', says: /no queue 999/, does: /101 \("Support"\)/ }],
    'queue-media': [
      { provider: 'phone', level: 'error', says: /103 \("Hotline"\) is for phone/, does: /add a Chat queue/ },
    ],
    'queue-agents': [
      {
        provider: 'nobody',
        level: 'error',
        says: /2 agents are assigned .*none is enabled/,
        does: /tick both Assigned and Enabled/,
      },
    ],
    schedule: [
      {
        spoil: () => world.simulator.floor.setSchedule('business-hours', -1),
        level: 'warning',
        says: /Closed now: "business-hours"/,
        does: /opening hours/,
      },
    ],
    'transfer-grace': [
      { provider: 'no-grace', level: 'error', says: /every transfer .* ends/, does: /endGrace to 10s/ },
    ],
    endpoint: [
      {
        provider: 'strangers',
        spoil: () => world.simulator.tenants.delete('other01'),
        level: 'error',
        says: /the account knows no tenant.*no conversation/,
        does: /Set tenant /,
      },
    ],
    verification: [{ provider: 'unverified', level: 'warning', says: /anybody may send/, does: /to required/ }],
    clock: [
      {
        spoil: () => world.simulator.faults.set({ clockSkewMs: 600_000 }),
        level: 'error',
        says: /clock and 8x8's are (599|600|601) s apart/,
        does: /NTP/,
      },
      {
        provider: 'late',
        spoil: () => emit('late', 'QUEUED', { transmissionTime: Date.now() - 600_000 }),
        level: 'error',
        says: /1 event was refused: .*transmitted 600 s ago/,
        does: /NTP/,
      },
    ],
    signatures: [
      {
        provider: 'mangled',
        spoil: () => {
          front.conduct = { pass: reserialised as never };
          return emit('mangled', 'QUEUED', { tenant: 'other01' }).then(() => front.behave());
        },
        level: 'error',
        says: /1 event was refused within the hour, and none taken: .*does not fit/,
        does: /rewrite, re-encode or decompress/,
      },
      {
        provider: 'stripped',
        spoil: async () => {
          await emit('stripped', 'QUEUED', { tenant: 'other01' });
          front.conduct = { pass: withoutIds as never };
          await emit('stripped', 'QUEUED', { tenant: 'other01' }).then(() => front.behave());
        },
        level: 'warning',
        says: /1 event was refused within the hour, 1 taken: .*is missing/,
        does: /headers did not come through/,
      },
    ],
    'webhook-tenant': [
      {
        provider: 'label',
        spoil: () => emit('label'),
        level: 'error',
        says: /not the provider's/,
        does: /set webhookTenant/,
      },
    ],
    events: [
      {
        provider: 'silent',
        spoil: async () => {
          world.simulator.faults.set({ dropEvents: ['*'] });
          const { id } = await world.handover({ provider: 'silent' });
          await world.database.query(`UPDATE handover SET bound_at = bound_at - interval '1 minute' WHERE id = $1`, [
            id,
          ]);
        },
        level: 'error',
        says: /1 handover was opened in 8x8, and no event of it has come/,
        does: /Event Log/,
      },
    ],
  };
  const all = Object.entries(CASES).flatMap(([check, cases]) => cases.map((one) => [check, one.says, one] as const));

  it('has a case for each thing that it looks at', () => {
    expect(Object.keys(CASES)).toEqual(Object.keys(CHECKS));
  });

  it('finds nothing wrong with an account in good order', async () => {
    const { ok, findings } = await test();
    expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
    const seldom = ['endpoint', 'webhook-tenant'];
    expect(findings.map(({ check }) => check)).toEqual(Object.keys(CHECKS).filter((check) => !seldom.includes(check)));
    expect(ok).toBe(true);
  });

  it.each(all)('names %s, and nothing else: %s', async (check, _says, { provider, spoil, level, says, does }) => {
    await spoil?.();
    const { ok, findings } = await test(provider);
    const wrong = findings.filter((finding) => finding.level !== 'ok');
    expect(wrong.map((finding) => [finding.level, finding.check])).toEqual([[level, check]]);
    expect(wrong[0]!.message).toMatch(says);
    expect(wrong[0]!.action).toMatch(does);
    expect(findings.filter((finding) => finding.check === check)).toHaveLength(1);
    expect(ok).toBe(level !== 'error');
  });

  it('accepts only the address with the token where there is one, and shows it nowhere', async () => {
    const { ok, findings } = await test('token');
    expect(ok).toBe(true);
    expect(findings.find(({ check }) => check === 'webhook-reachable')!.message).toContain('/token/••••');
  });

  it('says what it could not look up, and why that is no harm', async () => {
    world.simulator.faults.set({ missingProducts: ['analytics', 'schedule'] });
    const { ok, findings } = await test();
    const wrong = findings.filter(({ level }) => level !== 'ok');
    expect(wrong.map(({ level, check }) => [level, check])).toEqual([
      ['warning', 'queue'],
      ['warning', 'schedule'],
    ]);
    expect(wrong[0]!.action).toMatch(/Handovers do not need it.*Analytics for Contact Center/);
    expect(ok).toBe(true);
  });

  it('is for operators, and for providers that there are', async () => {
    await world.api('post', '/v1/providers/support-8x8/test', BOT_KEY).expect(403);
    await world.api('post', '/v1/providers/nobodys/test', ADMIN_KEY).expect(404);
  });
});
