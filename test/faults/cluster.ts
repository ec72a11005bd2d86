import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { EmbeddedPostgres } from '#persistence';
import { startEmbeddedPostgres } from '../support/built.js';
import { until } from '../support/wait.js';

/** A PostgreSQL of one's own, to be killed and started again on the same port. */
export class Cluster {
  private constructor(
    private readonly dataDir: string,
    private readonly started: EmbeddedPostgres[],
  ) {}

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(mkdtempSync(join(tmpdir(), 'handover-faults-')), []);
    await cluster.bringUp();
    return cluster;
  }

  /** Makes an empty database and returns its connection string. */
  async database(): Promise<string> {
    const name = `faults_${randomBytes(6).toString('hex')}`;
    await this.query(`CREATE DATABASE ${name}`);
    const url = new URL(this.started[0]!.url);
    url.pathname = name;
    return url.href;
  }

  /** Resolves to the rows. */
  async query<T extends object>(sql: string, url = this.started[0]!.url): Promise<T[]> {
    const client = await this.session(url);
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** A session of somebody else's, to be ended by the caller. */
  async session(url: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: url, application_name: 'somebody else' });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Takes a copy, as a standby has one that gets nothing more from now on. */
  async copy(): Promise<void> {
    const session = await this.session(this.started[0]!.url);
    await session.query(`SELECT pg_backup_start('standby', true)`);
    rmSync(this.standby, { recursive: true, force: true });
    copyFolder(this.data, this.standby);
    const { rows } = await session.query<{ labelfile: string }>('SELECT labelfile FROM pg_backup_stop(false)');
    await session.end();
    // All that was written while the copy was made is needed as well.
    copyFolder(join(this.data, 'pg_wal'), join(this.standby, 'pg_wal'));
    for (const name of ['postmaster.pid', 'postmaster.opts']) rmSync(join(this.standby, name), { force: true });
    writeFileSync(join(this.standby, 'backup_label'), rows[0]!.labelfile);
    writeFileSync(join(this.standby, 'recovery.signal'), '');
    for (const name of ['backup_label', 'recovery.signal']) giveTo(this.standby, join(this.standby, name));
  }

  /** The primary is gone, and the copy is promoted in its place: on a timeline of its own, and without what was committed since. */
  async failOver(): Promise<void> {
    this.kill();
    renameSync(this.data, join(this.dataDir, 'lost'));
    renameSync(this.standby, this.data);
    await this.bringUp();
    await this.isPromoted();
  }

  /** As the kernel does when memory runs out. What was committed is in the kernel's hands already, so it must be there again. */
  kill(): void {
    const [pid] = readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGKILL');
  }

  /** After a `kill`: resolves once it takes connections. */
  async bringUp(): Promise<void> {
    const [first] = this.started;
    // Without fsync a power cut could lose something, the end of a process cannot.
    const port: Record<string, string> = first ? { port: new URL(first.url).port } : {};
    // A copy is promoted once it has found no more to replay.
    const extraSettings = { fsync: 'off', max_connections: '150', restore_command: 'false', ...port };
    this.started.push(await startEmbeddedPostgres({ dataDir: this.dataDir, log: () => undefined, extraSettings }));
  }

  private get data(): string {
    return join(this.dataDir, 'postgres');
  }

  private get standby(): string {
    return join(this.dataDir, 'standby');
  }

  private async isPromoted(): Promise<void> {
    const isStandby = `SELECT pg_is_in_recovery() AS yes`;
    await until('the promotion', async () => !(await this.query<{ yes: boolean }>(isStandby))[0]!.yes);
  }

  async stop(): Promise<void> {
    for (const one of this.started) await one.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}

/** With owners and rights, which PostgreSQL looks at. */
function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  execFileSync('cp', ['-a', `${from}/.`, to]);
}

function giveTo(owners: string, path: string): void {
  const { uid, gid } = statSync(owners);
  chownSync(path, uid, gid);
}
