import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chooseAccount, nameOf } from './account.js';
import { findBinaries } from './binaries.js';
import { prepareCluster } from './cluster.js';
import { keepPassword, placeData, type Log } from './location.js';
import { bringUp, shutDown } from './server.js';
import { StartError } from '../start-error.js';
import { Users } from './users.js';

export interface EmbeddedPostgres {
  /** Connection string of the gateway's database. */
  url: string;
  /** Stops the server and waits until it is gone, unless another process still uses it. May be called again. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Made if it does not exist. The database is kept in it over restarts. */
  dataDir: string;
  log: Log;
  /** Server settings on top of the default ones; they have no effect on a server that runs already. */
  extraSettings?: Record<string, string>;
}

/**
 * Starts PostgreSQL from the programs that npm installed, on a free port of 127.0.0.1. Under root it runs under an unprivileged account.
 * A server that is left over from a killed process, or that another process started on the same folder, is used as it is.
 * @throws {Error} that says what went wrong and what to do, within about a minute
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o755 });
    return await start({ ...options, dataDir });
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, dataDir);
  }
}

async function start({ dataDir, log, extraSettings = {} }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = chooseAccount(join(dataDir, 'postgres'));
  const data = placeData(dataDir, account, log);
  const { postgres, initdb, major } = await findBinaries(dataDir, account);
  const password = keepPassword(dataDir);
  const users = new Users(join(dataDir, 'postgres.users'));
  users.join();
  const leave = async (): Promise<void> => {
    if (users.leave()) await shutDown(data);
  };
  try {
    await prepareCluster({ data, initdb, major, account, password });
    const logFile = join(dataDir, 'postgres.log');
    const { url } = await bringUp({ data, logFile, postgres, account, password, extraSettings, log });
    let stopped: Promise<void> | null = null;
    return { url, stop: () => (stopped ??= leave()) };
  } catch (error) {
    await leave();
    throw error;
  }
}

function explain(error: NodeJS.ErrnoException, dataDir: string): Error {
  if (error instanceof StartError) return error;
  const full = error.code === 'ENOSPC' || /No space left on device|Check free disk space/.test(error.message);
  const closed = ['EACCES', 'EROFS', 'EPERM'].includes(error.code ?? '');
  const advice = full
    ? 'The disk is full: free some space'
    : closed
      ? `${dataDir} must be a folder that user ${nameOf(null)} can write to: set DATA_DIR to one`
      : 'Correct that, set DATA_DIR to another folder';
  return new StartError(
    `The embedded PostgreSQL could not start: ${error.message}\n${advice}, or set DATABASE_URL to a PostgreSQL of your own.`,
    { cause: error },
  );
}
