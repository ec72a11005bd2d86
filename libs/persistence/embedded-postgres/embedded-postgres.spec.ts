import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './index.js';
import { SHARED } from './location.js';
import { identityOf } from './processes.js';
import { Gateway, install, removeLinks } from './testing/installation.js';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const sharedBefore = fs.existsSync(SHARED);
const unprivileged = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
const folders: string[] = [];
const started: Gateway[] = [];

let installation: string;

/** A new folder that everybody may enter, unless a mode says otherwise. */
function folder(mode = 0o755): string {
  const path = fs.mkdtempSync(join(tmpdir(), 'handover-postgres-'));
  fs.chmodSync(path, mode);
  folders.push(path);
  return path;
}

interface Line {
  pid?: number;
  message: string;
}

async function start(dataDir: string, extraSettings = {}): Promise<EmbeddedPostgres & { log: Line[]; pid: number }> {
  const log: Line[] = [];
  const embedded = await startEmbeddedPostgres({
    dataDir,
    extraSettings,
    log: (fields, message) => log.push({ ...fields, message }),
  });
  const pid = log.at(-1)!.pid!;
  return { ...embedded, log, pid };
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

function launch(dataDir: string, account = {}): Gateway {
  const gateway = new Gateway(installation, dataDir, account);
  started.push(gateway);
  return gateway;
}

beforeAll(() => {
  installation = folder();
  install(installation);
});

afterAll(async () => {
  for (const gateway of started) await gateway.kill();
  for (const path of folders) {
    const data = join(path, 'closed', 'data', 'postgres');
    if (fs.existsSync(data)) fs.rmSync(dirname(fs.realpathSync(data)), { recursive: true, force: true });
    fs.rmSync(path, { recursive: true, force: true });
  }
  // Never more than this file put there: somebody's database may have come in meanwhile.
  const rest = fs.existsSync(SHARED) ? fs.readdirSync(SHARED) : [];
  const onlyCopies = rest.length > 0 && rest.every((name) => name.startsWith('postgres-bin-'));
  if (!sharedBefore && onlyCopies) fs.rmSync(SHARED, { recursive: true });
});

describe('embedded PostgreSQL', () => {
  it('starts as the current user, keeps data over a restart and leaves no process behind', async () => {
    const dataDir = join(folder(), 'data');
    const first = await start(dataDir);
    expect(await query(first.url, 'SHOW server_encoding')).toEqual(['UTF8']);
    await query(first.url, "CREATE TABLE kept AS SELECT 'é' AS word");
    expect(identityOf(first.pid)).not.toBeNull();
    await first.stop();
    expect(identityOf(first.pid)).toBeNull();
    await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');

    const second = await start(dataDir);
    expect(await query(second.url, 'SELECT word FROM kept')).toEqual(['é']);
    await second.stop();
    await second.stop();
    expect(identityOf(second.pid)).toBeNull();
  });

  it('starts where a volume has widened the modes of its folder', async () => {
    const dataDir = join(folder(), 'data');
    await (await start(dataDir)).stop();
    const data = fs.realpathSync(join(dataDir, 'postgres'));
    fs.chmodSync(data, 0o2770);
    await (await start(dataDir)).stop();
    expect(fs.statSync(data).mode & 0o777).toBe(0o700);
  });

  it('listens on this machine only, asks for the password and keeps it for its owner', async () => {
    const dataDir = join(folder(), 'data');
    const { url, stop } = await start(dataDir);
    expect(await query(url, 'SHOW listen_addresses')).toEqual(['127.0.0.1']);
    expect(await query(url, 'SHOW fsync')).toEqual(['on']);
    await expect(query(url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'SELECT 1')).rejects.toThrow('password');
    expect(fs.statSync(join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600);
    await stop();
  });

  it('writes nothing of a statement into its log', async () => {
    const dataDir = join(folder(), 'data');
    const { url, stop } = await start(dataDir);
    await expect(query(url, "SELECT 'hunter2'::int")).rejects.toThrow('hunter2');
    await stop();
    const log = fs.readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    expect(log).toContain('database system is shut down');
    expect(log).not.toContain('hunter2');
  });

  it('uses and stops the server that a killed process left behind', async () => {
    const dataDir = join(folder(), 'data');
    const killed = launch(dataDir);
    const { url, pid } = await killed.ready();
    await query(url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await killed.kill();
    expect(identityOf(pid)).not.toBeNull();

    const next = await start(dataDir);
    expect(next.pid).toBe(pid);
    expect(await query(next.url, 'SELECT n FROM kept')).toEqual([1]);
    await next.stop();
    expect(identityOf(pid)).toBeNull();
  });

  it('serves two processes that start at once, until the last one stops', async () => {
    const dataDir = join(folder(), 'data');
    const other = launch(dataDir);
    const [here, there] = await Promise.all([start(dataDir), other.ready()]);
    expect(there).toEqual({ url: here.url, pid: here.pid });
    await here.stop();
    expect(await query(there.url, 'SELECT 1')).toEqual([1]);
    await other.stop();
    expect(identityOf(here.pid)).toBeNull();
  });

  it('starts in spite of a lock file whose process id another program has now', async () => {
    const dataDir = join(folder(), 'data');
    const first = await start(dataDir);
    const lockFile = join(dataDir, 'postgres', 'postmaster.pid');
    const lock = fs.readFileSync(lockFile, 'utf8');
    await first.stop();
    const { uid, gid } = fs.statSync(join(dataDir, 'postgres'));
    const stranger = spawn('sleep', ['600'], isRoot ? { uid, gid } : {});
    try {
      await once(stranger, 'spawn');
      fs.writeFileSync(lockFile, lock.replace(/^\d+/, String(stranger.pid)));
      fs.chownSync(lockFile, uid, gid);
      const second = await start(dataDir);
      expect(second.pid).not.toBe(stranger.pid);
      await second.stop();
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    } finally {
      stranger.kill();
    }
  });

  it('outlives a Ctrl-C, which reaches the whole process group', async () => {
    const gateway = launch(join(folder(), 'data'));
    const { url, pid } = await gateway.ready();
    gateway.interruptGroup();
    expect(await gateway.nextLine()).toBe('interrupted');
    expect(await query(url, 'SELECT 1')).toEqual([1]);
    await gateway.stop();
    expect(identityOf(pid)).toBeNull();
  });

  it('works below a folder that is closed to others', async () => {
    const dataDir = join(folder(), 'closed', 'data');
    fs.mkdirSync(dirname(dataDir), { mode: 0o700 });
    const first = await start(dataDir);
    await query(first.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    await first.stop();
    const second = await start(dataDir);
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([1]);
    await second.stop();
    const moved = [first, second].map(({ log }) => log.some(({ message }) => message.includes('kept elsewhere')));
    expect(moved).toEqual([isRoot, false]);
    // Whoever empties the folder starts anew, wherever the database was kept.
    fs.rmSync(dataDir, { recursive: true });
    const third = await start(dataDir);
    await expect(query(third.url, 'SELECT n FROM kept')).rejects.toThrow('does not exist');
    await third.stop();
    expect(third.log.some(({ message }) => message.includes('kept aside'))).toBe(isRoot);
  });

  it('works in a data folder that is itself closed, without moving away', async () => {
    const dataDir = folder(0o700);
    const { stop, url } = await start(dataDir);
    expect(await query(url, 'SELECT 1')).toEqual([1]);
    await stop();
    expect(fs.lstatSync(join(dataDir, 'postgres')).isDirectory()).toBe(true);
    expect(fs.statSync(dataDir).mode & 0o066).toBe(0);
  });

  it('works for an unprivileged user, from packages whose links are missing', async () => {
    const root = folder();
    if (isRoot) fs.chownSync(root, NOBODY, NOBODY);
    removeLinks(installation);
    const gateway = launch(join(root, 'data'), unprivileged);
    const { url, pid, error } = await gateway.ready();
    expect(error).toBeUndefined();
    expect(await query(url, 'SELECT 1')).toEqual([1]);
    await gateway.stop();
    expect(identityOf(pid)).toBeNull();
    const copied = fs.readdirSync(join(root, 'data')).some((name) => name.startsWith('postgres-bin-'));
    expect(copied).toBe(isRoot);
  });

  it('works for a user without a name, where the system allows namespaces, and says why where it does not', async () => {
    const account = isRoot ? { uid: 54_321, gid: 54_321 } : {};
    const root = folder();
    if (isRoot) fs.chownSync(root, 54_321, 54_321);
    const probe = ['--user', '--map-user=65534', '--map-group=65534', 'true'];
    const allowed = !isRoot || spawnSync('unshare', probe, account).status === 0;
    const gateway = launch(join(root, 'data'), account);
    const { error = 'none' } = await gateway.ready();
    await gateway.stop();
    expect(error).toMatch(allowed ? /^none$/ : /user number 54321 has no name: add it/);
  });

  it('works for root from packages that nobody else can reach', async () => {
    const dataDir = join(folder(), 'data');
    fs.chmodSync(installation, 0o700);
    try {
      const gateway = launch(dataDir);
      const { url, pid, error } = await gateway.ready();
      expect(error).toBeUndefined();
      expect(await query(url, 'SELECT 1')).toEqual([1]);
      await gateway.stop();
      expect(identityOf(pid)).toBeNull();
    } finally {
      fs.chmodSync(installation, 0o755);
    }
  });
});

describe('embedded PostgreSQL says what to do', () => {
  it('when a setting is wrong, with the lines of the log', async () => {
    const attempt = start(join(folder(), 'data'), { shared_buffers: 'plenty' });
    await expect(attempt).rejects.toThrow(/invalid value for parameter "shared_buffers"[^]*set DATABASE_URL/);
  });

  it('when the data was made by another major version', async () => {
    const dataDir = folder();
    fs.mkdirSync(join(dataDir, 'postgres'));
    fs.writeFileSync(join(dataDir, 'postgres', 'PG_VERSION'), '12\n');
    await expect(start(dataDir)).rejects.toThrow(/made by PostgreSQL 12, and this is PostgreSQL \d+/);
  });

  it('when the password was lost, and leaves no server running', async () => {
    const dataDir = folder();
    await (await start(dataDir)).stop();
    fs.writeFileSync(join(dataDir, 'postgres.password'), 'wrong');
    await expect(start(dataDir)).rejects.toThrow(/postgres\.password is not that of the database/);
    expect(fs.existsSync(join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  it('when the folder cannot be written to', async () => {
    const dataDir = folder(0o555);
    const gateway = launch(dataDir, unprivileged);
    const { error } = await gateway.ready();
    expect(error).toMatch(/could not start: EACCES[^]*set DATA_DIR to one, or set DATABASE_URL/);
    fs.chmodSync(dataDir, 0o755);
  });
});
