import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';

/** The account that PostgreSQL runs under in place of root, as which it refuses to run. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/**
 * null: PostgreSQL runs as the current user. For root: whoever the data already belongs to, else `postgres`, else `nobody`.
 * @throws {Error} when root has no such account to offer
 */
export function chooseAccount(data: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  const owner = ownerOf(join(data, 'PG_VERSION'));
  const known = accounts();
  if (owner !== null && owner.uid !== 0) {
    const name = known.find(({ uid }) => uid === owner.uid)?.name ?? String(owner.uid);
    return { name, uid: owner.uid, gid: owner.gid };
  }
  const account = ['postgres', 'nobody'].map((name) => known.find((other) => other.name === name)).find(Boolean);
  if (!account)
    throw new Error(
      'PostgreSQL refuses to run as root, and there is neither an account "postgres" nor "nobody" to run it under',
    );
  return account;
}

/** What `spawn` needs to run a program under the account. */
export function runAs(account: Account | null): { uid?: number; gid?: number } {
  return account ? { uid: account.uid, gid: account.gid } : {};
}

/** Whether the account can reach a folder, judged by the system itself: modes, access lists and mounts all have their say. */
export function canEnter(folder: string, account: Account | null): boolean {
  if (account === null) return true;
  return spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], { cwd: '/', ...runAs(account) }).status === 0;
}

/** Who PostgreSQL runs as, for people. */
export function nameOf(account: Account | null): string {
  if (account) return account.name;
  try {
    return userInfo().username;
  } catch {
    return `number ${process.getuid?.()}`;
  }
}

function ownerOf(path: string): { uid: number; gid: number } | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function accounts(): Account[] {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  return lines.map((line) => {
    const [name = '', , uid, gid] = line.split(':');
    return { name, uid: Number(uid), gid: Number(gid) };
  });
}
