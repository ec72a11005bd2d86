import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseAs, Setting } from '#contract';
import {
  BotConfig,
  callbackAddress,
  ConfigError,
  CopilotConfig,
  ownSecrets,
  readConfigFile,
  readEnvFile,
  readEnvironment,
} from './index.js';

class Settings {
  @Setting({ type: 'string', title: 'Key', help: 'Given out by the vendor.', secret: true })
  apiKey?: string;
  @Setting({ type: 'string', title: 'Webhook secret', help: 'Signs events.', secret: true })
  webhookSecret?: string;
  @Setting({ type: 'string', title: 'Door', help: 'Lets in.', secret: true, opens: true })
  door?: string;
  @Setting({ type: 'string', title: 'Private key', help: 'In PEM form.', secret: true, characters: 'lines' })
  pem?: string;
}
class Other extends Settings {}
class HandoverSettings {
  @Setting({ type: 'string', title: 'Queue', help: 'Which.' })
  queueId?: string;
}

const types = [
  { key: 'one', settings: Settings, handoverSettings: HandoverSettings },
  { key: 'two', settings: Other, handoverSettings: HandoverSettings },
];

const GOOD = ['4f9c1e07ab36d258c0e7', 'mWq3fZ0s8Jb2nYtV7cR1', 'x7Qp-2Lk_9sTz.R4vBn8', 'e1a5Tg90LmUw63oPzXcq'].map(
  (text, index) => `${text}${index}fdK8`,
);

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handover-secrets-'));
  path = join(folder, 'handover.yaml');
});
afterAll(() => rmSync(folder, { recursive: true }));

function said(file: object, env: NodeJS.ProcessEnv = { NODE_ENV: 'production' }): readonly string[] {
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(file, null, 1));
  const own = ownSecrets({ adminKey: GOOD[3]!, encryptionKey: null, previousEncryptionKeys: [], databaseUrl: null });
  try {
    return readConfigFile(path, env, types, 'refused', own).warnings;
  } catch (error) {
    if (error instanceof ConfigError) return ['refused', ...error.problems];
    throw error;
  }
}

const bot = (over: object): object => ({ name: 'a', apiKey: GOOD[0], ...over });
const provider = (settings: object, over: object = {}): object => ({ name: 'p', type: 'one', settings, ...over });
const signing = (text: string): string => `whsec_${Buffer.from(text).toString('base64')}`;

