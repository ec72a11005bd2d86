import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from './processes.js';

let joined = 0;

/** Notes which processes use the server of a data folder, so that only the last of them stops it. */
export class Users {
  private readonly note: string;

  constructor(private readonly folder: string) {
    this.note = `${process.pid}-${++joined}`;
  }

  /** Takes part. Must come before a running server is looked for: whoever is stopping it then sees this note, or is seen. */
  join(): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(join(this.folder, this.note), identityOf(process.pid) ?? '');
  }

  /** Takes part no more. Returns whether nobody else does. Notes of processes that are gone are cleared away. */
  leave(): boolean {
    rmSync(join(this.folder, this.note), { force: true });
    return this.alive().length === 0;
  }

  private alive(): string[] {
    return readdirSync(this.folder).filter((note) => {
      const identity = identityOf(Number.parseInt(note, 10));
      if (identity !== null && identity === readNote(join(this.folder, note))) return true;
      rmSync(join(this.folder, note), { force: true });
      return false;
    });
  }
}

function readNote(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
