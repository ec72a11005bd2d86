import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { runAs, type Account } from './account.js';
import { cleanEnvironment } from './binaries.js';
import { ROLE } from './cluster.js';
import { identityOf, isServerOf } from './processes.js';
import type { Log } from './location.js';

const START_LIMIT_MS = 60_000;
const REPORT_EVERY_MS = 5_000;
const STOP_LIMIT_MS = 10_000;
const QUIT_LIMIT_MS = 5_000;
const POLL_MS = 25;
const REPEAT_AFTER_MS = 250;
const MAX_LOG_BYTES = 10 * 1024 * 1024;
const DATABASE = 'handover';
const NO_PROCESS = 999_999_999;

/** Small, and safe in the face of a power cut. Nothing that was in a statement gets into the log file. */
const SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '64MB',
  max_wal_size: '256MB',
  max_parallel_workers_per_gather: '0',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
};

/** What it takes to run the server of one data folder. */
export interface ServerOptions {
  data: string;
  logFile: string;
  postgres: string;
  account: Account | null;
  password: string;
  extraSettings: Record<string, string>;
  log: Log;
}

/** A running server. */
export interface Server {
  pid: number;
  port: number;
  url: string;
}

/**
 * Brings the data folder's server up, or finds it running: after a kill of the gateway it lives on, and another gateway may have
 * started it. Resolves once the database accepts connections. The server is no part of the gateway's process group, so a Ctrl-C in
 * the terminal does not take the database away before the gateway is done with it.
 * @throws {Error} when it ends or is not there within 60 s, with the last lines of its log
 */
export async function bringUp(options: ServerOptions): Promise<Server> {
  const started = Date.now();
  let attempt: Attempt | null = null;
  let reported = started;
  for (;;) {
    const lock = runningServer(options.data);
    if (lock?.status === 'ready' && (await takesConnections(lock.port, options.password))) {
      const how =
        attempt?.pid === lock.pid ? 'embedded PostgreSQL is ready' : 'embedded PostgreSQL was running already';
      options.log({ pid: lock.pid, port: lock.port, ms: Date.now() - started }, how);
      return { pid: lock.pid, port: lock.port, url: urlOf(lock.port, options.password, DATABASE) };
    }
    if (attempt?.failure()) {
      if (!attempt.worthRepeating())
        throw new Error(`PostgreSQL ended at once (${attempt.failure()}):\n${attempt.lastLines()}`);
      attempt = null;
      await delay(REPEAT_AFTER_MS);
    }
    if (!lock && !attempt) attempt = await Attempt.start(options);
    if (Date.now() - started > START_LIMIT_MS) {
      attempt?.abort();
      throw new Error(`PostgreSQL was not ready within ${START_LIMIT_MS / 1000} s:\n${tail(options.logFile, 0)}`);
    }
    if (Date.now() - reported > REPORT_EVERY_MS) {
      reported = Date.now();
      options.log(
        { status: lock?.status ?? 'starting', last: tail(options.logFile, 0, 1) },
        'waiting for embedded PostgreSQL',
      );
    }
    await delay(POLL_MS);
  }
}

/** Stops the data folder's server, if it runs, and waits until it is gone. Open transactions are rolled back. */
export async function shutDown(data: string): Promise<void> {
  const server = runningServer(data);
  if (!server) return;
  for (const [signal, limit] of [
    ['SIGINT', STOP_LIMIT_MS],
    ['SIGQUIT', QUIT_LIMIT_MS],
  ] as const) {
    if (!isServerOf(server.pid, data)) return;
    process.kill(server.pid, signal);
    const deadline = Date.now() + limit;
    while (isServerOf(server.pid, data) && Date.now() < deadline) await delay(POLL_MS);
  }
  if (isServerOf(server.pid, data)) throw new Error(`PostgreSQL (process ${server.pid}) does not stop`);
}

interface Lock {
  pid: number;
  port: number;
  status: string;
}

/** What the server wrote into its lock file, if that server lives. */
function runningServer(data: string): Lock | null {
  const lock = readLock(data);
  return lock && isServerOf(lock.pid, data) ? lock : null;
}

function readLock(data: string): Lock | null {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return { pid: Number(lines[0]), port: Number(lines[3]), status: (lines[7] ?? '').trim() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** One try to start the server. */
class Attempt {
  private error: Error | null = null;

  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
    private readonly logStart: number,
  ) {
    child.on('error', (error) => (this.error = error));
    child.unref();
  }

  static async start({ data, logFile, postgres, account, extraSettings }: ServerOptions): Promise<Attempt> {
    disownLock(data);
    const settings = { ...SETTINGS, port: String(await freePort()), ...extraSettings };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const output = openSync(logFile, 'a', 0o600);
    try {
      if (statSync(logFile).size > MAX_LOG_BYTES) truncateSync(logFile);
      const logStart = statSync(logFile).size;
      const child = spawn(postgres, ['-D', data, ...args], {
        cwd: '/',
        env: cleanEnvironment(),
        stdio: ['ignore', output, output],
        detached: true,
        ...runAs(account),
      });
      return new Attempt(child, logFile, logStart);
    } finally {
      closeSync(output);
    }
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Why it is over; null while it runs. */
  failure(): string | null {
    if (this.error) return this.error.message;
    const { exitCode, signalCode } = this.child;
    return exitCode === null && signalCode === null ? null : (signalCode ?? `exit code ${exitCode}`);
  }

  /** Somebody took the port, another gateway was faster, or children of a killed server are not all gone yet. */
  worthRepeating(): boolean {
    return /Address already in use|lock file "postmaster\.pid" already exists|is still in use/.test(this.lastLines());
  }

  abort(): void {
    this.child.kill('SIGINT');
  }

  lastLines(): string {
    return tail(this.logFile, this.logStart);
  }
}

/**
 * A lock file whose process id now belongs to another program would keep PostgreSQL from starting. Only the id is made void: from the
 * rest of the file PostgreSQL itself makes sure that nothing of the old server is left.
 */
function disownLock(data: string): void {
  const lock = readLock(data);
  if (!lock || identityOf(lock.pid) === null || isServerOf(lock.pid, data)) return;
  const path = join(data, 'postmaster.pid');
  writeFileSync(path, readFileSync(path, 'utf8').replace(/^\d+/, String(NO_PROCESS)));
}

/** Makes the gateway's database if need be. False while the server does not take connections yet. */
async function takesConnections(port: number, password: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: urlOf(port, password, 'postgres'),
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
    return true;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === '28P01')
      throw new Error(
        'the password in the file postgres.password is not that of the database: put the right file back',
        { cause: error },
      );
    if (code === '53100') throw new Error(`no space left on the disk: ${message}`, { cause: error });
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${ROLE}:${password}@127.0.0.1:${port}/${database}`;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => probe.once('listening', resolve).once('error', reject));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function tail(file: string, from: number, lines = 12): string {
  try {
    return readFileSync(file).subarray(from).toString('utf8').trim().split('\n').slice(-lines).join('\n');
  } catch {
    return '';
  }
}
