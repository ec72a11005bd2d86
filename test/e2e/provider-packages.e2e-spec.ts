import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GatewayProcess } from '../support/gateway-process.js';
import { Installation } from '../support/installation.js';

/** A package with one contact centre; `over` is laid over its definition. */
const contactCentre = (over: string): string => `
  import { Module } from '@nestjs/common';
  import { ContactCentre, CONTRACT_VERSION } from 'handover-gateway/contract';
  class Sample {
    definition = {
      key: 'sample', contractVersion: CONTRACT_VERSION, title: 'Sample', docsUrl: 'https://example.com',
      capabilities: [], settings: class {}, handoverSettings: class {}, ...${over}
    };
    open() { return {}; }
  }
  ContactCentre()(Sample);
  export default class SampleModule {}
  Module({ providers: [Sample], exports: [Sample] })(SampleModule);
`;

/** As a bundler leaves it: with a contract inside. */
const WITH_ITS_OWN_CONTRACT = contactCentre('{}').replace(
  "import { ContactCentre, CONTRACT_VERSION } from 'handover-gateway/contract';",
  `import { SetMetadata } from '@nestjs/common';
   const CONTRACT_VERSION = 1, CONTRACT_COPY = Symbol('contract');
   const ContactCentre = () => SetMetadata('handover:contact-centre', CONTRACT_COPY);`,
);

describe('a package that is no provider for this gateway', () => {
  let installation: Installation;
  beforeAll(() => {
    installation = new Installation();
    const packages: Record<string, string> = {
      '@acme/good': contactCentre('{}'),
      '@acme/same-key': contactCentre('{}'),
      '@acme/chatwoot': contactCentre("{ key: 'chatwoot' }"),
      '@acme/other-version': contactCentre('{ contractVersion: 99 }'),
      '@acme/bundled': WITH_ITS_OWN_CONTRACT,
      '@acme/no-module': 'export default { key: "sample" };',
      '@acme/no-contact-centre': contactCentre('{}').replace('ContactCentre()(Sample);', ''),
      '@acme/dependent': `import 'not-installed-either'; ${contactCentre('{}')}`,
    };
    for (const [name, source] of Object.entries(packages)) installation.write(name, source);
  });
  afterAll(() => installation.remove());

  const start = (packages: string): Promise<GatewayProcess> => {
    const env = {
      HANDOVER_PROVIDERS: packages,
      PORT: '0',
      DATA_DIR: join(installation.folder, 'data'),
      DATABASE_URL: process.env.TEST_DATABASE_URL,
    };
    return GatewayProcess.start(env, installation.folder, () => undefined, installation.gateway);
  };

  it.each([
    ['@acme/nowhere', /@acme\/nowhere is not installed: run "npm install --no-save @acme\/nowhere"/],
    ['@acme/dependent', /@acme\/dependent cannot be loaded \(Cannot find package 'not-installed-either' .*\): install/],
    ['@acme/no-module', /@acme\/no-module has no contact centre: its default export must be a Nest module/],
    [
      '@acme/no-contact-centre',
      /@acme\/no-contact-centre has no contact centre: .* provides and exports a class with @ContactCentre\(\)/,
    ],
    ['@acme/bundled', /@acme\/bundled brings a contract of its own: .* must import "handover-gateway\/contract"/],
    ['@acme/other-version', /@acme\/other-version was written for version 99 of the contract, .* has version 1: use/],
    ['@acme/chatwoot', /@acme\/chatwoot has the key "chatwoot", and so has one of the gateway itself: .* leave one/],
    ['@acme/good,@acme/same-key', /@acme\/same-key has the key "sample", and so has @acme\/good: .* leave one/],
  ])('%s keeps the gateway from starting, by name and with what to do', async (packages, why) => {
    const refusal = await start(packages).then(
      async (gateway) => `it started, and stopped with ${await gateway.stop()}`,
      ({ message }: Error) => message,
    );
    expect(refusal).toMatch(/^the gateway ended with 1: The gateway cannot start\.\nHANDOVER_PROVIDERS: .*\n$/);
    expect(refusal).toMatch(why);
  });
});
