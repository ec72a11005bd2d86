import { TestEnvironment } from 'jest-environment-node';

const MODULES = [
  'apps/gateway/gateway.js',
  'apps/simulator/chatwoot/index.js',
  'apps/simulator/chatwoot/views.js',
  'apps/simulator/index.js',
  'libs/core/index.js',
  'libs/delivery/index.js',
  'libs/persistence/index.js',
  'libs/providers/eight-by-eight/doctor/checks.js',
  'libs/providers/eight-by-eight/setup/index.js',
  'libs/telemetry/index.js',
];

/**
 * Hands the build to the tests (`built.ts` says what of it). Each worker loads it once: compiled again into the context of every
 * test file, it took longer than the tests of most.
 */
export default class BuiltEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    const loaded = await Promise.all(MODULES.map((file) => import(`../../dist/${file}`)));
    this.global.handoverBuilt = Object.assign({}, ...loaded);
  }
}
