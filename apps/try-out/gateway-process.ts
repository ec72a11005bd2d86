import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, type WriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { isLogEntry, readableLine } from './readable-line.js';

export interface GatewayProcessOptions {
  /** Path of the gateway's built main.js. */
  entry: string;
  env: NodeJS.ProcessEnv;
  /** Gets every log entry of this run; that of the run before is overwritten. */
  logFile: string;
  /** Shows a person one line. */
  show: (line: string) => void;
  /** How long a gateway that was asked to stop may take, in milliseconds: 12,000 unless given, a little longer than the gateway gives itself. */
  stopLimitMs?: number;
}

/** How long to wait for the last words of a process that is gone, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/** The gateway as a child process. */
export class GatewayProcess {
  /** Resolves when the process is gone, to how it ended: an exit code or the signal that killed it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** True once `exited` has resolved. */
  gone = false;
  private readonly child: ChildProcess;
  private readonly stopLimitMs: number;

  constructor({ entry, env, logFile, show, stopLimitMs = 12_000 }: GatewayProcessOptions) {
    this.stopLimitMs = stopLimitMs;
    // In a process group of its own: Ctrl-C in the terminal must not reach it beside the signal that `stop` sends.
    this.child = spawn(process.execPath, [entry], {
      env,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const log = createWriteStream(logFile, { mode: 0o600 });
    log.on('error', (error) => show(`warning: the log file cannot be written (${error.message})`));
    for (const output of [this.child.stdout!, this.child.stderr!]) sort(output, log, show);
    this.exited = new Promise((resolve) => {
      this.child.on('error', (error) => {
        show(`error: ${error.message}`);
        if (this.child.pid === undefined) resolve(1);
      });
      this.child.once('exit', (code, signal) => {
        const settle = (): void => resolve(code ?? signal ?? 1);
        const limit = setTimeout(settle, LAST_WORDS_MS);
        this.child.once('close', () => {
          clearTimeout(limit);
          log.end(settle);
        });
      });
    });
    // The last net, should this process end in a way that skips `stop`.
    const orphaned = (): void => void this.child.kill('SIGTERM');
    process.once('exit', orphaned);
    void this.exited.then(() => {
      this.gone = true;
      process.off('exit', orphaned);
    });
  }

  /** Asks it to stop and waits until it is gone; what does not stop in time is killed. Safe to repeat. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.child.kill('SIGTERM');
    const limit = setTimeout(() => this.kill(), this.stopLimitMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(limit);
    }
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

/** Log entries go to the file, what concerns a person to the terminal; words meant for people never get into the file. */
function sort(output: Readable, log: WriteStream, show: (line: string) => void): void {
  createInterface({ input: output, crlfDelay: Infinity }).on('line', (line) => {
    if (isLogEntry(line)) log.write(`${line}\n`);
    const readable = readableLine(line);
    if (readable !== null) show(readable);
  });
}