describe('secrets that open something', () => {
  it.each<[string, string, object]>([
    ['short', 'bots[0].apiKey', { bots: [bot({ apiKey: 'a' })] }],
    ['of 23 characters', 'bots[0].apiKey', { bots: [bot({ apiKey: GOOD[0]!.slice(0, 23) })] }],
    ['a placeholder', 'bots[0].apiKey', { bots: [bot({ apiKey: 'replace-me-with-a-long-random-key' })] }],
    ['another placeholder', 'bots[0].apiKey', { bots: [bot({ apiKey: 'please-ChangeMe-before-production' })] }],
    ['one character', 'bots[0].apiKey', { bots: [bot({ apiKey: 'x'.repeat(32) })] }],
    ['one word', 'bots[0].apiKey', { bots: [bot({ apiKey: 'secret-secret-secret-secret-' })] }],
    ['the alphabet', 'bots[0].apiKey', { bots: [bot({ apiKey: 'abcdefghijklmnopqrstuvwxyz' })] }],
    ['short', 'bots[0].callbackSecret', { bots: [bot({ callbackSecret: signing('seventeen bytes..') })] }],
    [
      'an example',
      'bots[0].callbackSecret',
      { bots: [bot({ callbackSecret: signing('replace this with your own key') })] },
    ],
    ['zeros', 'bots[0].callbackSecret', { bots: [bot({ callbackSecret: signing('\0'.repeat(32)) })] }],
    ['short', 'providers[0].settings.webhookSecret', { providers: [provider({ webhookSecret: 'short' })] }],
    ['short', 'providers[0].settings.door', { providers: [provider({ door: 'short' })] }],
    [
      'short',
      'providers[0].copilot.urlToken',
      { providers: [provider({}, { copilot: { baseUrl: 'http://c', urlToken: 't' } })] },
    ],
    [
      'short',
      'providers[0].copilot.previousUrlToken',
      {
        providers: [
          provider({}, { copilot: { baseUrl: 'http://c', urlToken: GOOD[1], previousUrlToken: 'changeme' } }),
        ],
      },
    ],
  ])('are refused in production when %s: %s', (_, key, file) => {
    const [refused, problem, ...more] = said(file);
    expect([refused, more]).toEqual(['refused', []]);
    expect(problem).toContain(`${key}: is `);
    expect(problem).toMatch(/handover\.yaml:\d+: .*openssl rand -(hex|base64) 32/);
    expect(said(file, {})).toEqual([problem]);
  });

  it('pass when they are long, random and each its own', () => {
    const file = {
      bots: [bot({ callbackSecret: signing('q0w9e8r7t6z5u4i3o2p1-aQx') })],
      providers: [
        provider({ webhookSecret: GOOD[1], apiKey: 'k1' }, { copilot: { baseUrl: 'http://c', urlToken: GOOD[2] } }),
        provider({ apiKey: 'k1' }, { name: 'q' }),
      ],
    };
    expect(said(file)).toEqual([]);
  });

  it('that a vendor gave out may be short, and open several accounts of theirs, but are no placeholders', () => {
    expect(said({ providers: [provider({ apiKey: 'k1' })] })).toEqual([]);
    expect(said({ providers: [provider({ apiKey: 'replace-me-with-your-key' })] })).toEqual([
      'refused',
      expect.stringMatching(/apiKey: is a placeholder: put the value there that the other system gave out/),
    ]);
  });

  it.each<[string, object]>([
    ['a bot and the operator', { bots: [bot({ apiKey: GOOD[3] })] }],
    ['a bot and a webhook', { bots: [bot({})], providers: [provider({ webhookSecret: GOOD[0] })] }],
    [
      "a bot's key and its callback secret",
      {
        bots: [
          bot({
            apiKey: 'c2VjcmV0IG9mIDMyIGJ5dGVzIGZvciBjYWxsYmFja3M',
            callbackSecret: 'whsec_c2VjcmV0IG9mIDMyIGJ5dGVzIGZvciBjYWxsYmFja3M=',
          }),
        ],
      },
    ],
    [
      'two callbacks',
      {
        bots: [
          bot({ callbackSecret: signing(GOOD[1]!) }),
          { name: 'b', apiKey: GOOD[2], callbackSecret: signing(GOOD[1]!) },
        ],
      },
    ],
    [
      'a webhook and a copilot',
      { providers: [provider({ door: GOOD[1] }, { copilot: { baseUrl: 'http://c', urlToken: GOOD[1] } })] },
    ],
    [
      'a copilot before and after',
      { providers: [provider({}, { copilot: { baseUrl: 'http://c', urlToken: GOOD[1], previousUrlToken: GOOD[1] } })] },
    ],
    [
      'accounts of two vendors',
      { providers: [provider({ apiKey: 'k1' }), { name: 'q', type: 'two', settings: { apiKey: 'k1' } }] },
    ],
    ['a vendor and a bot', { bots: [bot({})], providers: [provider({ apiKey: GOOD[0] })] }],
  ])('are not shared by %s', (_, file) => {
    const problems = said(file);
    expect(problems).toEqual([
      'refused',
      expect.stringMatching(/yaml:\d+: \S+: is the same as .*: no secret may be used twice/),
    ]);
    expect(said(file, {})).toEqual(problems.slice(1));
    expect(problems.join()).not.toMatch(new RegExp(GOOD.join('|')));
  });

  it('of the environment are not shared either', () => {
    const key = Buffer.from('the same thirty-two bytes, twice').toString('base64');
    const env = { HANDOVER_ADMIN_KEY: key, HANDOVER_ENCRYPTION_KEY: key };
    expect(() => readEnvironment({ ...env, NODE_ENV: 'production' }, folder)).toThrow(
      /^HANDOVER_ENCRYPTION_KEY: is the same as HANDOVER_ADMIN_KEY/,
    );
    expect(readEnvironment(env, folder).warnings).toHaveLength(1);
  });
});

