import { setFlagsFromString } from 'node:v8';
import { fileTrouble, readEnvFile } from '#config';
import { createLogger } from '#telemetry';
import { startGateway, type Gateway } from './gateway.js';

/** A stop that takes longer than this has gone wrong, in milliseconds. */
const STOP_WITHIN_MS = 10_000;

// Collects garbage when half of what is in use has been added, not when as much again has: a third less memory at the same
// speed, see docs/adr/0005.
setFlagsFromString('--heap-growing-percent=50');

const starting = start();
// From the first moment on: a start that is cut off would leave its database running.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop());

try {
  const { newAdminKey } = (await starting).runtime.keys;
  // An error that no one caught is one listener's; all state is in the database, and others are served on.
  const log = createLogger('error');
  process.on('uncaughtException', (error: Error, origin) =>
    log.error({ origin, err: error.message, stack: error.stack }, 'an error that nothing caught'),
  );
  if (newAdminKey) process.stdout.write(`The admin key was generated and is shown this once: ${newAdminKey}\n`);
} catch (error) {
  process.stderr.write(`The gateway cannot start.\n${explain(error as NodeJS.ErrnoException)}\n`);
  process.exit(1);
}

async function start(): Promise<Gateway> {
  readEnvFile(process.cwd(), process.env);
  return startGateway();
}

async function stop(): Promise<void> {
  const late = setTimeout(() => {
    process.stderr.write('The gateway did not stop in time.\n');
    process.exit(1);
  }, STOP_WITHIN_MS);
  // A start that fails has let go of everything itself.
  await starting.then((gateway: Gateway) => gateway.stop());
  clearTimeout(late);
  process.exit(0);
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE')
    return `Port ${(error as { port?: number }).port} is taken: stop what listens there, or set PORT to another one.`;
  if (error.code === 'EACCES' && error.syscall === 'listen')
    return 'This port may not be used by this user: set PORT to one above 1023.';
  if (error.code === 'EADDRNOTAVAIL' || error.syscall === 'getaddrinfo')
    return `HOST: this machine has no address "${process.env.HOST}": use 127.0.0.1, 0.0.0.0 or one of its own addresses.`;
  if (error.code !== undefined && error.path !== undefined) return `${error.path} ${fileTrouble(error, error.path)}.`;
  return ['ConfigError', 'StartError'].includes(error.name) ? error.message : (error.stack ?? error.message);
}
