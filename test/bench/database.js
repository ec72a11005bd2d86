import { join } from 'node:path';
import { URL } from 'node:url';
import pg from 'pg';
import { startEmbeddedPostgres } from '../../dist/libs/persistence/index.js';
import { postmasterOf } from './processes.js';

const PREFIX = 'handover_bench_';

/** The PostgreSQL of a run: that of DATABASE_URL, or one of its own. Either way what it says to have written is on the disk. */
export class Databases {
  #server = null;
  #url;
  #admin;

  /** @throws {Error} when the server may lose what it has acknowledged, for then no figure would mean anything */
  static async open(folder) {
    const databases = new Databases();
    try {
      databases.#url = process.env.DATABASE_URL || (await databases.#startServer(folder));
      databases.#admin = new pg.Client({ connectionString: databases.#url });
      databases.#admin.on('error', () => undefined);
      await databases.#admin.connect();
      await databases.#inspect();
    } catch (error) {
      await databases.#server?.stop();
      throw error;
    }
    return databases;
  }

  /** An empty database of that name, in place of the one there may be. */
  async fresh(name) {
    await this.#admin.query(`DROP DATABASE IF EXISTS ${PREFIX}${name} WITH (FORCE)`);
    await this.#admin.query(`CREATE DATABASE ${PREFIX}${name}`);
    const url = new URL(this.#url);
    url.pathname = `/${PREFIX}${name}`;
    return url.href;
  }

  /** Removes what `fresh` made, in a server that is not our own. */
  async close() {
    if (!this.#server) {
      const { rows } = await this.#admin.query('SELECT datname FROM pg_database WHERE starts_with(datname, $1)', [
        PREFIX,
      ]);
      for (const { datname } of rows) await this.#admin.query(`DROP DATABASE ${datname} WITH (FORCE)`);
    }
    await this.#admin.end();
    await this.#server?.stop();
  }

  async #startServer(folder) {
    const extraSettings = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on', max_connections: '100' };
    this.#server = await startEmbeddedPostgres({
      dataDir: join(folder, 'postgres'),
      log: () => undefined,
      extraSettings,
    });
    return this.#server.url;
  }

  async #inspect() {
    const { rows } = await this.#admin.query(`
      SELECT current_setting('server_version') AS version, pg_backend_pid() AS pid,
             current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`);
    const { version, pid, fsync, commit } = rows[0];
    if (fsync !== 'on' || commit === 'off')
      throw new Error(
        'This PostgreSQL acknowledges what is not on the disk yet: set fsync and synchronous_commit to on.',
      );
    this.version = version;
    const postmaster = postmasterOf(pid);
    this.pids = postmaster === null ? [] : [postmaster];
  }
}

/** Runs statements one after the other on a connection of their own. */
export async function runSql(url, statements) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    let result;
    for (const statement of statements) result = await client.query(statement);
    return result;
  } finally {
    await client.end();
  }
}
