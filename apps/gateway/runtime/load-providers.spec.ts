import { describe, expect, it } from '@jest/globals';
import { CONTRACT_VERSION, type Capability, type ProviderDefinition, type ProviderSession } from '#contract';
import { checkCapabilities } from './load-providers.js';

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
