import { extname } from 'node:path';

/** What says nothing of a file. */
const UNSPECIFIC = new Set(['', 'application/octet-stream', 'binary/octet-stream', 'application/x-download']);
const UNKNOWN = 'application/octet-stream';
const MEDIA_TYPE = /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/;

/** Kinds of files that people send in chats, for senders that do not say. */
const BY_EXTENSION: Record<string, string> = {
  '.aac': 'audio/aac',
  '.avi': 'video/x-msvideo',
  '.bmp': 'image/bmp',
  '.csv': 'text/csv',
  '.doc': 'application/msword',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.gif': 'image/gif',
  '.heic': 'image/heic',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.m4a': 'audio/mp4',
  '.mov': 'video/quicktime',
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.odt': 'application/vnd.oasis.opendocument.text',
  '.ogg': 'audio/ogg',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.ppt': 'application/vnd.ms-powerpoint',
  '.pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  '.rtf': 'application/rtf',
  '.svg': 'image/svg+xml',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.txt': 'text/plain',
  '.wav': 'audio/wav',
  '.webm': 'video/webm',
  '.webp': 'image/webp',
  '.xls': 'application/vnd.ms-excel',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.zip': 'application/zip',
};

/** A file's media type, lower case and without parameters: what its sender says or else what its name tells. Its bytes are not looked at. */
export function mediaTypeOf(said: string | null, filename: string): string {
  const type = (said ?? '').split(';')[0]!.trim().toLowerCase();
  if (!UNSPECIFIC.has(type) && MEDIA_TYPE.test(type)) return type;
  return BY_EXTENSION[extname(filename).toLowerCase()] ?? UNKNOWN;
}

/** Whether a media type is among those that are welcome (`image/png`, `image/*`); null welcomes all. */
export function isWelcome(type: string, types: string[] | null): boolean {
  return (
    types === null || types.some((one) => one === type || (one.endsWith('/*') && type.startsWith(one.slice(0, -1))))
  );
}

const MAX_FILENAME = 255;

/** A name that can be shown, stored and sent anywhere: no folders, no control characters, 255 characters at the most. */
export function filenameOf(given: string | undefined): string {
  const base = (given ?? '').split(/[\\/]/).at(-1)!;
  // Control characters, and those that turn the direction of what follows, so that "gpj.exe" does not look like "exe.jpg".
  const clean = base
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '')
    .toWellFormed()
    .trim();
  if (clean === '' || clean === '.' || clean === '..') return 'file';
  if (clean.length <= MAX_FILENAME) return clean;
  const extension = extname(clean).slice(0, 20);
  return clean.slice(0, MAX_FILENAME - extension.length).toWellFormed() + extension;
}
