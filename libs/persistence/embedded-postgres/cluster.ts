import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { runAs, type Account } from './account.js';
import { cleanEnvironment } from './binaries.js';

/** The name of the database's only role. */
export const ROLE = 'handover';

/** What it takes to make the files of a database. */
export interface ClusterOptions {
  data: string;
  initdb: string;
  major: string;
  account: Account | null;
  password: string;
}

/**
 * Makes the database's files if there are none yet. They appear whole or not at all, so that a start that was cut off does no harm,
 * and of two that start at once one wins.
 * @throws {Error} when the files are of another major version of PostgreSQL, or can't be made
 */
export async function prepareCluster(options: ClusterOptions): Promise<void> {
  const { data, account, password } = options;
  if (existsSync(join(data, 'PG_VERSION'))) {
    checkVersion(options);
    return closeToOthers(data);
  }
  const draft = `${data}.${process.pid}`;
  const passwordFile = `${draft}.password`;
  rmSync(draft, { recursive: true, force: true });
  try {
    mkdirSync(draft, { mode: 0o700 });
    writeFileSync(passwordFile, password, { mode: 0o600 });
    for (const path of account ? [draft, passwordFile] : []) chownSync(path, account!.uid, account!.gid);
    await initialize(draft, passwordFile, options);
    renameSync(draft, data);
  } catch (error) {
    if (!existsSync(join(data, 'PG_VERSION'))) throw error;
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Volumes may come back with wider modes (Kubernetes' `fsGroup`), and PostgreSQL then refuses its own data. */
function closeToOthers(data: string): void {
  if ((statSync(data).mode & 0o077) === 0) return;
  try {
    chmodSync(data, 0o700);
  } catch {
    // It belongs to another account; PostgreSQL says what is wrong.
  }
}

function checkVersion({ data, major }: ClusterOptions): void {
  const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  if (version === major) return;
  throw new Error(
    `${data} was made by PostgreSQL ${version}, and this is PostgreSQL ${major}. Carry the data over with pg_dump of the old version, or move the folder away to start empty`,
  );
}

/**
 * initdb insists on a name for the user. A user that is a mere number, as containers may have, gets the name of another one in a
 * namespace of its own, where the system allows that.
 */
const WITH_A_NAME = ['unshare', '--user', '--map-user=65534', '--map-group=65534'];

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return process.platform !== 'linux';
  }
}

async function initialize(data: string, passwordFile: string, { initdb, account }: ClusterOptions): Promise<void> {
  const options = [
    ['-D', data],
    ['-U', ROLE],
    [`--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--no-instructions'],
    ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ];
  const [program, ...before] = account || hasName() ? [initdb] : [...WITH_A_NAME, initdb];
  const child = spawn(program!, [...before, ...options.flat()], {
    cwd: '/',
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    ...runAs(account),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const failure = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status) => resolve(status === 0 ? null : `exit code ${status}`));
  });
  if (failure === null) return;
  const unnamed = before.length > 0 ? ` (user number ${process.getuid?.()} has no name: add it to /etc/passwd)` : '';
  throw new Error(`the database could not be created${unnamed}: ${failure}\n${output.trim()}`);
}
