import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigError, readEnvironment } from './index.js';

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'handover-env-'));
});
afterEach(() => rmSync(cwd, { recursive: true }));

const KEY = Buffer.alloc(32, 0xfb).toString('base64');
const OLD_KEY = Buffer.alloc(32, 0x01).toString('base64');
const ADMIN_KEY = 'mWq3fZ0s8Jb2nYtV7cR1xK5d';

function problemsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readEnvironment(env, cwd);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('environment', () => {
  it('needs nothing for a first try', () => {
    expect(readEnvironment({}, cwd)).toEqual({
      port: 3000,
      host: '127.0.0.1',
      publicUrl: 'http://localhost:3000',
      databaseUrl: null,
      dataDir: join(cwd, '.data'),
      configPath: null,
      adminKey: null,
      encryptionKey: null,
      previousEncryptionKeys: [],
      providerPackages: [],
      logLevel: 'info',
      production: false,
      warnings: [],
    });
  });

  it('takes what is set', () => {
    writeFileSync(join(cwd, 'my.yaml'), '');
    const env = {
      PORT: '8080',
      HOST: '::1',
      PUBLIC_URL: 'https://chat.example.com/handover/',
      DATABASE_URL: 'postgres://u@db/handover',
      DATABASE_PASSWORD: 'a%/b+c== d@e:f?#',
      DATA_DIR: 'data',
      HANDOVER_CONFIG: 'my.yaml',
      HANDOVER_ADMIN_KEY: ADMIN_KEY,
      HANDOVER_ENCRYPTION_KEY: KEY,
      HANDOVER_PREVIOUS_ENCRYPTION_KEYS: `${OLD_KEY}, ${KEY.replace('=', '')}`,
      HANDOVER_PROVIDERS: '@acme/handover-provider-foo, handover-provider-bar',
      LOG_LEVEL: 'trace',
      NODE_ENV: 'production',
    };
    expect(readEnvironment(env, cwd)).toEqual({
      port: 8080,
      host: '::1',
      publicUrl: 'https://chat.example.com/handover',
      databaseUrl: `postgres://u:${encodeURIComponent('a%/b+c== d@e:f?#')}@db/handover`,
      dataDir: join(cwd, 'data'),
      configPath: join(cwd, 'my.yaml'),
      adminKey: ADMIN_KEY,
      encryptionKey: KEY,
      previousEncryptionKeys: [OLD_KEY, KEY],
      providerPackages: ['@acme/handover-provider-foo', 'handover-provider-bar'],
      logLevel: 'trace',
      production: true,
      warnings: [],
    });
  });

  it('takes a variable that is set to nothing for unset', () => {
    const nothing = { PORT: '', HOST: '', PUBLIC_URL: '', DATABASE_URL: '', DATA_DIR: '', HANDOVER_CONFIG: '' };
    const keys = { HANDOVER_ADMIN_KEY: '', HANDOVER_ENCRYPTION_KEY: '', HANDOVER_PROVIDERS: '', LOG_LEVEL: '' };
    expect(readEnvironment({ ...nothing, ...keys }, cwd)).toEqual(readEnvironment({}, cwd));
  });

  it('puts the port into the default public URL', () => {
    expect(readEnvironment({ PORT: '4010' }, cwd).publicUrl).toBe('http://localhost:4010');
  });

  it('finds handover.yaml by itself', () => {
    writeFileSync(join(cwd, 'handover.yaml'), '');
    expect(readEnvironment({}, cwd).configPath).toBe(join(cwd, 'handover.yaml'));
  });

  it.each([
    ['PORT', '70000'],
    ['PORT', '80a'],
    ['PORT', '-1'],
    ['HOST', 'http://x'],
    ['PUBLIC_URL', 'chat.example.com'],
    ['PUBLIC_URL', 'ftp://chat.example.com'],
    ['PUBLIC_URL', 'https://chat.example.com/?a=1'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URL', 'localhost:5432'],
    ['HANDOVER_CONFIG', 'not-there.yaml'],
    ['HANDOVER_ADMIN_KEY', 'with space'],
    ['HANDOVER_ENCRYPTION_KEY', 'short'],
    ['HANDOVER_ENCRYPTION_KEY', Buffer.alloc(31).toString('base64')],
    ['HANDOVER_ENCRYPTION_KEY', Buffer.alloc(33).toString('base64')],
    ['HANDOVER_PREVIOUS_ENCRYPTION_KEYS', `${KEY},short`],
    ['DATABASE_URL', 'postgres://u:p@db/x\n'],
    ['DATABASE_PASSWORD', 'without-an-address'],
    ['NODE_ENV', 'production\n'],
    ['NODE_ENV', 'Production'],
    ['HANDOVER_PROVIDERS', '@acme/foo@1.2.3'],
    ['HANDOVER_PROVIDERS', './foo'],
    ['HANDOVER_PROVIDERS', 'node:fs'],
    ['HANDOVER_PROVIDERS', 'foo,,bar'],
    ['HANDOVER_PROVIDERS', 'foo, foo'],
    ['HANDOVER_PROVIDERS', 'x'.repeat(215)],
    ['LOG_LEVEL', 'verbose'],
  ])('refuses %s=%s and names it', (name, value) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name}: `));
  });

  it('tells all problems at once, one per line', () => {
    const env = { PORT: 'x', LOG_LEVEL: 'x', HANDOVER_ENCRYPTION_KEY: 'x' };
    expect(() => readEnvironment(env, cwd)).toThrow(/^PORT: .*\nHANDOVER_ENCRYPTION_KEY: .*\nLOG_LEVEL: .*$/);
  });

  it('asks for the encryption key in production', () => {
    expect(problemsOf({ NODE_ENV: 'production', HANDOVER_ENCRYPTION_KEY: '' })).toEqual([
      expect.stringMatching(/^HANDOVER_ENCRYPTION_KEY: is required when NODE_ENV=production/),
    ]);
  });

  it.each([
    ['a password with a line break', 'postgres://u@db/x', 'pw\n', /must not hold line breaks/],
    ['two passwords', 'postgres://u:p@db/x', 'pw', /DATABASE_URL has a password too/],
    ['a password for no user', 'postgres://db/x', 'pw', /which names none: write it like postgres:\/\/user@host/],
  ])('refuses %s', (_, DATABASE_URL, DATABASE_PASSWORD, expected) => {
    expect(problemsOf({ DATABASE_URL, DATABASE_PASSWORD })).toEqual([
      expect.stringMatching(new RegExp(`^DATABASE_PASSWORD: .*${expected.source}`)),
    ]);
  });

  it('holds the admin key to the rule of all secrets: in production it refuses, elsewhere it warns', () => {
    for (const key of ['operator', 'changeme', 'x'.repeat(40), 'replace-me-with-a-long-random-key']) {
      const expected = expect.stringMatching(/^HANDOVER_ADMIN_KEY: is .*"openssl rand -hex 32"/);
      const env = { HANDOVER_ADMIN_KEY: key, HANDOVER_ENCRYPTION_KEY: KEY };
      expect(problemsOf({ ...env, NODE_ENV: 'production' })).toEqual([expected]);
      expect(readEnvironment(env, cwd).warnings).toEqual([expected]);
    }
  });

  it('never shows a secret', () => {
    const env = {
      DATABASE_URL: 'mysql://u:hunter2@db/x',
      HANDOVER_ADMIN_KEY: 'hunter2 hunter2',
      HANDOVER_ENCRYPTION_KEY: 'hunter2',
    };
    const problems = problemsOf(env);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain('hunter2');
  });
});
