import { existsSync } from 'node:fs';
import { startGateway, type Gateway } from './gateway.js';

/** A stop that takes longer than this has gone wrong, in milliseconds. */
const STOP_WITHIN_MS = 10_000;

if (existsSync('.env')) process.loadEnvFile('.env');

try {
  const gateway = await startGateway();
  showNewAdminKey(gateway);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(gateway));
} catch (error) {
  process.stderr.write(`The gateway cannot start.\n${explain(error as NodeJS.ErrnoException)}\n`);
  process.exit(1);
}

async function stop(gateway: Gateway): Promise<void> {
  const late = setTimeout(() => {
    process.stderr.write('The gateway did not stop in time.\n');
    process.exit(1);
  }, STOP_WITHIN_MS);
  await gateway.stop();
  clearTimeout(late);
  process.exit(0);
}

function showNewAdminKey({ runtime }: Gateway): void {
  const { newAdminKey } = runtime.keys;
  if (newAdminKey) process.stdout.write(`The admin key was generated and is shown this once: ${newAdminKey}\n`);
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${(error as { port?: number }).port} is taken: stop what listens there, or set PORT to another one.`;
  if (error.code === 'EACCES' && error.syscall === 'listen')
    return 'This port may not be used by this user: set PORT to one above 1023.';
  return error.name === 'ConfigError' ? error.message : (error.stack ?? error.message);
}
