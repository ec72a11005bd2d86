import { inspect } from 'node:util';
import { parseAs, settingsOf, withDefaults, type FieldError } from '#contract';
import { contextFor, requestOf, sample, withAccount } from '../account.js';
import type { ProviderHarness } from '../harness.js';
import { ensure, type Rule } from '../rule.js';

const BASE_URL = 'http://127.0.0.1:9';
const SEE_SETTING = '@Setting in libs/contract/settings.ts';
const SEE_CHECK = 'HandoverProvider.checkSettings in libs/contract/provider.ts';
/** Of no type that a setting may have. */
const WRONG: unknown = [null];

/** What the gateway would say about these settings, as it asks before it starts. */
function errorsOf(harness: ProviderHarness, plain: Record<string, unknown>): FieldError[] {
  const provider = harness.provider();
  const { settings: type } = provider.definition;
  const { value, errors } = parseAs(type, plain);
  if (errors.length > 0) return errors;
  const complete = withDefaults(type, value);
  const found = provider.checkSettings?.(complete, contextFor()) ?? [];
  if (found.length === 0) provider.open(complete, contextFor());
  return found;
}

function ensureNamed(errors: FieldError[], pointer: string, what: string): void {
  const named = errors.find((error) => error.pointer === pointer);
  ensure(named, `${what} is not refused at ${pointer}, but ${errors.length > 0 ? `as ${inspect(errors)}` : 'taken'}`);
  ensure(named.detail.trim() !== '', `${what} is refused without a reason`);
}

export const settingsRules: Rule[] = [
  {
    name: 'the sample settings are valid, with every default',
    see: SEE_SETTING,
    async run(harness) {
      for (const account of ['first', 'second'] as const) {
        const errors = errorsOf(harness, harness.settings(BASE_URL, account));
        ensure(errors.length === 0, `the sample settings of the ${account} account are refused: ${inspect(errors)}`);
      }
      const { settings, handoverSettings } = harness.provider().definition;
      for (const type of [settings, handoverSettings]) {
        const entries = Object.entries(settingsOf(type));
        const defaults = entries.flatMap(([name, one]) => (one.default === undefined ? [] : [[name, one.default]]));
        const { errors } = parseAs(type, Object.fromEntries(defaults) as object);
        const wrong = errors.filter(({ pointer }) => defaults.some(([name]) => `/${String(name)}` === pointer));
        ensure(wrong.length === 0, `a default is not valid: ${inspect(wrong)}`);
      }
    },
  },
  {
    name: 'the sample settings have a value for every secret, another one in each account',
    see: 'ProviderHarness.settings in libs/testkit/harness.ts',
    async run(harness) {
      const declared = Object.entries(settingsOf(harness.provider().definition.settings));
      for (const [name] of declared.filter(([, { secret }]) => secret)) {
        const [first, second] = (['first', 'second'] as const).map((account) => {
          const { [name]: value } = harness.settings(BASE_URL, account);
          ensure(
            typeof value === 'string' && value !== '',
            `the ${account} account has no value for the secret ${name}, so nothing shows whether it leaks`,
          );
          return value;
        });
        const isShared = harness.sharedSecrets?.includes(name) ?? false;
        ensure(
          (first === second) === isShared,
          isShared
            ? `the accounts have different values for the secret ${name}, which sharedSecrets says is the same in all`
            : `both accounts have the same value for the secret ${name}: is it one that the vendor has for all accounts, name it in sharedSecrets`,
        );
      }
    },
  },
  {
    name: 'the sample request to start is valid',
    see: 'ProviderSession.validate in libs/contract/provider.ts',
    async run(harness) {
      sample(harness.provider().definition.handoverSettings, harness.defaults);
      await withAccount(harness, async ({ session }) => {
        const errors = session.validate(requestOf(harness));
        ensure(errors.length === 0, `the sample request is refused: ${inspect(errors)}`);
      });
    },
  },
  {
    name: 'a missing setting is refused by its name, or is not needed',
    see: SEE_SETTING,
    async run(harness) {
      const declared = settingsOf(harness.provider().definition.settings);
      const settings = harness.settings(BASE_URL, 'first');
      for (const [name, { required }] of Object.entries(declared)) {
        const { [name]: _left, ...rest } = settings;
        const errors = errorsOf(harness, rest);
        if (required || errors.length > 0) ensureNamed(errors, `/${name}`, `a missing ${name}`);
      }
    },
  },
  {
    name: 'a setting of the wrong type is refused by its name',
    see: SEE_SETTING,
    async run(harness) {
      const { settings, handoverSettings } = harness.provider().definition;
      for (const [type, plain] of [
        [settings, harness.settings(BASE_URL, 'first')],
        [handoverSettings, harness.defaults],
      ] as const)
        for (const name of new Set([...Object.keys(plain), ...Object.keys(settingsOf(type))]))
          ensureNamed(parseAs(type, { ...plain, [name]: WRONG }).errors, `/${name}`, `a list as ${name}`);
    },
  },
  {
    name: 'an address with credentials in it is refused by its name',
    see: SEE_CHECK,
    async run(harness) {
      const declared = Object.entries(settingsOf(harness.provider().definition.settings));
      for (const [name] of declared.filter(([, { type }]) => type === 'url')) {
        const change = { [name]: 'https://user:password@example.com' };
        ensureNamed(
          errorsOf(harness, { ...harness.settings(BASE_URL, 'first'), ...change }),
          `/${name}`,
          `credentials in ${name}`,
        );
      }
    },
  },
  {
    name: 'what only the provider knows to be wrong is refused by its name',
    see: SEE_CHECK,
    async run(harness) {
      for (const { change, pointer } of harness.wrongSettings) {
        const errors = errorsOf(harness, { ...harness.settings(BASE_URL, 'first'), ...change });
        ensureNamed(errors, pointer, `the change of ${Object.keys(change).join(', ')}`);
      }
    },
  },
];
