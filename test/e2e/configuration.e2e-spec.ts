import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { freshDatabase } from '../support/database.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const secret = (): string => randomBytes(32).toString('hex');
const key = (): string => randomBytes(32).toString('base64');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handover-start-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A start that is to fail, and what it says. */
function failedStart(env: NodeJS.ProcessEnv, entry = 'gateway'): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [resolve(`dist/apps/${entry}/main.js`), ...(entry === 'cli' ? ['migrate'] : [])], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

const configure = (file: object): void => writeFileSync(join(folder, 'handover.yaml'), stringify(file));

describe('a start in production', () => {
  const production = { NODE_ENV: 'production', HANDOVER_ENCRYPTION_KEY: key() };

  it('is refused with an unsafe secret: file, line, key, and the command that makes a good one', () => {
    const admin = secret();
    configure({
      bots: [
        { name: 'a', apiKey: 'replace-me-with-a-long-random-key' },
        { name: 'b', apiKey: admin },
        { name: 'c', apiKey: 'short-key' },
      ],
    });
    const { status, stderr } = failedStart({ ...production, HANDOVER_ADMIN_KEY: admin });
    expect(status).toBe(1);
    expect(stderr).toMatch(/handover\.yaml:3: bots\[0\]\.apiKey: is a placeholder: .*"openssl rand -hex 32"/);
    expect(stderr).toMatch(/handover\.yaml:5: bots\[1\]\.apiKey: is the same as HANDOVER_ADMIN_KEY/);
    expect(stderr).toMatch(/handover\.yaml:7: bots\[2\]\.apiKey: is shorter than the 24 characters/);
    expect(stderr).not.toContain(admin);
  });

  it('is refused with an admin key that is guessed at once', () => {
    const { status, stderr } = failedStart({ ...production, HANDOVER_ADMIN_KEY: 'a' });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^HANDOVER_ADMIN_KEY: .*openssl rand -hex 32/m)]);
  });
});

describe('a start on an odd machine says a sentence, and no stack trace', () => {
  const refused = (env: NodeJS.ProcessEnv, expected: RegExp, entry?: string): void => {
    const { status, stderr } = failedStart(env, entry);
    expect(stderr).toMatch(expected);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(status).toBe(entry === 'cli' ? 2 : 1);
  };

  it.each(['gateway', 'cli'])('with a .env that is no text or a folder: %s', (entry) => {
    const path = join(folder, '.env');
    writeFileSync(path, Buffer.from('\ufeffPORT=1', 'utf16le'));
    refused({}, /\.env: is not UTF-8 text but UTF-16: save it as UTF-8/, entry);
    rmSync(path);
    mkdirSync(path);
    refused({}, /\.env: is a folder and not a file: .*\(EISDIR\)/, entry);
  });

  it('with a .env whose first bytes are the mark of Windows: its first variable counts', () => {
    writeFileSync(join(folder, '.env'), '\ufeffPORT=x\r\nLOG_LEVEL=y\r\n');
    refused({ PORT: undefined }, /PORT: "x" is no port[^]*LOG_LEVEL: "y" is no log level/);
  });

  it('with a configuration file that is a folder', () => {
    mkdirSync(join(folder, 'handover.yaml'));
    refused({}, /handover\.yaml: is a folder and not a file/);
  });

  it('with keys that cannot be kept in DATA_DIR', () => {
    writeFileSync(join(folder, 'file'), '');
    refused({ DATA_DIR: 'file' }, /DATA_DIR: .*lies below something that is a file and not a folder/);
    refused({ DATA_DIR: 'file/below' }, /DATA_DIR: .*lies below something that is a file and not a folder/);
    mkdirSync(join(folder, 'data/admin.key'), { recursive: true });
    refused({ DATA_DIR: 'data' }, /DATA_DIR: .*admin\.key: is a folder and not a file/);
    rmSync(join(folder, 'data'), { recursive: true });
    mkdirSync(join(folder, 'data'));
    writeFileSync(join(folder, 'data/encryption.key'), '');
    refused({ DATA_DIR: 'data' }, /DATA_DIR: .*encryption\.key is empty/);
  });
});