describe('a secret with something invisible around it', () => {
  const broken = ['\n', '\r\n', ' ', '\t', '\0', '\u00a0', '\ufeff', '\u2028'];

  it.each(['apiKey', 'webhookSecret', 'door', 'pem'])(
    'is refused as the setting %s, also outside of production',
    (name) => {
      for (const odd of broken)
        expect(parseAs(Settings, { [name]: `${GOOD[0]}${odd}` }).errors).toEqual([
          { pointer: `/${name}`, detail: expect.stringMatching(/must be .*without blanks or line breaks around it/) },
        ]);
      expect(parseAs(Settings, { [name]: ` ${GOOD[0]}` }).errors).toHaveLength(1);
      expect(parseAs(Settings, { [name]: GOOD[0] }).errors).toEqual([]);
    },
  );

  it('is refused in what is not of a provider', () => {
    for (const odd of broken) {
      expect(parseAs(CopilotConfig, { urlToken: `zwei Wörter${odd}` }).errors).toHaveLength(1);
      expect(parseAs(CopilotConfig, { urlToken: 't', previousUrlToken: `t${odd}` }).errors).toHaveLength(1);
      expect(parseAs(BotConfig, bot({ apiKey: `k${odd}` })).errors).toHaveLength(1);
      expect(parseAs(BotConfig, bot({ callbackSecret: signing(GOOD[0]!) + odd })).errors).toHaveLength(1);
    }
    expect(parseAs(CopilotConfig, { urlToken: 'zwei Wörter' }).errors).toEqual([]);
  });

  it('may have lines within, where it is a key in PEM form', () => {
    const pem = '-----BEGIN KEY-----\nYWJj\n-----END KEY-----';
    expect(parseAs(Settings, { pem }).errors).toEqual([]);
    expect(parseAs(Settings, { apiKey: pem, webhookSecret: 'grün' }).errors).toHaveLength(2);
  });
});

describe('the file .env', () => {
  const written = (bytes: Buffer | string): NodeJS.ProcessEnv => {
    const env: NodeJS.ProcessEnv = { SET: 'before', NOTHING: '' };
    writeFileSync(join(folder, '.env'), bytes);
    readEnvFile(folder, env);
    return env;
  };

  it('is read with the mark that Windows puts before UTF-8, and with its line ends', () => {
    for (const mark of ['', '\ufeff'])
      expect(written(`${mark}FIRST=grün\r\nSET=after\r\nNOTHING=after\r\nexport LAST="a b"\r\n`)).toEqual({
        ...{ FIRST: 'grün', SET: 'before', NOTHING: '', LAST: 'a b' },
      });
  });

  it.each([
    ['UTF-16 with its mark', Buffer.from('\ufeffA=1', 'utf16le'), /is not UTF-8 text but UTF-16: save it as UTF-8/],
    ['big-endian UTF-16', Buffer.from('\ufeffA=1', 'utf16le').swap16(), /is not UTF-8 text but UTF-16/],
    ['UTF-16 without it', Buffer.from('A=1', 'utf16le'), /is not UTF-8 text: save it/],
    ['Latin-1', Buffer.from('A=grün', 'latin1'), /is not UTF-8 text: save it/],
  ])('in %s is refused', (_, bytes, expected) => {
    expect(() => written(bytes)).toThrow(expected);
    expect(() => written(bytes)).toThrow(ConfigError);
  });

  it('is none where there is none, and a mistake where it is a folder', () => {
    rmSync(join(folder, '.env'), { force: true });
    readEnvFile(folder, {});
    mkdirSync(join(folder, '.env'));
    expect(() => readEnvFile(folder, {})).toThrow(/\.env: is a folder and not a file: .*Docker makes a folder/);
    rmSync(join(folder, '.env'), { recursive: true });
  });
});

describe('user and password in a callback URL', () => {
  it('are told apart from the address', () => {
    expect(callbackAddress('https://hook:p%40ss%20w%C3%B6rd@bot.example.com:8443/cb?x=1')).toEqual({
      ...{ url: 'https://bot.example.com:8443/cb?x=1', credentials: 'hook:p@ss wörd', flaw: null },
    });
    expect(callbackAddress('https://token@bot.example.com/')).toMatchObject({ credentials: 'token:', flaw: null });
    expect(callbackAddress('https://bot.example.com')).toEqual({
      ...{ url: 'https://bot.example.com', credentials: null, flaw: null },
    });
  });

  it('are refused where HTTP cannot send them', () => {
    for (const user of ['a%3Ab:c', 'a:b%0Ac', 'a:100%'])
      expect(said({ bots: [bot({ callbackUrl: `http://${user}@h/cb`, callbackSecret: signing(GOOD[1]!) })] })).toEqual([
        'refused',
        expect.stringMatching(/yaml:\d+: bots\[0\]\.callbackUrl: has a user/),
      ]);
  });
});
