import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Setting } from '#contract';
import { ConfigError, readConfigFile, type FileConfig, type ProviderType } from './index.js';

class Settings {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where it is.', default: 'https://api.example.com' })
  baseUrl: string;
  @Setting({ type: 'string', title: 'Key', help: 'A key.', required: true, secret: true })
  apiKey: string;
  @Setting({ type: 'duration', title: 'Grace', help: 'How long.', default: '10s' })
  endGrace: string;
  @Setting({ type: 'duration', title: 'Tolerance', help: 'How old.', default: '5m' })
  webhookTolerance: string;
  @Setting({ type: 'choice', title: 'Mode', help: 'Which.', choices: ['required', 'off'], default: 'required' })
  mode: string;
}

class HandoverSettings {
  @Setting({ type: 'string', title: 'Channel', help: 'Which.' })
  channelId: string;
  @Setting({ type: 'object', title: 'Extra', help: 'Anything.' })
  jsonProperties: object;
}

const sample: ProviderType = { key: 'sample', settings: Settings, handoverSettings: HandoverSettings };

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handover-config-'));
  path = join(folder, 'handover.yaml');
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string | Buffer, env: NodeJS.ProcessEnv = {}, types = [sample]): FileConfig {
  writeFileSync(path, text);
  return readConfigFile(path, env, types);
}

/** The problems without the path, which is the same in all of them. */
function problemsOf(text: string | Buffer, env: NodeJS.ProcessEnv = {}, types = [sample]): string[] {
  try {
    read(text, env, types);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => problem.replace(`${path}:`, ''));
    throw error;
  }
  return [];
}

const bot = (more: string): string => `bots:\n  - name: a\n    apiKey: k\n    ${more}\n`;
const provider = (more: string): string =>
  `providers:\n  - name: p\n    type: sample\n    settings:\n      apiKey: k\n    ${more}\n`;

