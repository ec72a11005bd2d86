import { availableParallelism } from 'node:os';
import { chromiumPath } from './test/browser/available.js';

if (!chromiumPath) {
  process.stderr.write(
    'The browser tests are left out: no Chromium or Chrome was found. Install one, or set CHROMIUM_PATH to its executable.\n',
  );
}

export const common = {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^handover-gateway/(.*)$': '<rootDir>/libs/$1/index.ts',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

/**
 * Four suites: `unit` needs nothing, `e2e` starts its own PostgreSQL, `faults` breaks what it runs, `browser` runs the try-out
 * and the copilot's page, in a Chromium where there is one.
 */
export default {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{apps,libs,examples}/**/*.spec.ts', '<rootDir>/test/house/*.spec.ts'],
    },
    {
      ...common,
      displayName: 'e2e',
      testEnvironment: '<rootDir>/test/support/built-environment.js',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e-spec.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.js',
      globalTeardown: '<rootDir>/test/support/global-teardown.js',
    },
    {
      ...common,
      displayName: 'faults',
      testEnvironment: '<rootDir>/test/support/built-environment.js',
      testMatch: ['<rootDir>/test/faults/*.faults-spec.ts'],
    },
    {
      ...common,
      displayName: 'browser',
      testEnvironment: '<rootDir>/test/support/built-environment.js',
      testMatch: ['<rootDir>/test/browser/*.browser-spec.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        ...(chromiumPath ? [] : ['/(try-out|copilot|whole-handover).browser-spec.ts$']),
      ],
      globalSetup: '<rootDir>/test/support/global-setup.js',
      globalTeardown: '<rootDir>/test/support/global-teardown.js',
    },
  ],
  testTimeout: 90_000,
  // Most of the time tests wait for something to happen, so that two cores have room for five.
  maxWorkers: Math.min(8, Math.ceil(2.5 * availableParallelism())),
};
