import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { DEFAULT_TENANT, Simulator } from '../../apps/simulator/index.js';
import { handover, type Ended } from '../support/command-line.js';
import { Front } from '../support/front.js';
import { ADMIN_KEY, World } from '../support/world.js';

const KEY = 'key-of-the-setup-tests';

interface Report {
  ok: boolean;
  findings: { level: string; check: string; message: string }[];
  changes: { what: string; action: string; id: string | null; name: string }[];
  configuration: { providers: { settings: object; defaults: { channelId: string } }[] } | null;
}

/** What 8x8 has of the two kinds, in the order in which it came. */
function objectsOf(simulator: Simulator): { webhooks: { name: string; uri: string }[]; channels: { name: string }[] } {
  const { webhooks, channels } = simulator.tenants.get('acme01')!;
  return structuredClone({ webhooks: [...webhooks.values()], channels: [...channels.values()] });
}

describe('eight-by-eight setup and teardown, before there is a gateway', () => {
  let simulator: Simulator;
  let port: number;
  beforeEach(async () => {
    simulator = await Simulator.start({ apiKey: KEY, tenants: [structuredClone(DEFAULT_TENANT)] });
    port = await freePort();
  });
  afterEach(() => simulator.stop());

  const account = (): string[] => ['--base-url', simulator.url, '--tenant', 'acme01'];
  const webhookUrl = (): string => `http://127.0.0.1:${port}/handover/eightByEight/support-8x8`;
  const setup = async (...more: string[]): Promise<Ended> => {
    const words = ['--name', 'support-8x8', '--webhook-url', webhookUrl(), '--queue', '101', '--listen', String(port)];
    const ended = await handover(['eight-by-eight', 'setup', ...account(), ...words, ...more], key);
    expect(ended.out + ended.err).not.toContain(KEY);
    return ended;
  };
  const teardown = (...more: string[]): Promise<Ended> =>
    handover(['eight-by-eight', 'teardown', ...account(), '--name', 'support-8x8', ...more], key);
  const key = { EIGHT_BY_EIGHT_API_KEY: KEY };

  it('only looks, unless it is told to apply', async () => {
    const { code, out } = await setup();
    expect([code, out]).toEqual([0, expect.stringContaining('nothing was changed; add --apply')]);
    expect(out).toMatch(/create +webhook +"handover-gateway: support-8x8"\n +create +channel/);
    expect(objectsOf(simulator)).toEqual({ webhooks: [], channels: [] });
    expect(simulator.requests.filter(({ method, path }) => method !== 'GET' && !path.endsWith('/verify'))).toEqual([]);
  });

  it('makes what is missing once, and says what to write into the configuration', async () => {
    const { code, out } = await setup('--apply');
    expect(code).toBe(0);
    const made = objectsOf(simulator);
    expect(made).toMatchObject({
      webhooks: [{ name: 'handover-gateway: support-8x8', uri: webhookUrl(), version: 'Chat Gateway v1.0' }],
      channels: [{ name: 'handover-gateway: support-8x8', type: 'ChatAPI', routingOptions: { id: '101' } }],
    });
    const [channelId] = simulator.tenants.get('acme01')!.channels.keys();
    expect(parse(out.slice(out.indexOf('providers:')))).toEqual({
      providers: [
        {
          name: 'support-8x8',
          type: 'eightByEight',
          settings: { baseUrl: simulator.url, apiKey: '${EIGHT_BY_EIGHT_API_KEY}', tenant: 'acme01' },
          defaults: { channelId, queueId: '101' },
        },
      ],
    });
    const again = JSON.parse((await setup('--apply', '--json')).out) as Report;
    expect(again.changes.map(({ action }) => action)).toEqual(['reuse', 'reuse']);
    expect(again.configuration!.providers[0]!.defaults.channelId).toBe(channelId);
    expect(objectsOf(simulator)).toEqual(made);
  });

  it('uses what somebody else made where it fits, and deletes only what it made itself', async () => {
    const webhookId = simulator.registerWebhook(webhookUrl());
    simulator.registerWebhook('https://elsewhere.example.com/', undefined, 'foreign');
    const before = objectsOf(simulator);
    const report = JSON.parse((await setup('--apply', '--json')).out) as Report;
    expect(report.changes).toMatchObject([
      { what: 'webhook', action: 'reuse', id: webhookId, name: 'gateway' },
      { what: 'channel', action: 'create' },
    ]);
    const looked = await teardown();
    expect([looked.code, looked.out]).toEqual([0, expect.stringMatching(/nothing was changed.*\n +delete +channel/)]);
    expect(objectsOf(simulator).channels).toHaveLength(1);
    expect((await teardown('--apply')).code).toBe(0);
    expect(objectsOf(simulator)).toEqual(before);
  });

  it('follows a changed address with the webhook that it made, and takes it away channel first', async () => {
    await setup('--apply');
    port = await freePort();
    const moved = JSON.parse((await setup('--apply', '--json')).out) as Report;
    expect(moved.changes.map(({ action }) => action)).toEqual(['update', 'reuse']);
    expect(objectsOf(simulator).webhooks.map(({ uri }) => uri)).toEqual([webhookUrl()]);
    expect((await teardown('--apply')).code).toBe(0);
    expect(objectsOf(simulator)).toEqual({ webhooks: [], channels: [] });
    const calls = simulator.requests.filter(({ method }) => method === 'DELETE');
    expect(calls.map(({ path }) => path.split('/')[3])).toEqual(['channels', 'webhooks']);
  });

  it('deletes nothing while a channel that it did not make uses its webhook', async () => {
    await setup('--apply');
    const [webhookId] = simulator.tenants.get('acme01')!.webhooks.keys();
    simulator.createChannel({ webhookId: webhookId!, name: 'By hand' });
    const before = objectsOf(simulator);
    const { code, out } = await teardown('--apply');
    expect([code, out]).toEqual([1, expect.stringMatching(/also used by the channel "By hand"/)]);
    expect(objectsOf(simulator)).toEqual(before);
  });

  it('leaves a webhook of an old version alone that has the address', async () => {
    const id = simulator.registerWebhook(webhookUrl());
    simulator.tenants.get('acme01')!.webhooks.get(id)!.version = 'v2.0';
    const before = objectsOf(simulator);
    const { code, out } = await setup('--apply');
    expect([code, out]).toEqual([1, expect.stringMatching(/ERROR +webhook-version .*not made by setup/)]);
    expect(objectsOf(simulator)).toEqual(before);
  });

  it('tells the version in the one way that is left where the other is refused', async () => {
    simulator.faults.set({ noNotificationVersion: true });
    expect((await setup('--apply')).code).toBe(0);
    expect(objectsOf(simulator).webhooks).toHaveLength(1);
  });

  it('finds everything on later pages', async () => {
    for (let index = 0; index < 150; index += 1) {
      const webhookId = simulator.registerWebhook(`https://example.com/${index}`);
      simulator.createChannel({ webhookId, name: `Other ${index}` });
    }
    await setup('--apply');
    const again = JSON.parse((await setup('--apply', '--json')).out) as Report;
    expect(again.changes.map(({ action }) => action)).toEqual(['reuse', 'reuse']);
  });

  it('opens a marked conversation, hears of it, and ends it', async () => {
    const { code, out, err } = await setup('--apply', '--smoke');
    expect([code, err]).toEqual([0, expect.stringContaining('it rings real agents')]);
    expect(out).toMatch(/smoke +The conversation .* became active\.\n.*Its events came\.\n.*It was ended again\./);
    const [conversation] = simulator.conversations();
    expect(conversation).toMatchObject({ state: 'idle', user: { name: 'handover-gateway smoke test' } });
  });

  it('ends the marked conversation also when nothing is heard of it', async () => {
    simulator.faults.set({ api: [{ match: { method: 'GET', path: '/conversations/' }, fault: { drop: 'before' } }] });
    await setup('--apply');
    const ending = setup('--apply', '--smoke');
    const { code, out } = await ending;
    expect([code, out]).toEqual([1, expect.stringMatching(/did not become active/)]);
    expect(simulator.conversations()[0]!.state).toBe('idle');
  });

  it('tells by its exit code what kind of thing is wrong', async () => {
    const wrong = async (words: string[], env = {}): Promise<Ended> =>
      handover(['eight-by-eight', 'setup', ...words], env);
    const rest = ['--name', 'x', '--webhook-url', webhookUrl(), '--queue', '101'];
    expect(await wrong(rest)).toMatchObject({ code: 2, err: expect.stringMatching(/set EIGHT_BY_EIGHT_API_KEY/) });
    expect(await wrong([], key)).toMatchObject({ code: 2, err: expect.stringMatching(/Give --name/) });
    const away = await wrong([...rest, '--base-url', 'http://127.0.0.1:9'], key);
    expect([away.code, away.out]).toEqual([3, expect.stringMatching(/ERROR +base-url .*ECONNREFUSED/)]);
    const refused = await wrong([...rest, ...account()], { EIGHT_BY_EIGHT_API_KEY: 'another-key' });
    expect([refused.code, refused.out]).toEqual([1, expect.stringMatching(/ERROR +api-key/)]);
    const nobody = await wrong([...rest, ...account()], key);
    expect([nobody.code, nobody.out]).toEqual([1, expect.stringMatching(/ERROR +webhook-reachable .*ECONNREFUSED/)]);
    expect(objectsOf(simulator)).toEqual({ webhooks: [], channels: [] });
  });
});

