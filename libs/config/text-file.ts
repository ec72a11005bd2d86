import { readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import { ConfigError } from './config-error.js';

/**
 * The text of a file, without a byte order mark; null when there is none.
 * @param shown how messages call it
 * @throws {ConfigError} for what is no file, may not be read, is too large or not UTF-8
 */
export function readTextFile(path: string, shown: string, maxBytes: number): string | null {
  try {
    const { size } = statSync(path);
    if (size > maxBytes)
      throw new ConfigError([`${shown}: is larger than ${maxBytes / 1024 / 1024} MiB (${size} bytes)`]);
    return decoded(readFileSync(path), shown);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ConfigError([`${shown}: ${fileTrouble(error as NodeJS.ErrnoException, path)}`]);
  }
}

/** Windows' editors and shells write UTF-16 where one does not look: each second byte of plain text is then 0. */
function decoded(bytes: Buffer, shown: string): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isUtf16 || bytes.includes(0))
    throw new ConfigError([`${shown}: is not UTF-8 text${isUtf16 ? ' but UTF-16' : ''}: save it as UTF-8`]);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([`${shown}: is not UTF-8 text: save it as UTF-8`]);
  }
}

/** Why a file or folder cannot be used, and what to do about it, in words for those who run the gateway. */
export function fileTrouble({ code, message }: NodeJS.ErrnoException, path: string): string {
  const why = ADVICE[code ?? ''];
  if (why === undefined) return code === undefined ? message : `cannot be used (${code})`;
  return code === 'EACCES' || code === 'EPERM' ? `${why} (${code}): ${owners(path)}` : `${why} (${code})`;
}

const ADVICE: Record<string, string> = {
  EACCES: 'may not be used by this account',
  EPERM: 'may not be used by this account',
  EISDIR:
    'is a folder and not a file: remove it, and put the file there; Docker makes a folder where a mounted file is missing',
  ENOTDIR: 'lies below something that is a file and not a folder: correct the path',
  EEXIST: 'is a file and not a folder: correct the path, or move the file away',
  ENOENT: 'is not there: correct the path',
  EROFS: 'is on a file system that is read-only: use a place that can be written to',
  ENOSPC: 'cannot be written, the disk is full: free some space',
  EDQUOT: "cannot be written, the account's disk quota is used up: free some space",
  ELOOP: 'is a link that leads to itself: correct it',
};

function owners(path: string): string {
  const me = process.getuid?.();
  const owner = ownerOf(path);
  if (me === undefined || owner === null) return 'give the account that runs the gateway access to it';
  return `it belongs to user ${owner}, and the gateway runs as user ${me}${nameOfThis()}: give it to that one (chown), or open it to it (chmod)`;
}

function nameOfThis(): string {
  try {
    return ` (${userInfo().username})`;
  } catch {
    // A user that is a mere number, as containers have them.
    return '';
  }
}

/** Of the path, or of the nearest folder above it that can be looked at; null where the system does not tell. */
function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid;
  } catch {
    return dirname(path) === path ? null : ownerOf(dirname(path));
  }
}
