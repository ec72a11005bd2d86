import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { Receiver } from '../support/built.js';
import { handover, type Ended } from '../support/command-line.js';
import { freePort } from '../support/free-port.js';
import { Front } from '../support/front.js';
import { objectsAt8x8 } from '../support/objects-at-8x8.js';
import { ADMIN_KEY, World } from '../support/world.js';

const KEY = 'key-of-the-setup-tests';

interface Report {
  ok: boolean;
  by?: string;
  findings: { level: string; check: string; message: string }[];
}

describe('handover eight-by-eight', () => {
  let front: Front;
  let world: World;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    front = await Front.start();
    world = await World.start({
      simulator: { apiKey: KEY },
      settings: { endGrace: '10s' },
      env: { PUBLIC_URL: front.url },
    });
    front.target = world.gateway.url;
    folder = mkdtempSync(join(tmpdir(), 'handover-setup-'));
    env = {
      EIGHT_BY_EIGHT_API_KEY: KEY,
      PUBLIC_URL: front.url,
      HANDOVER_CONFIG: join(folder, 'handover.yaml'),
      HANDOVER_ADMIN_KEY: ADMIN_KEY,
    };
    const { simulator } = world;
    const settings = { baseUrl: simulator.url, apiKey: '${EIGHT_BY_EIGHT_API_KEY}', tenant: 'acme01' };
    const defaults = { channelId: 'channel-1', queueId: '101' };
    const providers = [{ name: 'support-8x8', type: 'eightByEight', settings, defaults }];
    writeFileSync(env.HANDOVER_CONFIG!, stringify({ providers }));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await world.stop();
    await front.stop();
  });

  /** As a person would call it. The key must not appear whatever happens. */
  async function run(words: string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const ended = await handover(['eight-by-eight', ...words], { ...env, ...more });
    expect(ended.out + ended.err).not.toContain(KEY);
    return ended;
  }
  const wrongIn = (json: string): string[] =>
    (JSON.parse(json) as Report).findings.filter(({ level }) => level !== 'ok').map(({ check }) => check);
  const account = (name: string): string[] => ['--base-url', world.simulator.url, '--tenant', 'acme01', '--name', name];
  const setup = (name: string, url: string): string[] => {
    return ['setup', ...account(name), '--webhook-url', url, '--queue', '101'];
  };

  /** An account in good order: the one webhook and the one channel that the gateway's configuration names. */
  function inOrder(): void {
    const { simulator } = world;
    empty();
    const webhookId = simulator.registerWebhook(`${front.url}/handover/eightByEight/support-8x8`);
    simulator.createChannel({ webhookId, queueId: '101', id: 'channel-1' });
  }

  function empty(): void {
    const { channels, webhooks } = world.simulator.tenants.get('acme01')!;
    channels.clear();
    webhooks.clear();
  }

  it('only looks, unless it is told to apply', async () => {
    empty();
    const port = await freePort();
    const words = setup('new', `http://127.0.0.1:${port}/handover/eightByEight/new`);
    const { code, out } = await run([...words, '--listen', String(port)]);
    expect([code, out]).toEqual([0, expect.stringContaining('nothing was changed; add --apply')]);
    expect(out).toMatch(/create +webhook +"handover-gateway: new"\n +create +channel/);
    expect(objectsAt8x8(world.simulator)).toEqual({ webhooks: [], channels: [] });
  });

  it('sets an account up before there is a gateway, and says what to write into the configuration', async () => {
    empty();
    const port = await freePort();
    const words = setup('new', `http://127.0.0.1:${port}/handover/eightByEight/new`);
    const { code, out, err } = await run([...words, '--listen', String(port), '--apply', '--smoke']);
    expect([code, err]).toEqual([0, expect.stringContaining('it rings real agents')]);
    expect(out).toContain('Its events came.');
    const [channel] = objectsAt8x8(world.simulator).channels;
    expect(parse(out.slice(out.indexOf('providers:')))).toEqual({
      providers: [
        {
          name: 'new',
          type: 'eightByEight',
          settings: { baseUrl: world.simulator.url, apiKey: '${EIGHT_BY_EIGHT_API_KEY}', tenant: 'acme01' },
          defaults: { channelId: channel!.id, queueId: '101' },
        },
      ],
    });
  });

  it('takes down what it made, when it is told to apply', async () => {
    inOrder();
    const { webhooks, channels } = world.simulator.tenants.get('acme01')!;
    for (const one of [...webhooks.values(), ...channels.values()]) one.name = 'handover-gateway: old';
    const looked = await run(['teardown', ...account('old')]);
    expect([looked.code, looked.out]).toEqual([0, expect.stringMatching(/delete +channel[\s\S]*delete +webhook/)]);
    expect(objectsAt8x8(world.simulator).channels).toHaveLength(1);
    const { code, out } = await run(['teardown', ...account('old'), '--apply', '--json']);
    expect([code, JSON.parse(out)]).toMatchObject([0, { ok: true, applied: true }]);
    expect(objectsAt8x8(world.simulator)).toEqual({ webhooks: [], channels: [] });
  });

  it('sets up the account of a running gateway so that the doctor finds nothing wrong', async () => {
    empty();
    const made = await run(['setup', '--provider', 'support-8x8', '--apply', '--json']);
    expect([made.code, wrongIn(made.out)]).toEqual([0, []]);
    // The configuration of the running gateway names this channel.
    const { channels } = world.simulator.tenants.get('acme01')!;
    const [channel] = channels.values();
    channels.set('channel-1', { ...channel!, id: 'channel-1' });
    const [doctor, tested] = await Promise.all([
      run(['doctor', '--provider', 'support-8x8', '--smoke']),
      handover(['providers', 'test', 'support-8x8'], env),
    ]);
    expect([doctor.code, doctor.out]).toEqual([0, expect.stringMatching(/^Checked by the running gateway:/)]);
    expect(doctor.out).toMatch(/Its events came\.[\s\S]*\n0 errors, 0 warnings/);
    expect([tested.code, tested.out]).toEqual([0, expect.stringMatching(/\n0 errors, 0 warnings/)]);
  });

  it('names what is wrong, asking the gateway where there is one', async () => {
    inOrder();
    world.simulator.tenants.get('acme01')!.channels.get('channel-1')!.webHookId = 'another';
    const doctor = ['doctor', '--provider', 'support-8x8', '--json'];
    const [asked, tested, alone] = await Promise.all([
      run(doctor),
      handover(['providers', 'test', 'support-8x8', '--json'], env),
      run([...doctor, '--url', 'http://127.0.0.1:9']),
    ]);
    expect([asked.code, wrongIn(asked.out)]).toEqual([1, ['channel-webhook']]);
    expect([tested.code, wrongIn(tested.out)]).toEqual([1, ['channel-webhook']]);
    expect([alone.code, wrongIn(alone.out)]).toEqual([1, ['channel-webhook', 'gateway']]);
    expect([asked, alone].map(({ out }) => (JSON.parse(out) as Report).by)).toEqual(['gateway', 'here']);
  });

  it('takes the address of the type for one of this gateway, as the running gateway does', async () => {
    inOrder();
    const [webhook] = world.simulator.tenants.get('acme01')!.webhooks.values();
    (webhook as unknown as { uri: string }).uri = `${front.url}/handover/eightByEight`;
    const alone = await run(['doctor', '--provider', 'support-8x8', '--json', '--url', 'http://127.0.0.1:9']);
    expect([alone.code, wrongIn(alone.out)]).toEqual([0, ['gateway']]);
  });

  it('sees from the configuration file that an endpoint takes nothing in', async () => {
    inOrder();
    const { simulator } = world;
    const settings = { baseUrl: simulator.url, apiKey: KEY };
    const defaults = { channelId: 'channel-1', queueId: '101' };
    const providers = [
      { name: 'support-8x8', type: 'eightByEight', settings, defaults, endpoint: { bot: 'shop-assistant' } },
    ];
    const bots = [{ name: 'shop-assistant', apiKey: 'a-key-of-the-shop-assistant-of-the-tests' }];
    const HANDOVER_CONFIG = join(folder, 'endpoint.yaml');
    writeFileSync(HANDOVER_CONFIG, stringify({ bots, providers }));
    const words = ['doctor', '--provider', 'support-8x8', '--json', '--url', 'http://127.0.0.1:9'];
    const { code, out } = await run(words, { HANDOVER_CONFIG });
    expect([code, wrongIn(out)]).toEqual([1, ['endpoint', 'gateway']]);
  });

  it('tells by its exit code what kind of thing is wrong', async () => {
    const words = setup('x', 'http://127.0.0.1:9/');
    const [without, unknown, away, refused, nobody] = await Promise.all([
      run(words, { EIGHT_BY_EIGHT_API_KEY: '' }),
      run(['doctor', '--provider', 'nobodys']),
      run([...words, '--base-url', 'http://127.0.0.1:9']),
      run(words, { EIGHT_BY_EIGHT_API_KEY: 'another-key' }),
      handover(['providers', 'test', 'support-8x8', '--url', 'http://127.0.0.1:9'], env),
    ]);
    expect([without.code, without.err]).toEqual([2, expect.stringMatching(/EIGHT_BY_EIGHT_API_KEY/)]);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringMatching(/no 8x8 provider "nobodys".*support-8x8/)]);
    expect([away.code, away.out]).toEqual([3, expect.stringMatching(/ERROR +base-url .*ECONNREFUSED/)]);
    expect([refused.code, refused.out]).toEqual([1, expect.stringMatching(/ERROR +api-key/)]);
    expect([nobody.code, nobody.err]).toEqual([3, expect.stringMatching(/no gateway at/)]);
  });

  it("sets nothing up at another provider's address", async () => {
    inOrder();
    const { code, out, err } = await run([...setup('new', `${front.url}/handover/eightByEight/support-8x8`)]);
    expect([code, out, err]).toEqual([
      2,
      '',
      expect.stringMatching(
        /those of the provider "support-8x8", not of "new".*--webhook-url .*\/new.*--name support-8x8/,
      ),
    ]);
    const shared = await run([...setup('new', `${front.url}/handover/eightByEight`), '--json']);
    expect([shared.code, wrongIn(shared.out)]).toEqual([0, []]);
  });

  it('shows where it takes a webhook away from, before it does and when it is done', async () => {
    empty();
    const from = 'https://first.example.com/handover/eightByEight/new';
    world.simulator.registerWebhook(from, 'acme01', 'theirs');
    world.simulator.tenants.get('acme01')!.webhooks.get('theirs')!.name = 'handover-gateway: new';
    const port = await freePort();
    const to = `http://127.0.0.1:${port}/handover/eightByEight/new`;
    for (const applied of [[], ['--apply']]) {
      const { code, out } = await run([...setup('new', to), '--listen', String(port), ...applied]);
      expect([code, out]).toEqual([
        0,
        expect.stringContaining(`"handover-gateway: new"  theirs  from ${from} to ${to}\n`),
      ]);
      expect(out).toMatch(/WARNING +webhook .*first\.example\.com/);
    }
  });

  it('says what is missing where no gateway is yet, or none that knows the provider', async () => {
    empty();
    const [unknown, nobody] = await Promise.all([
      run(setup('new', `${front.url}/handover/eightByEight/new`)),
      run(setup('new', `http://127.0.0.1:${await freePort()}/handover/eightByEight/new`)),
    ]);
    for (const { code, out } of [unknown, nobody])
      expect([code, out]).toEqual([1, expect.stringMatching(/ERROR +webhook-reachable [\s\S]*→ .*--listen <port>/)]);
    expect(unknown.out).toMatch(/answers 404: the gateway there has no provider of this name/);
    expect(nobody.out).toMatch(/ECONNREFUSED[\s\S]*→ Nothing listens there/);
  });

  it("works as the administrator's page has it, word for word", async () => {
    empty();
    const page = readFileSync('docs/providers/eight-by-eight.md', 'utf8');
    const [, block] = /```sh\n([\s\S]*?)```/.exec(page)!;
    const lines = block!.replaceAll('\\\n', ' ').split('\n');
    const commands = lines.flatMap((line) => /^npx handover eight-by-eight ([^#]*)/.exec(line)?.[1]!.trim() ?? []);
    expect(commands.map((words) => words.split(' ')[0])).toEqual(['setup', 'setup', 'doctor']);
    const [look, apply, doctor] = commands.map((words) => words.split(/ +/));
    const port = String(await freePort());
    const here = (words: string[]): string[] => [
      ...words.map((word) =>
        word.replace('https://handover.example.com', `http://127.0.0.1:${port}`).replace(/^3000$/, port),
      ),
      ...['--base-url', world.simulator.url],
    ];
    const looked = await run(here(look!));
    expect([looked.code, looked.out]).toEqual([0, expect.stringContaining('add --apply to do it')]);
    const { code, out } = await run(here(apply!));
    expect([code, objectsAt8x8(world.simulator)]).toMatchObject([0, { webhooks: [{}], channels: [{}] }]);
    const HANDOVER_CONFIG = join(folder, 'printed.yaml');
    writeFileSync(HANDOVER_CONFIG, out.slice(out.indexOf('providers:')));
    const receiver = await Receiver.listen('127.0.0.1', Number(port));
    const examined = await run([...doctor!, '--json', '--url', 'http://127.0.0.1:9'], {
      HANDOVER_CONFIG,
      PUBLIC_URL: `http://127.0.0.1:${port}`,
    }).finally(() => receiver.close());
    expect([examined.code, wrongIn(examined.out)]).toEqual([0, ['gateway']]);
  });

  it('believes no answer at the webhook URL but its own, while it listens', async () => {
    const port = await freePort();
    const words = setup('x', `${front.url}/handover/eightByEight`);
    const { code, out } = await run([...words, '--listen', String(port), '--json']);
    expect([code, wrongIn(out)]).toEqual([1, ['webhook-reachable']]);
    expect(out).toContain('it was not this command');
  });
});
