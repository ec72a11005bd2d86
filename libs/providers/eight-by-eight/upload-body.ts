import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { OutgoingFile } from '#contract';

/** A form on its way, as long as it says. */
export interface UploadBody {
  headers: Record<string, string>;
  body: Readable;
}

/**
 * The form in which 8x8 takes a file. 8x8 Chat Gateway documentation: the parts `attachment`, which is the file, and `authorType`. Its
 * length is told beforehand, and no more of the file is in memory than a piece.
 */
export function uploadBody(file: OutgoingFile): UploadBody {
  const boundary = `handover-${randomBytes(16).toString('hex')}`;
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="authorType"\r\n\r\n${file.author}\r\n` +
      `--${boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="${quoted(file.filename)}"\r\n` +
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
