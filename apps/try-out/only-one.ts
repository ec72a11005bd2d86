import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes this process the only try-out on a data directory: a second one would point the database of the first at
 * another simulator. Returns how to give it up. @throws {Error} when another one runs
 */
export function claim(dataDir: string): () => void {
  const path = join(dataDir, 'try-out.pid');
  const owner = readOwner(path);
  if (owner !== null && owner !== process.pid && isAlive(owner)) {
    throw new Error(
      `A try-out (process ${owner}) is using ${dataDir} already. Stop it, or set DATA_DIR to another folder. ` +
        `If process ${owner} is something else, delete ${path}.`,
    );
  }
  writeFileSync(path, String(process.pid));
  return () => rmSync(path, { force: true });
}

function readOwner(path: string): number | null {
  try {
    return Number(readFileSync(path, 'utf8')) || null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
