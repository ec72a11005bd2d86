import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 15_000;
const POLL_MS = 20;

/** A Node process that serves HTTP on a port of its own, with its output in a file. It does not outlive the workbench. */
export class Child {
  #process;
  #logFile;

  /** Resolves once `isReady` says so. @throws {Error} with the end of its output, when it ends before or takes too long */
  static async start(bench, { name, script, env, isReady }) {
    const child = new Child();
    child.port = await freePort();
    child.#logFile = join(bench.folder, `${name}-${child.port}.log`);
    const output = openSync(child.#logFile, 'a');
    child.#process = spawn(process.execPath, [script], {
      env: { PATH: process.env.PATH, PORT: String(child.port), NODE_ENV: 'production', ...env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    bench.onClose(() => child.stop());
    const deadline = performance.now() + READY_WITHIN_MS;
    while (!(await isReady(child.port).catch(() => false))) {
      if (child.hasEnded || performance.now() > deadline) {
        child.kill();
        throw new Error(`The ${name} did not start:\n${child.lastLines()}`);
      }
      await pause(POLL_MS);
    }
    return child;
  }

  get pid() {
    return this.#process.pid;
  }

  get hasEnded() {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Ends it as an operator would. */
  async stop() {
    if (this.hasEnded) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    await Promise.race([ended, pause(STOP_WITHIN_MS, null, { ref: false })]);
    if (!this.hasEnded) await this.kill();
  }

  /** Ends it as a power cut would. */
  async kill() {
    if (this.hasEnded) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  lastLines() {
    return readFileSync(this.#logFile, 'utf8').trim().split('\n').slice(-10).join('\n');
  }
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
