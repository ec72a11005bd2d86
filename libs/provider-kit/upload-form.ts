import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { OutgoingFile } from '#contract';

/** A form on its way, as long as it says. */
export interface UploadForm {
  headers: Record<string, string>;
  body: Readable;
}

/**
 * A form (multipart/form-data) with these fields and, last, the file. Its length is told beforehand, and no more of the file is in
 * memory than a piece.
 * @param fields by name; both are the provider's own, and nobody else's
 */
export function uploadForm(file: OutgoingFile, name: string, fields: Record<string, string> = {}): UploadForm {
  const boundary = `handover-${randomBytes(16).toString('hex')}`;
  const part = (disposition: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${disposition}"\r\n`;
  const before = Object.entries(fields).map(([field, value]) => `${part(field)}\r\n${value}\r\n`);
  const head = Buffer.from(
    `${before.join('')}--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${quoted(file.filename)}"\r\n` +
      `Content-Type: ${file.contentType}\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* file.content();
    yield tail;
  }
  return {
    headers: {
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': String(head.length + file.size + tail.length),
    },
    body: Readable.from(parts(), { objectMode: false }),
  };
}

/** As browsers write a filename into a form: what would end it is percent-encoded. */
function quoted(filename: string): string {
  return filename.replace(/["\r\n]/g, encodeURIComponent);
}