describe('eight-by-eight setup, and then the doctor, with a running gateway', () => {
  let front: Front;
  let world: World;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    front = await Front.start();
    world = await World.start({
      simulator: { apiKey: KEY },
      settings: { endGrace: '10s' },
      defaults: { channelId: undefined },
      env: { PUBLIC_URL: front.url },
    });
    front.target = world.gateway.url;
    for (const objects of [
      world.simulator.tenants.get('acme01')!.channels,
      world.simulator.tenants.get('acme01')!.webhooks,
    ])
      objects.clear();
    folder = mkdtempSync(join(tmpdir(), 'handover-setup-'));
    env = {
      EIGHT_BY_EIGHT_API_KEY: KEY,
      PUBLIC_URL: front.url,
      HANDOVER_CONFIG: join(folder, 'handover.yaml'),
      HANDOVER_ADMIN_KEY: ADMIN_KEY,
    };
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await world.stop();
    await front.stop();
  });

  /** Writes the entry that setup printed into the file, as its reader would. */
  function configure(entry: object | null): void {
    writeFileSync(env.HANDOVER_CONFIG!, stringify(entry ?? { providers: [] }));
  }

  it('ends green, and goes red when something is spoilt', async () => {
    const url = `${front.url}/handover/eightByEight/support-8x8`;
    const account = ['--base-url', world.simulator.url, '--tenant', 'acme01', '--name', 'support-8x8'];
    const words = ['eight-by-eight', 'setup', ...account, '--webhook-url', url, '--queue', '101', '--apply', '--json'];
    configure(null);
    const made = await handover(words, env);
    expect([made.code, made.err]).toEqual([0, '']);
    const { configuration } = JSON.parse(made.out) as Report;
    configure(configuration);
    const { channelId } = configuration!.providers[0]!.defaults;
    await world.stopGateway();
    (world as unknown as { options: { defaults: object } }).options.defaults = { channelId };
    await world.startGateway();

    const doctor = ['eight-by-eight', 'doctor', '--provider', 'support-8x8'];
    const green = await handover([...doctor, '--smoke'], env);
    expect([green.code, green.out]).toEqual([0, expect.stringMatching(/^Checked by the running gateway:/)]);
    expect(green.out).toMatch(/Its events came\.[\s\S]*0 errors, 0 warnings/);
    const tested = await handover(['providers', 'test', 'support-8x8'], env);
    expect([tested.code, tested.out]).toEqual([0, expect.stringMatching(/0 errors, 0 warnings/)]);

    world.simulator.tenants.get('acme01')!.channels.get(channelId)!.webHookId = 'another';
    for (const command of [doctor, ['providers', 'test', 'support-8x8']]) {
      const red = await handover([...command, '--json'], env);
      const { ok, findings } = JSON.parse(red.out) as Report;
      expect([red.code, ok]).toEqual([1, false]);
      expect(findings.filter(({ level }) => level !== 'ok').map(({ check }) => check)).toEqual(['channel-webhook']);
      expect(red.out + red.err).not.toContain(KEY);
    }

    await world.stopGateway();
    front.conduct = { answer: 204 };
    const here = await handover([...doctor, '--url', 'http://127.0.0.1:9', '--json'], env);
    const alone = JSON.parse(here.out) as Report & { by: string };
    expect([here.code, alone.by]).toEqual([1, 'here']);
    const wrong = alone.findings.filter(({ level }) => level !== 'ok');
    expect(wrong.map(({ check }) => check)).toEqual(['channel-webhook', 'gateway']);
    const nobody = await handover(['providers', 'test', 'support-8x8', '--url', 'http://127.0.0.1:9'], env);
    expect([nobody.code, nobody.err]).toEqual([3, expect.stringMatching(/no gateway at/)]);
    await world.startGateway();
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
