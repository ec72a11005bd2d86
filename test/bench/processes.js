import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Clock ticks per second that Linux counts CPU time in, wherever Node runs. */
const TICKS = 100;

/** CPU seconds that the processes and all their descendants have used so far; NaN where the system does not tell. */
export function cpuOf(pids) {
  return sumOverTrees(pids, (pid) => {
    const fields = statOf(pid);
    // Own user and system time, and that of children that are gone.
    return fields && (fields[11] + fields[12] + fields[13] + fields[14]) / TICKS;
  });
}

/** Resident memory of the processes and their descendants in MiB; NaN where the system does not tell. */
export function memoryOf(pids) {
  return sumOverTrees(pids, (pid) => {
    try {
      return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
    } catch {
      return null;
    }
  });
}

/** CPU seconds that the whole machine has used so far. */
export function cpuOfMachine() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/** The process above a PostgreSQL connection's, if that runs on this machine; else null. */
export function postmasterOf(backendPid) {
  const parent = statOf(backendPid)?.[1];
  try {
    return parent && /postgres/.test(readFileSync(`/proc/${parent}/comm`, 'utf8')) ? parent : null;
  } catch {
    return null;
  }
}

function sumOverTrees(pids, measure) {
  const known = treesOf(pids)
    .map(measure)
    .filter((value) => value !== null);
  return known.length > 0 ? known.reduce((sum, value) => sum + value) : NaN;
}

/** The processes themselves and everything below them. */
function treesOf(pids) {
  const children = new Map();
  for (const pid of allPids()) {
    const parent = statOf(pid)?.[1];
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [...pids];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function allPids() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}

/** The fields of `/proc/<pid>/stat` behind the command's name, from the state on; null where there are none. */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
  } catch {
    return null;
  }
}
