import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { EmbeddedPostgres } from '#persistence';
import { startEmbeddedPostgres } from '../support/built.js';

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
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<T>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** As the kernel does when memory runs out. What was committed is in the kernel's hands already, so it must be there again. */
  kill(): void {
    const [pid] = readFileSync(join(this.dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n');
    process.kill(Number(pid), 'SIGKILL');
  }

  /** After a `kill`: resolves once it takes connections. */
  async bringUp(): Promise<void> {
    const [first] = this.started;
    // Without fsync a power cut could lose something, the end of a process cannot.
    const extraSettings = { fsync: 'off', max_connections: '150', ...(first ? { port: new URL(first.url).port } : {}) };
    this.started.push(await startEmbeddedPostgres({ dataDir: this.dataDir, log: () => undefined, extraSettings }));
  }

  async stop(): Promise<void> {
    for (const one of this.started) await one.stop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
