import { CAPABILITIES, CONTRACT_VERSION, settingsOf, type SettingOptions } from '#contract';
import { withAccount } from '../account.js';
import type { ProviderHarness } from '../harness.js';
import { ensure, type Rule } from '../rule.js';

const SECRET_NAME = /(key|secret|token|password|passphrase|credentials?)$/i;
const SEE = 'ProviderDefinition in libs/contract/provider.ts';

/** All settings of both classes, by their names. */
function allSettings(harness: ProviderHarness): [string, SettingOptions][] {
  const { settings, handoverSettings } = harness.provider().definition;
  return [...Object.entries(settingsOf(settings)), ...Object.entries(settingsOf(handoverSettings))];
}

export const definitionRules: Rule[] = [
  {
    name: "the definition has a key, a title, and the address of the vendor's documentation",
    see: SEE,
    async run(harness) {
      const { key, title, docsUrl, contractVersion } = harness.provider().definition;
      ensure(/^[a-z][A-Za-z0-9]{1,63}$/.test(key), `key is "${key}": it must be camelCase`);
      ensure(title.trim() !== '', 'title is empty');
      ensure(
        URL.canParse(docsUrl) && docsUrl.startsWith('https://'),
        `docsUrl is "${docsUrl}": it must be an https URL`,
      );
      ensure(contractVersion === CONTRACT_VERSION, `contractVersion must be ${CONTRACT_VERSION}`);
    },
  },
  {
    name: 'every setting has a title and help',
    see: 'SettingOptions in libs/contract/settings.ts',
    async run(harness) {
      for (const [name, { title, help }] of allSettings(harness)) {
        ensure(title.trim() !== '', `the setting ${name} has no title`);
        ensure(
          help.trim().length >= 10,
          `the setting ${name} has no help: say what it does and where its value comes from`,
        );
      }
    },
  },
  {
    name: 'every setting that holds a secret is marked as one',
    see: 'SettingOptions.secret in libs/contract/settings.ts',
    async run(harness) {
      for (const [name, { type, secret }] of allSettings(harness))
        ensure(
          secret || type !== 'string' || !SECRET_NAME.test(name),
          `the setting ${name} is not marked as a secret: add secret: true, or find a name that does not sound like one`,
        );
    },
  },
  {
    name: 'a capability is declared if and only if its method is there',
    see: SEE,
    async run(harness) {
      const { capabilities } = harness.provider().definition;
      await withAccount(harness, async ({ session }) => {
        for (const capability of CAPABILITIES) {
          const [isDeclared, isThere] = [capabilities.includes(capability), session[capability] !== undefined];
          ensure(!isDeclared || isThere, `the capability ${capability} is declared, and sessions have no such method`);
          ensure(
            isDeclared || !isThere,
            `sessions have the method ${capability}, which is not declared as a capability`,
          );
        }
      });
    },
  },
];
