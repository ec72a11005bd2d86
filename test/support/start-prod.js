import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Starts the built gateway with `npm run start:prod` and nothing configured, waits until it is ready, and stops it by SIGTERM. */
const folder = mkdtempSync(join(tmpdir(), 'handover-prod-'));
const port = await freePort();
const gateway = spawn(process.execPath, ['dist/apps/gateway/main.js'], {
  env: { ...process.env, PORT: String(port), DATA_DIR: join(folder, 'data'), DATABASE_URL: '', HANDOVER_CONFIG: '' },
  stdio: ['ignore', 'ignore', 'inherit'],
});
const ended = new Promise((resolve) => gateway.once('exit', (code, signal) => resolve(code ?? signal)));
const deadline = Date.now() + 30_000;
while (!(await isReady())) {
  if (gateway.exitCode !== null || Date.now() > deadline) fail('the gateway did not become ready');
  await pause(100);
}
gateway.kill('SIGTERM');
const code = await ended;
rmSync(folder, { recursive: true, force: true });
if (code !== 0) fail(`the gateway ended with ${code}`);
process.stdout.write('started, became ready, stopped with 0\n');

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

function fail(why) {
  process.stderr.write(`${why}\n`);
  gateway.kill('SIGKILL');
  process.exit(1);
}
