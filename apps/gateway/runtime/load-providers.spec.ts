import { describe, expect, it } from '@jest/globals';
import {
  CONTRACT_VERSION,
  type Capability,
  type HandoverProvider,
  type ProviderDefinition,
  type ProviderSession,
} from '#contract';
import { checkCapabilities, checkDefinitions } from './load-providers.js';

describe('what a provider declares', () => {
  const definition = (capabilities: Capability[]): ProviderDefinition => ({
    key: 'sample',
    contractVersion: CONTRACT_VERSION,
    title: 'Sample',
    docsUrl: '',
    capabilities,
    settings: Object,
    handoverSettings: Object,
  });
  const typing = { typing: async () => undefined } as unknown as ProviderSession;
  const nothing = {} as unknown as ProviderSession;

  it.each([
    [[], nothing, null],
    [['typing'], typing, null],
    [['typing'], nothing, /"sample" declares the capability "typing"/],
    [[], typing, /"sample" have the method "typing"/],
  ] as [Capability[], ProviderSession, RegExp | null][])(
    '%j must be what its sessions can do',
    (declared, session, error) => {
      const check = (): void => checkCapabilities(definition(declared), session);
      if (error) expect(check).toThrow(error);
      else expect(check).not.toThrow();
    },
  );
});

describe('the definitions of all providers', () => {
  class Ours {
    definition?: unknown = { key: 'sample', contractVersion: CONTRACT_VERSION };
    constructor(over?: object | null) {
      if (over !== undefined) this.definition = over ?? undefined;
    }
  }
  class Theirs extends Ours {}
  const check = (...providers: Ours[]): void =>
    checkDefinitions(providers as HandoverProvider[], new Map([[Theirs, '@acme/theirs']]));

  it.each([
    [[new Ours(), new Ours()], 'Provider "sample" has the key "sample", and so has one of the gateway itself: '],
    [[new Ours(), new Theirs()], 'HANDOVER_PROVIDERS: @acme/theirs has the key "sample", and so has one of '],
    [[new Theirs(), new Theirs()], 'HANDOVER_PROVIDERS: @acme/theirs has the key "sample", and so has @acme/theirs: '],
    [[new Theirs({ key: 'x', contractVersion: 2 })], 'HANDOVER_PROVIDERS: @acme/theirs was written for version 2 of '],
    [[new Theirs(null)], 'HANDOVER_PROVIDERS: @acme/theirs was written for version undefined of the contract'],
    ...['Sample', 'a key', 'a-key', '', '1a', 'a/b', `a${'b'.repeat(63)}`, undefined].map((key): [Ours[], string] => [
      [new Theirs({ key, contractVersion: CONTRACT_VERSION })],
      `HANDOVER_PROVIDERS: @acme/theirs has the key ${JSON.stringify(key)}: a key is `,
    ]),
  ])('are refused when they do not go together (%#)', (providers, why) => {
    expect(() => check(...providers)).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(why) }),
    );
  });

  it('are taken when they do', () => {
    check(new Ours(), new Theirs({ key: `a${'b'.repeat(62)}`, contractVersion: CONTRACT_VERSION }));
  });
});
