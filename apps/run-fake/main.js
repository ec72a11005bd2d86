import { spawn } from 'node:child_process';
import { fileURLToPath, URL } from 'node:url';

/** Node reads the TypeScript of the checkout here: fixtures are not in the build. */
const fake = spawn(
  process.execPath,
  [
    '--no-warnings',
    '--conditions=source',
    '--import',
    new URL('typescript.js', import.meta.url).href,
    fileURLToPath(new URL('fake.js', import.meta.url)),
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => fake.kill(signal));
fake.on('exit', (code) => (process.exitCode = code ?? 0));
