import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import { invalid, Refusal } from '#core';
import { encodedFilename } from './form-filename.js';
import { watchRate } from './upload-rate.js';

/** The one part that an upload has. */
const FIELD = 'file';
const LIMITS = { fieldNameSize: 100, fieldSize: 1_024, headerPairs: 20, headerSize: 8_192 };

/** A file in a form, as it comes. */
export interface UploadedFile {
  /** As the form has it; undefined where it gives none. */
  filename: string | undefined;
  contentType: string | null;
  /** Its bytes. Break off with a `Refusal` when the form turns out to be wrong behind them, or the caller is gone. */
  content: AsyncIterable<Uint8Array>;
}

/**
 * Reads a form with one file and hands the file on while it comes: what `take` does not read yet is not read from the caller either.
 * The rest of a form that is refused is read and thrown away, so that the caller can read the answer.
 * @throws {Refusal} `invalid`, and whatever `take` throws
 */
export async function readUpload<T>(payload: IncomingMessage, take: (file: UploadedFile) => Promise<T>): Promise<T> {
  const parser = openParser(payload);
  const head = new FormHead(payload);
  let stopWatching: () => void = () => undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      let taken: Promise<T> | null = null;
      let stream: Readable | null = null;
      const formEnd = new Promise<void>((end, fail) => {
        const refuse = (error: Error): void => {
          fail(error);
          stream?.destroy(error);
          // Where a file is being taken, its taker fails, and has cleaned up by then.
          if (!taken) reject(error);
        };
        stopWatching = watchRate(payload, refuse);
        parser.on('error', () => refuse(new Refusal('invalid', 'The body is not a well-formed multipart form.')));
        payload.on('close', () => payload.readableEnded || refuse(brokenOff()));
        parser.on('field', (name) => refuse(wrongField(name)));
        parser.on('file', (name, file, filename, _encoding, contentType) => {
          // Whoever reads it hears of its errors, and nobody need read it.
          file.on('error', () => undefined);
          if (name === FIELD && !taken) {
            stream = file;
            taken = take({
              filename: head.filename() ?? unquoted(filename),
              contentType,
              content: upTo(file, formEnd),
            });
            taken.then(resolve, reject);
            return;
          }
          file.resume();
          refuse(name === FIELD ? invalid([{ pointer: `/${FIELD}`, detail: 'must be one file' }]) : wrongField(name));
        });
        parser.on('finish', () => (taken ? end() : refuse(missing())));
      });
      formEnd.catch(() => undefined);
      payload.pipe(parser);
    });
  } finally {
    stopWatching();
    payload.unpipe(parser);
    payload.resume();
  }
}

/** The parser tells a name only as it stands in `filename`; this has the header of the first part, which is the file's. */
class FormHead {
  private static readonly MOST = 2 * LIMITS.headerSize;
  private text = '';

  constructor(payload: IncomingMessage) {
    const collect = (chunk: Buffer): void => {
      this.text += chunk.subarray(0, FormHead.MOST).toString('latin1');
      if (this.text.length >= FormHead.MOST || this.text.includes('\r\n\r\n')) payload.off('data', collect);
    };
    // It is before the parser at the payload, so the header is here when the parser has seen it.
    payload.on('data', collect);
    payload.pause();
  }

  /** The file's name where it is encoded. */
  filename(): string | undefined {
    const [header = ''] = this.text.split('\r\n\r\n');
    const [, disposition] = /^content-disposition:(.*(?:\r\n[\t ].*)*)/im.exec(header) ?? [];
    const name = disposition === undefined ? undefined : encodedFilename(disposition.replace(/\r\n[\t ]+/g, ' '));
    return name?.replace(/^.*[\\/]/s, '');
  }
}

/** @throws {Refusal} for a form without a boundary */
function openParser({ headers }: IncomingMessage): BusboyInstance {
  try {
    return new Busboy({ headers: { ...headers, 'content-type': headers['content-type']! }, limits: LIMITS });
  } catch {
    throw new Refusal('invalid', 'The Content-Type must be multipart/form-data with its boundary.');
  }
}

/** The file's bytes, which end only when the form has ended well. */
async function* upTo(file: Readable, formEnd: Promise<void>): AsyncGenerator<Uint8Array> {
  yield* file as AsyncIterable<Uint8Array>;
  await formEnd;
}

/** Whoever writes a form percent-encodes what would end the filename, and nothing else (HTML Standard, multipart/form-data). */
function unquoted(filename: string | undefined): string | undefined {
  return filename?.replace(/%(22|0D|0A)/gi, decodeURIComponent);
}

function wrongField(name = ''): Refusal {
  if (name === FIELD)
    return invalid([
      { pointer: `/${FIELD}`, detail: 'must be a file: give the part a filename in its Content-Disposition' },
    ]);
  // What is shown of a name that nobody expects is short.
  const shown = name.slice(0, 50).replaceAll('~', '~0').replaceAll('/', '~1');
  return invalid([
    { pointer: `/${shown}`, detail: `is not a known field: send the file as "${FIELD}", and nothing else` },
  ]);
}

function brokenOff(): Refusal {
  return new Refusal('invalid', 'The upload broke off.');
}

function missing(): Refusal {
  return invalid([{ pointer: `/${FIELD}`, detail: 'is missing: send the file as a part of this name' }]);
}
