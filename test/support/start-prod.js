import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Runs the built gateway with `npm run start:prod` and nothing configured, and ends it by SIGTERM to npm: once while its database
 * is still starting, once when it is ready. Both times it must exit with 0 and leave no process behind.
 */
const folder = mkdtempSync(join(tmpdir(), 'handover-prod-'));
// Open to the account of the database, which then stays in it.
chmodSync(folder, 0o755);
const port = await freePort();
await run('while it starts', (output) => output().includes('PostgreSQL is ready'));
await run('when it is ready', isReady);
rmSync(folder, { recursive: true, force: true });

async function run(when, isTime) {
  const npm = spawn('npm', ['run', '--silent', 'start:prod'], {
    env: { ...process.env, PORT: String(port), DATA_DIR: join(folder, 'data'), DATABASE_URL: '', HANDOVER_CONFIG: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  npm.stdout.on('data', (part) => (printed += part));
  const ended = new Promise((resolve) => npm.once('exit', (code, signal) => resolve(code ?? signal)));
  const deadline = Date.now() + 30_000;
  while (!(await isTime(() => printed))) {
    if (npm.exitCode !== null || Date.now() > deadline) fail(npm, `the gateway did not get there: ${when}`);
    await pause(20);
  }
  if (processesOf(folder)?.length === 0) fail(npm, 'the database was not found among the processes');
  npm.kill('SIGTERM');
  const code = await ended;
  if (code !== 0) fail(npm, `asked to stop ${when}, the gateway ended with ${code}`);
  const left = processesOf(folder);
  if (left?.length > 0) fail(npm, `asked to stop ${when}, the gateway left behind: ${left.join('; ')}`);
  process.stdout.write(`stopped ${when}: exit code 0, nothing left behind\n`);
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: found } = server.address();
      server.close(() => resolve(found));
    });
  });
}

async function isReady() {
  return fetch(`http://127.0.0.1:${port}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Command lines that name a path; null where the system does not tell. */
function processesOf(path) {
  if (!existsSync('/proc/self/cmdline')) return null;
  const numbers = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.flatMap((number) => {
    try {
      const command = readFileSync(`/proc/${number}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return command.includes(path) ? [command] : [];
    } catch {
      return [];
    }
  });
}

function fail(npm, why) {
  process.stderr.write(`${why}\n`);
  npm.kill('SIGKILL');
  process.exit(1);
}
