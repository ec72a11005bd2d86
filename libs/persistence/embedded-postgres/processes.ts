import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';

/**
 * What tells a process from a later one with the same id; null when it is gone. A process that is dead but whose parent has not
 * collected it yet counts as gone: in a container nobody may ever collect it.
 */
export function identityOf(pid: number): string | null {
  if (process.platform === 'linux') {
    const fields = statFields(pid);
    return fields === null || fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19]!;
  }
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return null;
  }
  return process.platform === 'win32' ? 'alive' : ps('lstart=', pid);
}

/** Whether a process is the PostgreSQL server of a data folder, and not another program that got its id. */
export function isServerOf(pid: number, folder: string): boolean {
  if (identityOf(pid) === null) return false;
  if (process.platform === 'win32') return true;
  if (process.platform !== 'linux') {
    const command = ps('command=', pid) ?? '';
    return command.includes('postgres') && command.includes(folder);
  }
  // Not by its working directory: a root without CAP_SYS_PTRACE, as in most containers, may not see that of another account.
  try {
    const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const [used, wanted] = [statSync(args[args.indexOf('-D') + 1]!), statSync(folder)];
    return basename(program).startsWith('postgres') && used.ino === wanted.ino && used.dev === wanted.dev;
  } catch {
    return false;
  }
}

/** The fields of /proc/<pid>/stat after the program's name, which may itself hold blanks and brackets. */
function statFields(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function ps(column: string, pid: number): string | null {
  const { stdout, status } = spawnSync('ps', ['-o', column, '-p', String(pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  return status === 0 ? stdout.trim() : null;
}
