import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** Runs the soak: `npm run test:soak -- --minutes 30 --seed 7`. */
const defaults = {
  minutes: '10',
  conversations: '20',
  messages: '50',
  replicas: '2',
  seed: String(Date.now() % 1_000_000),
};
const options = Object.fromEntries(
  Object.entries(defaults).map(([name, value]) => [name, { type: 'string', default: value }]),
);
const { values } = parseArgs({ options });
const settings = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value)]));
const wrong = Object.entries(settings).filter(([, value]) => !(value >= 0));
if (wrong.length > 0) {
  process.stderr.write(`These must be numbers: ${wrong.map(([name]) => `--${name}`).join(', ')}\n`);
  process.exit(1);
}
const jest = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];
const { status } = spawnSync(process.execPath, [...jest, '--config', 'test/faults/soak.config.js'], {
  stdio: 'inherit',
  env: { ...process.env, SOAK: JSON.stringify(settings) },
});
process.exit(status ?? 1);
