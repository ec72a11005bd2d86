import type { Attachment } from './handover.js';

/** A file that a bot sent, before its bytes are here. */
export interface NewUpload {
  handoverId: string;
  filename: string;
  contentType: string;
}

/** A file that came with an event of the inbox, before its bytes are here. `position` is its place in the event, from 0. */
export interface NewArrival {
  handoverId: string;
  inboxId: string;
  position: number;
  filename: string;
}

/** A file on its way to the contact centre with a message. */
export interface CarriedFile {
  id: string;
  filename: string;
  contentType: string;
  size: number;
  /** The contact centre's id of it, once it was brought there for this message. */
  remoteId: string | null;
}

/**
 * The files of both sides, kept in pieces: no file is ever in memory as a whole, and any replica can serve it. A file is there once
 * its last piece and its size are committed.
 */
export interface AttachmentStore {
  /** Keeps what a bot sends. Resolves once all of it is committed; nothing stays of what breaks off. */
  add(upload: NewUpload, content: AsyncIterable<Uint8Array>): Promise<Attachment>;
  /** Bytes of files that bots sent and no message names yet, by bot. A small file counts as 16 KiB. */
  unnamedBytes(): Promise<Map<string, number>>;
  /** Files of a handover that are there, in no order. */
  find(handoverId: string, ids: string[]): Promise<Attachment[]>;
  /** The bytes of a file, piece by piece. */
  read(id: string): AsyncGenerator<Buffer>;

  /** The files of a message, in its order; those that are gone are left out. */
  carried(messageId: string, ids: string[]): Promise<CarriedFile[]>;
  /** Notes that a file was brought to the contact centre for a message. */
  noteRemote(id: string, messageId: string, remoteId: string): Promise<void>;

  /** What came of an event's files so far: only those that are there or failed for good. */
  arrived(inboxId: string): Promise<(Attachment & { position: number })[]>;
  /**
   * Takes on fetching a file. Null when it was fetched, or when another replica that is alive is at it.
   * @param replica under whose name it is done; a claim of an earlier try of the same replica is given up
   * @param dead replicas whose claims count no more
   */
  claim(arrival: NewArrival, replica: string, dead: string[]): Promise<string | null>;
  /** Keeps the bytes of a claimed file and resolves to their number. What an earlier try kept is replaced. @throws {ClaimLost} */
  keep(id: string, content: AsyncIterable<Uint8Array>): Promise<number>;
  /** The file is there, or (with an `error` and without a size) could not be had for good. @throws {ClaimLost} */
  settle(id: string, result: { contentType: string | null; size: number | null; error: string | null }): Promise<void>;
  /** Lets go of a claim. */
  release(id: string): Promise<void>;
}

/** Somebody else has taken a file over, so whatever this replica has of it counts no more. */
export class ClaimLost extends Error {
  constructor() {
    super('the file was taken over by another replica');
    this.name = 'ClaimLost';
  }
}
