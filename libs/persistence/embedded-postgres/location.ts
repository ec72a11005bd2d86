import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { canEnter, nameOf, type Account } from './account.js';

/** Where root keeps what another account has to reach and could not reach at the place asked for. */
export const SHARED = '/var/lib/handover-gateway';

const PASSWORD_FILE = 'postgres.password';

export type Log = (fields: object, message: string) => void;

/**
 * The folder of the database, as a path without links: `postgres` in the data folder, or what a link of that name leads to.
 * The link is made where the account that PostgreSQL runs under can't reach the data folder.
 * @throws {Error} when neither place can be used
 */
export function placeData(dataDir: string, account: Account | null, log: Log): string {
  const wanted = join(realpathSync(dataDir), 'postgres');
  if (isLink(wanted)) return followed(wanted);
  if (reachable(dataDir, account)) return wanted;
  if (existsSync(wanted)) throw new Error(`user ${nameOf(account)}, to whom ${wanted} belongs, can't reach it`);
  const folder = createHash('sha256').update(wanted).digest('hex').slice(0, 12);
  const elsewhere = join(SHARED, folder, 'postgres');
  for (const level of [SHARED, dirname(elsewhere)]) makeOpen(level);
  if (!canEnter(dirname(elsewhere), account))
    throw new Error(
      `user ${nameOf(account)}, under whom PostgreSQL has to run, can reach neither ${dataDir} nor ${SHARED}`,
    );
  if (!existsSync(join(dataDir, PASSWORD_FILE))) setAside(elsewhere, log);
  symlinkSync(elsewhere, wanted);
  log(
    { dataDir, database: elsewhere, account: nameOf(account) },
    'the database is kept elsewhere, because the account it runs under cannot reach the data folder',
  );
  return elsewhere;
}

/** The data folder was emptied, password and all, so it starts anew. What was kept elsewhere for it is not thrown away. */
function setAside(database: string, log: Log): void {
  if (!existsSync(database)) return;
  const kept = `${database}.${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  renameSync(database, kept);
  log({ kept }, 'the data folder was emptied: a new database is made, and the earlier one is kept aside');
}

/** The password of the database, made once and kept beside it for its owner's eyes only. Safe when two processes start at once. */
export function keepPassword(dataDir: string): string {
  const path = join(dataDir, PASSWORD_FILE);
  if (!existsSync(path)) {
    const draft = `${path}.${process.pid}`;
    writeFileSync(draft, randomBytes(24).toString('hex'), { mode: 0o600 });
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
  return readFileSync(path, 'utf8').trim();
}

/** A data folder that is closed to others only itself is opened for passing through, not for reading. A home is left as it is. */
function reachable(dataDir: string, account: Account | null): boolean {
  if (canEnter(dataDir, account)) return true;
  if (!canEnter(dirname(realpathSync(dataDir)), account) || realpathSync(dataDir) === homedir()) return false;
  chmodSync(dataDir, (statSync(dataDir).mode & 0o7777) | 0o011);
  return canEnter(dataDir, account);
}

/** Makes a folder that everybody may pass through, whatever the umask. One that is there is left as it is. */
export function makeOpen(folder: string): void {
  if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, 0o755);
}

function isLink(path: string): boolean {
  try {
    readlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Where a link leads. What it leads to may be gone with the machine it was on; then it starts anew there. */
function followed(link: string): string {
  const target = readlinkSync(link);
  makeOpen(dirname(target));
  return join(realpathSync(dirname(target)), 'postgres');
}
