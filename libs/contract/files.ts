import type { Readable } from 'node:stream';

/** A file on its way to the contact centre. */
export interface OutgoingFile {
  author: 'user' | 'bot';
  filename: string;
  contentType: string;
  /** Bytes. */
  size: number;
  /** Its bytes from the start, in pieces; can be called again. */
  content(): AsyncIterable<Uint8Array>;
}

/** A file that comes from the contact centre. */
export interface IncomingFile {
  /** As its sender has it; null where it does not say. */
  contentType: string | null;
  /** Bytes, where its sender says so beforehand. */
  size: number | null;
  /** Its bytes. Whoever takes the file reads it to its end or destroys it. */
  content: Readable;
}