describe('a start', () => {
  const gateways: GatewayProcess[] = [];
  let database: Awaited<ReturnType<typeof freshDatabase>> | undefined;
  afterEach(async () => {
    for (const gateway of gateways.splice(0)) await gateway.stop();
    await database?.drop();
    database = undefined;
  });

  async function started(env: NodeJS.ProcessEnv): Promise<{ lines: string[]; stop(): Promise<unknown> }> {
    const lines: string[] = [];
    const surroundings = { PORT: '0', DATABASE_URL: database!.url, DATA_DIR: join(folder, 'data'), ...env };
    const gateway = await GatewayProcess.start(surroundings, folder, (line) => void lines.push(line));
    gateways.push(gateway);
    return { lines, stop: () => gateway.stop() };
  }

  const warnings = (lines: string[]): string[] => lines.filter((line) => line.includes('"level":"warn"'));
  const bot = { name: 'a', apiKey: secret(), callbackUrl: 'http://127.0.0.1:9/', callbackSecret: `whsec_${key()}` };

  it('outside of production says so in one warning, and takes what production refuses', async () => {
    database = await freshDatabase();
    configure({ bots: [{ name: 'a', apiKey: 'short' }] });
    const { lines } = await started({});
    expect(warnings(lines)).toEqual([
      expect.stringMatching(/NOT PRODUCTION MODE.*set NODE_ENV=production/),
      expect.stringMatching(/bots\[0\]\.apiKey: is shorter than the 24 characters/),
    ]);
  });

  it('takes any password of the database from a variable of its own', async () => {
    database = await freshDatabase();
    const password = 'ab/cd+ef==@:?#%41 "x"';
    const role = `role_${randomBytes(4).toString('hex')}`;
    await database.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD '${password}'`);
    try {
      const url = new URL(database.url);
      url.username = role;
      url.password = '';
      const { lines, stop } = await started({ DATABASE_URL: url.href, DATABASE_PASSWORD: password });
      expect(lines.join('')).toContain('gateway started');
      await stop();
    } finally {
      await database.query(`DROP ROLE ${role}`);
    }
  });

  it('without a configuration file disables nothing, and with an empty one all of it', async () => {
    database = await freshDatabase();
    const provider = {
      name: 'p',
      type: 'eightByEight',
      settings: { baseUrl: 'http://127.0.0.1:9', apiKey: 'k', tenant: 't' },
    };
    configure({ bots: [bot], providers: [provider] });
    const env = { NODE_ENV: 'test', HANDOVER_ENCRYPTION_KEY: key() };
    const enabled = (): Promise<unknown[]> =>
      database!.query('SELECT name, enabled FROM bot UNION ALL SELECT name, enabled FROM provider ORDER BY name');
    await (await started(env)).stop();
    rmSync(join(folder, 'handover.yaml'));
    const without = await started(env);
    expect(await enabled()).toEqual([
      { name: 'a', enabled: true },
      { name: 'p', enabled: true },
    ]);
    expect(warnings(without.lines)).toEqual([expect.stringContaining('there is no configuration file')]);
    await without.stop();
    configure({});
    const empty = await started(env);
    expect(await enabled()).toEqual([
      { name: 'a', enabled: false },
      { name: 'p', enabled: false },
    ]);
    expect(warnings(empty.lines)).toEqual([expect.stringMatching(/"bots":\["a"\],"providers":\["p"\].*disabled/)]);
  });

  it('encrypts with the newest key what an earlier one has, and refuses when none fits', async () => {
    database = await freshDatabase();
    const provider = {
      ...{ name: 'p', type: 'eightByEight', settings: { baseUrl: 'http://127.0.0.1:9', apiKey: 'k' } },
      copilot: { baseUrl: 'http://c', urlToken: secret() },
    };
    configure({ bots: [bot], providers: [provider] });
    const [before, after] = [key(), key()];
    const sealed = async (): Promise<string[]> => {
      const rows = await database!.query(
        `SELECT callback_secret AS value FROM bot UNION ALL SELECT settings->>'apiKey' FROM provider
         UNION ALL SELECT options->'copilot'->>'urlToken' FROM provider`,
      );
      return rows.map(({ value }) => String(value).split(':').slice(0, 3).join(':'));
    };
    await (await started({ NODE_ENV: 'test', HANDOVER_ENCRYPTION_KEY: before })).stop();
    const first = await sealed();
    expect(new Set(first).size).toBe(1);
    // What no file declares any more has secrets too.
    configure({});
    await (
      await started({ NODE_ENV: 'test', HANDOVER_ENCRYPTION_KEY: after, HANDOVER_PREVIOUS_ENCRYPTION_KEYS: before })
    ).stop();
    const second = await sealed();
    expect([second.length, new Set([...first, ...second]).size]).toEqual([3, 2]);
    await (await started({ NODE_ENV: 'test', HANDOVER_ENCRYPTION_KEY: after })).stop();
    await expect(started({ NODE_ENV: 'test', HANDOVER_ENCRYPTION_KEY: before })).rejects.toThrow(
      /in the database was encrypted with the key [0-9a-f]{8}, and the one that is set is [0-9a-f]{8}.*HANDOVER_PREVIOUS/,
    );
    await database.query(
      `UPDATE provider SET settings = settings || jsonb_build_object('apiKey', options->'copilot'->'urlToken')`,
    );
    await expect(started({ NODE_ENV: 'test', HANDOVER_ENCRYPTION_KEY: after })).rejects.toThrow(
      /provider\/p\/settings\/apiKey in the database was changed there, or was put there from another place/,
    );
  });
});

describe('user and password in a callback URL', () => {
  const seen: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    request.resume().on('end', () => response.writeHead(204).end());
  });
  let world: World;
  afterAll(async () => {
    await world.stop();
    server.close();
  });

  it('are sent as HTTP Basic Authentication, and stand nowhere else', async () => {
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    world = await World.start({
      callbacks: ({ secret: callbackSecret }) => ({
        'test-bot': { callbackUrl: `http://hook:hook%2Dp%C3%A4ss@127.0.0.1:${port}/cb`, callbackSecret },
        'other-bot': {},
      }),
    });
    await world.handover();
    const { authorization } = await until('an event', () => seen[0]);
    expect(Buffer.from(authorization!.replace('Basic ', ''), 'base64').toString()).toBe('hook:hook-päss');
    const rows = await world.database.query(`SELECT row_to_json(bot)::text AS row FROM bot`);
    const everywhere = JSON.stringify(rows) + world.logs.join('');
    expect(everywhere).toContain(`127.0.0.1:${port}/cb`);
    for (const text of ['hook-p', 'hook%2D', authorization!]) expect(everywhere).not.toContain(text);
  });
});