describe('configuration file', () => {
  it('reads bots and providers', () => {
    const config = read(
      `bots:
  - name: shop
    apiKey: "\${KEY}"
    callbackUrl: http://localhost:5000/events
    callbackSecret: \${SECRET}
  - { name: faq, apiKey: other }
providers:
  - name: support
    type: sample
    settings: { apiKey: k, endGrace: 1m }
    defaults: { channelId: c, jsonProperties: { user: { constructor: [1, null] } } }
    inactivity: { timeout: 10m }
    waitTimeout: 15m
`,
      { KEY: 'k1', SECRET: `whsec_${Buffer.alloc(32).toString('base64')}` },
    );
    expect(config.bots).toMatchObject([
      { name: 'shop', apiKey: 'k1', callbackUrl: 'http://localhost:5000/events' },
      { name: 'faq', apiKey: 'other' },
    ]);
    expect(JSON.parse(JSON.stringify(config.providers))).toEqual([
      {
        name: 'support',
        type: 'sample',
        settings: { apiKey: 'k', endGrace: '1m' },
        defaults: { channelId: 'c', jsonProperties: { user: { constructor: [1, null] } } },
        inactivity: { timeout: '10m', reminders: 1, close: true },
        waitTimeout: '15m',
      },
    ]);
  });

  it('is empty without a file, and with an empty one', () => {
    const retention = { inbox: '7d', attachments: '30d' };
    expect(readConfigFile(null, {}, [])).toEqual({ path: null, bots: [], providers: [], retention, warnings: [] });
    for (const text of ['', '# nothing\n', 'bots:\nproviders: []\nretention:\n', '{}', 'retention: {}'])
      expect(read(text)).toEqual({ path, bots: [], providers: [], retention, warnings: [] });
  });

  it.each([
    ['an unknown top-level key', 'bots: []\nbot: []\n', /^2: bot: is not a known key/],
    ['a top level that is no mapping', '- bots\n', /^1: must be a mapping/],
    ['a list that is none', 'bots:\n  name: a\n', /^1: bots: must be a list/],
    ['an entry that is no mapping', 'bots:\n  - name: a\n    apiKey: k\n  - b\n', /^4: bots\[1\]: must be a mapping/],
    ['an unknown key', bot('colour: red'), /^4: bots\[0\]\.colour: is not a known field.*known here: name, apiKey/],
    ['a reserved key', bot('constructor: 1'), /^4: bots\[0\]\.constructor: is not a known field/],
    ['a bad name', 'bots:\n  - apiKey: k\n    name: My Bot\n', /^3: bots\[0\]\.name: must be 1 to 63 lower-case/],
    ['a wrong type', 'bots:\n  - name: a\n    apiKey: 17\n', /^3: bots\[0\]\.apiKey: must be .*string/],
    ['a missing key', 'bots:\n\n  - name: a\n', /^3: bots\[0\]\.apiKey: is missing$/],
    [
      'a bad URL',
      bot('callbackUrl: bot.example\n    callbackSecret: whsec_YQ=='),
      /^4: bots\[0\]\.callbackUrl: must be an http or https URL/,
    ],
    ['an unsigned callback', bot('callbackUrl: http://b'), /^2: bots\[0\]\.callbackSecret: is missing: what is sent/],
    ['a bad secret', bot('callbackSecret: whsec_'), /^4: bots\[0\]\.callbackSecret: must be whsec_ followed by base64/],
    ['a missing type', 'providers:\n  - name: p\n', /^2: providers\[0\]\.type: is missing/],
    ['an unknown type', 'providers:\n  - name: p\n    type: x\n', /^3: providers\[0\]\.type: .*use one of sample/],
    ['a bad duration', provider('waitTimeout: 5 minutes'), /^6: providers\[0\]\.waitTimeout: must be a duration/],
    ['no time at all', provider('waitTimeout: 0s'), /^6: providers\[0\]\.waitTimeout: must be longer than 0/],
    ['an unknown default', provider('defaults: { queue: 1 }'), /^6: providers\[0\]\.defaults\.queue: .*known here: ch/],
    [
      'a default of a wrong type',
      provider('defaults:\n      channelId: 7'),
      /^7: .*defaults\.channelId: must be a str/,
    ],
    ['inactivity without timeout', provider('inactivity: {}'), /^2: .*inactivity\.timeout: is missing.*on line 6$/],
    ['half a reminder', provider('inactivity: { timeout: 1m, reminders: 0.5 }'), /reminders: must be a whole number/],
    ['less than no reminder', provider('inactivity: { timeout: 1m, reminders: -1 }'), /reminders: must be 0 or more/],
    ['a word for close', provider('inactivity: { timeout: 1m, close: yes }'), /close: must be true or false/],
    [
      'an unknown inactivity key',
      provider('inactivity: { timeout: 1m, after: 1 }'),
      /known here: timeout, reminders, c/,
    ],
    ['inactivity that is a list', provider('inactivity: [{ timeout: 1m }]'), /^6: .*inactivity: must be a mapping/],
    ['half a copilot', provider('copilot: { baseUrl: http://c }'), /copilot\.urlToken: is missing/],
    ['a bad retention', 'retention:\n  inbox: a week\n', /^2: retention\.inbox: must be a duration/],
    [
      'a tolerance that the inbox forgets sooner',
      `${provider('  webhookTolerance: 31m')}retention: { inbox: 1h }\n`,
      /^6: providers\[0\]\.settings\.webhookTolerance: must be at most half of retention\.inbox, which is 1h$/,
    ],
    ['too short a retention', 'retention: { inbox: 59m }\n', /^1: retention\.inbox: must be from 1h to 3650d/],
    ['too long a retention', 'retention: { inbox: 3651d }\n', /retention\.inbox: must be from 1h to 3650d/],
    ['too short a retention of files', 'retention: { attachments: 0s }\n', /retention\.attachments: must be from 1h/],
    [
      'a retention of something else',
      'retention: { outbox: 1d }\n',
      /outbox: is not a .*known here: inbox, attachments, handovers$/,
    ],
    ['a retention that is no mapping', 'bots: []\nretention: 7d\n', /^2: retention: must be a mapping/],
    ['an unknown part', 'botz: []\n', /^1: botz: .*known here: bots, providers, retention$/],
    ['a copilot that is text', provider('copilot: x'), /^6: .*copilot: must be a mapping/],
  ])('refuses %s', (_what, text, expected) => {
    expect(problemsOf(text)).toEqual([expect.stringMatching(expected)]);
  });

  it('checks settings by the class of their type, and shows a missing one at its entry', () => {
    const text = 'providers:\n  - name: p\n    type: sample\n    settings:\n      endGrace: soon\n      key: x\n';
    expect(problemsOf(text)).toEqual([
      '2: providers[0].settings.apiKey: is missing: add it to settings on line 4',
      '5: providers[0].settings.endGrace: must be a duration such as 30s, 5m or 1h',
      expect.stringMatching(/^6: providers\[0\]\.settings\.key: is not a known field.*apiKey/),
    ]);
    expect(problemsOf('providers:\n  - name: p\n    type: sample\n    settings:\n')).toHaveLength(1);
  });

  it('asks the type itself about settings that are valid and complete', () => {
    const seen: object[] = [];
    const strict: ProviderType = {
      ...sample,
      checkSettings: (settings) => {
        seen.push({ ...settings });
        return [{ pointer: '/mode', detail: 'is refused' }];
      },
    };
    expect(problemsOf(provider('defaults: {}'), {}, [strict])).toEqual(['4: providers[0].settings.mode: is refused']);
    const full = { baseUrl: 'https://api.example.com', endGrace: '10s', webhookTolerance: '5m', mode: 'required' };
    expect(seen).toEqual([{ apiKey: 'k', ...full }]);
    problemsOf(provider('').replace('apiKey', 'apikey'), {}, [strict]);
    expect(seen).toHaveLength(1);
  });

  it('refuses names and API keys that come twice', () => {
    const bots =
      'bots:\n  - { name: a, apiKey: hunter2 }\n  - { name: b, apiKey: hunter2 }\n  - { name: a, apiKey: x }\n';
    expect(problemsOf(bots)).toEqual([
      '3: bots[1].apiKey: is the same as bots[0].apiKey on line 2: each entry needs its own',
      '4: bots[2].name: "a" is the same as bots[0].name on line 2: each entry needs its own',
    ]);
    expect(problemsOf(`${provider('')}${provider('').slice('providers:\n'.length)}`)).toEqual([
      expect.stringMatching(/^7: providers\[1\]\.name: ".*" is the same as providers\[0\]\.name on line 2/),
    ]);
  });

  it('tells all problems at once, in the order of the file', () => {
    const text = 'bots:\n  - name: A\n    apiKey: ${NOPE}\n    x: 1\n    x: 2\nproviders:\n  - type: y\nextra: 1\n';
    expect(problemsOf(text).map((problem) => problem.slice(0, 20))).toEqual([
      '2: bots[0].name: mus',
      '3: bots[0].apiKey: t',
      '4: bots[0].x: is not',
      '5: bots[0].x: is wri',
      '7: providers[0].name',
      '7: providers[0].type',
      '8: extra: is not a k',
    ]);
  });

  it('checks what holds for a provider of any type', () => {
    expect(problemsOf(provider('attachments: { maxSize: 200MiB, types: [png] }'))).toEqual([
      expect.stringMatching(/6: providers\[0\]\.attachments\.maxSize: must be a size such as .* 100MiB at the most/),
      expect.stringMatching(/6: providers\[0\]\.attachments\.types: must be media types such as image\/png/),
    ]);
    expect(problemsOf(provider('endpoint: { bot: nobody, acceptActive: true }'))).toEqual([
      expect.stringMatching(/endpoint\.acceptActive: is not a known .*known here: bot, acceptActiveEvent, handBack/),
      expect.stringMatching(/endpoint\.bot: "nobody" is not a bot of this file/),
    ]);
    expect(problemsOf(provider('copilot: { urlToken: t }'))).toEqual([
      expect.stringMatching(/2: providers\[0\]\.copilot\.baseUrl: is missing: give it, or set builtIn/),
    ]);
    expect(problemsOf(provider('maxDuration: 0s'))).toEqual([expect.stringContaining('must be longer than 0')]);
  });

  it('takes a copilot of the operator’s, or the built-in one with tokens that cannot be guessed', () => {
    const own = read(provider('copilot: { baseUrl: http://c, urlToken: t }'));
    expect(own.providers[0]!.copilot).toEqual({ baseUrl: 'http://c', urlToken: 't', builtIn: false });
    const [now, before] = ['n'.repeat(16), 'b'.repeat(16)];
    const builtIn = provider(`copilot: { builtIn: true, urlToken: ${now}, previousUrlToken: ${before} }`);
    expect(read(builtIn).providers[0]!.copilot).toEqual({ builtIn: true, urlToken: now, previousUrlToken: before });
    expect(problemsOf(provider('copilot: { builtIn: true, urlToken: fifteen-letters, previousUrlToken: u }'))).toEqual([
      expect.stringMatching(/^6: providers\[0\]\.copilot\.urlToken: must have 16 characters or more with builtIn/),
      expect.stringMatching(/^6: providers\[0\]\.copilot\.previousUrlToken: must have 16 characters or more/),
    ]);
    expect(problemsOf(provider('copilot: { builtIn: true, urlToken: "a token of words" }'))).toEqual([
      expect.stringMatching(/copilot\.urlToken: must be visible ASCII characters without spaces with builtIn/),
    ]);
  });

  it('takes any text as the token of a page of the operator’s', () => {
    const { providers } = read(provider('copilot: { baseUrl: http://c, urlToken: "zwei Wörter" }'));
    expect(providers[0]!.copilot!.urlToken).toBe('zwei Wörter');
    expect(problemsOf(provider('copilot: { baseUrl: http://c, urlToken: "" }'))).toEqual([
      expect.stringMatching(/copilot\.urlToken: must not be empty/),
    ]);
  });

  it('refuses a copilot at two addresses', () => {
    const token = 't'.repeat(16);
    expect(problemsOf(provider(`copilot: { builtIn: true, baseUrl: http://c, urlToken: ${token} }`))).toEqual([
      expect.stringMatching(
        /^6: .*copilot\.baseUrl: cannot be used with builtIn: remove it for .* of the gateway, or builtIn for/,
      ),
    ]);
  });

  it('never shows a secret', () => {
    const env = { KEY: 'hunter2 hunter2', SECRET: 'whsec_hunter2!' };
    const text = 'bots:\n  - name: a\n    apiKey: ${KEY}\n    callbackSecret: ${SECRET}\n  - hunter2\n';
    const problems = problemsOf(`${text}providers:\n  - { name: p, type: sample, settings: hunter2 }\n`, env);
    expect(problems).toHaveLength(4);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('refuses a file that is too large, not there, not text or a folder', () => {
    expect(problemsOf(`#${'x'.repeat(1024 * 1024)}`)).toEqual([expect.stringContaining('is larger than 1 MiB')]);
    expect(problemsOf(Buffer.from([0x61, 0xff, 0xfe]))).toEqual([expect.stringContaining('is not UTF-8 text')]);
    expect(() => readConfigFile(join(folder, 'none.yaml'), {}, [])).toThrow(/none\.yaml: is not there/);
    expect(() => readConfigFile(folder, {}, [])).toThrow(/: is a folder and not a file: .*Docker makes a folder/);
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('bots: []', 'utf16le')]);
    expect(problemsOf(utf16)).toEqual([expect.stringContaining('is not UTF-8 text but UTF-16: save it as UTF-8')]);
    expect(problemsOf(utf16.subarray(2))).toEqual([expect.stringContaining('is not UTF-8 text: save it as UTF-8')]);
  });
});

describe('a provider of a type that the reader does not know', () => {
  const file =
    'providers:\n  - { name: a, type: sample, settings: { apiKey: k } }\n  - { name: b, type: other, settings: { x: 1 } }\n';

  it('is a mistake where all types are known', () => {
    expect(() => read(file)).toThrow(/:3: providers\[1\]\.type: "other" is not a known type: use one of sample/);
  });

  it('is left unchecked where only some of them matter', () => {
    writeFileSync(path, file);
    const { providers } = readConfigFile(path, {}, [sample], 'unchecked');
    expect(providers.map(({ type }) => type)).toEqual(['sample', 'other']);
    writeFileSync(path, file.replace('apiKey: k', 'apiKey: 1'));
    expect(() => readConfigFile(path, {}, [sample], 'unchecked')).toThrow(/apiKey/);
  });
});
