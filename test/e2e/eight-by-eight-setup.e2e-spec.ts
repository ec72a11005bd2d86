import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Account, SetupReport } from '../../libs/providers/eight-by-eight/setup/index.js';
import { DEFAULT_TENANT, openAccount, Receiver, setup, Simulator, smoke, teardown } from '../support/built.js';
import { freePort } from '../support/free-port.js';
import { objectsAt8x8 } from '../support/objects-at-8x8.js';

const MARK = 'handover-gateway: support-8x8';

describe('setting up an 8x8 account, and taking it down', () => {
  let simulator: Simulator;
  let receiver: Receiver;
  let account: Account;
  let webhookUrl: string;
  beforeEach(async () => {
    simulator = await Simulator.start({ tenants: [structuredClone(DEFAULT_TENANT)] });
    const port = await freePort();
    receiver = await Receiver.listen('127.0.0.1', port);
    webhookUrl = `http://127.0.0.1:${port}/handover/eightByEight/support-8x8`;
    const opened = openAccount({ baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'acme01' });
    if ('errors' in opened) throw new Error(JSON.stringify(opened.errors));
    ({ account } = opened);
  });
  afterEach(async () => {
    await account.close();
    await receiver.close();
    await simulator.stop();
  });

  const apply = (changes: object = {}): Promise<SetupReport> =>
    setup(account, { name: 'support-8x8', webhookUrl, queueId: '101', apply: true, ...changes });
  const actions = ({ changes }: SetupReport): string[] => changes.map(({ what, action }) => `${action} ${what}`);
  const wrong = ({ findings }: SetupReport): string[] =>
    findings.filter(({ level }) => level !== 'ok').map(({ level, check }) => `${level} ${check}`);

  it('only looks, unless it is told to apply', async () => {
    const report = await apply({ apply: false });
    expect([wrong(report), actions(report), report.channelId]).toEqual([
      [],
      ['create webhook', 'create channel'],
      null,
    ]);
    expect(objectsAt8x8(simulator)).toEqual({ webhooks: [], channels: [] });
    const { channelId } = await apply();
    expect(await apply({ apply: false })).toMatchObject({
      channelId,
      changes: [{ action: 'reuse' }, { action: 'reuse' }],
    });
  });

  it('makes what is missing, once', async () => {
    const first = await apply();
    expect([wrong(first), actions(first)]).toEqual([[], ['create webhook', 'create channel']]);
    const made = objectsAt8x8(simulator);
    expect(made).toMatchObject({
      webhooks: [{ name: MARK, uri: webhookUrl, version: 'Chat Gateway v1.0' }],
      channels: [{ id: first.channelId, name: MARK, type: 'ChatAPI', routingOptions: { id: '101' } }],
    });
    const again = await apply();
    expect([actions(again), again.channelId]).toEqual([['reuse webhook', 'reuse channel'], first.channelId]);
    expect(objectsAt8x8(simulator)).toEqual(made);
  });

  it('uses what somebody else made where it fits, and deletes only what it made itself', async () => {
    const id = simulator.registerWebhook(webhookUrl);
    simulator.registerWebhook('https://elsewhere.example.com/', undefined, 'foreign');
    const before = objectsAt8x8(simulator);
    const report = await apply();
    expect(report.changes).toMatchObject([{ action: 'reuse', id, name: 'gateway' }, { action: 'create' }]);
    expect(actions(await teardown(account, 'support-8x8', true))).toEqual(['delete channel']);
    expect(objectsAt8x8(simulator)).toEqual(before);
  });

  it('uses a channel that somebody else made for this webhook and queue', async () => {
    const webhookId = simulator.registerWebhook(webhookUrl);
    const channelId = simulator.createChannel({ webhookId, queueId: '101' });
    simulator.createChannel({ webhookId, queueId: '102' });
    expect(await apply()).toMatchObject({ channelId, changes: [{ action: 'reuse' }, { action: 'reuse' }] });
  });

  it('follows a changed address and queue with what it made', async () => {
    await apply();
    webhookUrl = webhookUrl.replace('support-8x8', 'renamed');
    expect(actions(await apply({ queueId: '102' }))).toEqual(['update webhook', 'update channel']);
    expect(objectsAt8x8(simulator)).toMatchObject({
      webhooks: [{ uri: webhookUrl }],
      channels: [{ routingOptions: { id: '102' } }],
    });
  });

  it('says where it takes a webhook away from, before it does and when it is done', async () => {
    const from = `${webhookUrl}/token-of-the-other`;
    await apply({ webhookUrl: from });
    const [looked, done] = [await apply({ apply: false }), await apply()];
    const moved = { from: `${webhookUrl}/••••`, to: webhookUrl };
    for (const report of [looked, done]) {
      expect([actions(report)[0], report.changes[0]!.moved]).toEqual(['update webhook', moved]);
      expect(wrong(report)).toEqual(['warning webhook']);
      const { message } = report.findings.find(({ level }) => level === 'warning')!;
      expect(message).toContain(`for ${moved.from}. Moved to ${moved.to}, `);
    }
    expect((await apply()).changes).toMatchObject([{ action: 'reuse', moved: null }, { action: 'reuse' }]);
  });

  it('keeps two gateways on one account apart', async () => {
    await apply();
    await apply({ name: 'other', webhookUrl: webhookUrl.replace('support-8x8', 'other') });
    await teardown(account, 'support-8x8', true);
    const { webhooks, channels } = objectsAt8x8(simulator);
    expect([...webhooks, ...channels].map(({ name }) => name)).toEqual(Array(2).fill('handover-gateway: other'));
  });

  it('deletes the channel before the webhook that it refers to', async () => {
    await apply();
    await teardown(account, 'support-8x8', true);
    expect(objectsAt8x8(simulator)).toEqual({ webhooks: [], channels: [] });
    const calls = simulator.requests.filter(({ method }) => method === 'DELETE');
    expect(calls.map(({ path, status }) => [path.split('/')[3], status])).toEqual([
      ['channels', 204],
      ['webhooks', 204],
    ]);
  });

  it('deletes nothing while a channel that it did not make uses its webhook', async () => {
    await apply();
    simulator.createChannel({ webhookId: objectsAt8x8(simulator).webhooks[0]!.id, name: 'By hand' });
    const before = objectsAt8x8(simulator);
    const report = await teardown(account, 'support-8x8', true);
    expect([wrong(report), report.changes]).toEqual([['error channel-webhook'], []]);
    expect(report.findings.at(-1)!.message).toContain('the channel "By hand"');
    expect(objectsAt8x8(simulator)).toEqual(before);
  });

  it.each([
    ['the address has a webhook of an old version that it did not make', 'webhook-version'],
    ['the queue is not known', 'queue'],
    ['nothing answers at the address', 'webhook-reachable'],
    ['the key may not use the product', 'product'],
  ])('changes nothing when %s', async (_, check) => {
    if (check === 'webhook-version') {
      const id = simulator.registerWebhook(webhookUrl);
      simulator.tenants.get('acme01')!.webhooks.get(id)!.version = 'v2.0';
    }
    if (check === 'webhook-reachable') webhookUrl = 'http://127.0.0.1:9/';
    if (check === 'product') simulator.faults.set({ missingProducts: ['chat-gateway'] });
    const before = objectsAt8x8(simulator);
    const report = await apply(check === 'queue' ? { queueId: '999' } : {});
    expect([wrong(report), report.changes, report.channelId]).toEqual([[`error ${check}`], [], null]);
    expect(objectsAt8x8(simulator)).toEqual(before);
  });

  it('says what 8x8 refused when only 8x8 knew better, and finds its webhook again', async () => {
    simulator.faults.set({ missingProducts: ['analytics'] });
    await expect(apply({ queueId: '999' })).rejects.toThrow(
      /refused to create the channel \(400: .*Queue ID 999 is invalid/,
    );
    expect(actions(await apply())).toEqual(['reuse webhook', 'create channel']);
  });

  it('finds what was made although the answer was lost', async () => {
    simulator.faults.set({
      api: [{ match: { method: 'POST', path: 'channels$' }, times: 1, fault: { drop: 'after' } }],
    });
    await expect(apply()).rejects.toThrow('no answer');
    simulator.faults.reset();
    expect(actions(await apply())).toEqual(['reuse webhook', 'reuse channel']);
    expect(objectsAt8x8(simulator).channels).toHaveLength(1);
  });

  it('tells the version in the one way that is left where the other is refused', async () => {
    simulator.faults.set({ noNotificationVersion: true });
    await apply();
    const bodies = simulator.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/webhooks'));
    expect(
      bodies.map(({ status, body }) => [status, Object.keys(body as object).includes('notificationVersion')]),
    ).toEqual([
      [400, true],
      [200, false],
    ]);
  });

  it('finds its own on later pages', async () => {
    for (let index = 0; index < 250; index += 1) {
      const webhookId = simulator.registerWebhook(
        `https://example.com/${index}`,
        undefined,
        `a${String(index).padStart(3, '0')}`,
      );
      simulator.createChannel({ webhookId, id: `a${String(index).padStart(3, '0')}`, name: `Other ${index}` });
    }
    const webhookId = simulator.registerWebhook(webhookUrl, undefined, 'z');
    simulator.createChannel({ webhookId, id: 'z', name: MARK });
    expect(actions(await apply())).toEqual(['reuse webhook', 'reuse channel']);
  });

  describe('the smoke test', () => {
    it('opens a marked conversation, hears of it, and ends it', async () => {
      const { channelId } = await apply();
      const findings = await smoke(account.api, { channelId: channelId! }, async (id) => receiver.hasQueued(id));
      expect(findings.map(({ level, message }) => [level, message.replace(/conversation \S+ /, '')])).toEqual([
        ['ok', 'The was opened and became active.'],
        ['ok', 'Its events came.'],
        ['ok', 'It was ended again.'],
      ]);
      expect(simulator.conversations()).toMatchObject([
        { state: 'idle', user: { name: 'handover-gateway smoke test' } },
      ]);
    });

    it('ends it also when nothing is heard of it', async () => {
      const { channelId } = await apply();
      simulator.faults.set({
        dropEvents: ['*'],
        api: [{ match: { method: 'GET', path: '/conversations/' }, fault: { drop: 'before' } }],
      });
      const findings = await smoke(account.api, { channelId: channelId! }, async (id) => receiver.hasQueued(id), 300);
      expect(findings.map(({ level }) => level)).toEqual(['error', 'error', 'ok']);
      expect(simulator.conversations()).toMatchObject([{ state: 'idle' }]);
    });

    it('says that nobody was asked where there is no witness, and that an end has to be made by hand', async () => {
      const { channelId } = await apply();
      simulator.faults.set({ api: [{ match: { method: 'PATCH' }, fault: { status: 503 } }] });
      const findings = await smoke(account.api, { channelId: channelId! }, null);
      expect(findings.map(({ level }) => level)).toEqual(['ok', 'warning', 'error']);
      expect(findings[2]!.action).toMatch(/An agent has to end the conversation/);
    });

    it('says what 8x8 refused', async () => {
      const [refused] = await smoke(account.api, { channelId: 'nowhere' }, null);
      expect(refused).toMatchObject({ level: 'error', message: expect.stringMatching(/refused .*\(404: .*Channel/) });
    });
  });
});
