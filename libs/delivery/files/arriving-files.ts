import { setTimeout as pause } from 'node:timers/promises';
import { ProviderError, within, type IncomingFile, type ProviderLog, type RemoteAttachment } from '#contract';
import {
  filenameOf,
  isWelcome,
  mediaTypeOf,
  type Attachment,
  type AttachmentStore,
  type NewArrival,
  type ProviderInstance,
} from '#core';
import { Turns } from '../turns.js';
import { FetchRefused, type GuardedFetch } from './guarded-fetch.js';
import { FileTooLarge, limited, readableBytes } from './limited.js';

/** Files of one message; more are named in the message, and not fetched. */
const MAX_FILES = 20;
/** Events whose files are fetched at the same time, dealt out by bot: files of one that hang hold up no other's. */
const FETCHES = { total: 8, share: 6, floor: 2 };
/** How long the files of one event may take in all, in milliseconds. The events after it wait that long. */
const WITHIN_MS = 20_000;
/** Pauses before a file that could not be had is tried again, in milliseconds. */
const AGAIN_AFTER_MS = [500, 2_000];

/** Whose files are wanted: a message event, and where its handover is. */
export interface FileRequest {
  inboxId: string;
  handoverId: string;
  bot: string;
  conversationId: string;
  provider: ProviderInstance;
  wanted: RemoteAttachment[];
}

/**
 * Fetches the files that agents send, before their message is applied: by the address in the event, which may soon be void, or else
 * through the provider's API. What cannot be had within the time leaves a file with an error, and the message goes on.
 */
export class ArrivingFiles {
  private readonly underWay = new Map<string, Promise<void>>();
  private readonly turns = new Turns('file fetches', FETCHES);
  private readonly stopper = new AbortController();

  constructor(
    private readonly store: AttachmentStore,
    private readonly fetcher: GuardedFetch,
    /** Under whose name files are claimed; null while this replica takes no work. */
    private readonly replica: () => string | null,
    /** Replicas that are dead, as far as this one has seen. */
    private readonly dead: () => string[],
    private readonly production: boolean,
    private readonly log: ProviderLog,
  ) {}

  /**
   * What an event's files came to, or null while they are being fetched, here or by another replica. `onDone` is called once it is
   * worth looking again; it is not when another replica is at it.
   */
  async of(request: FileRequest, onDone: () => void): Promise<Attachment[] | null> {
    const { wanted } = request;
    if (wanted.length === 0) return [];
    if (this.underWay.has(request.inboxId)) return null;
    const arrived = await this.store.arrived(request.inboxId);
    if (arrived.length === wanted.length) return arrived.map(({ position: _, ...attachment }) => attachment);
    this.begin(request, new Set(arrived.map(({ position }) => position)), onDone);
    return null;
  }

  /** Breaks fetches off; whoever comes next begins them anew. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await Promise.all(this.underWay.values());
    await this.fetcher.close();
  }

  private begin(request: FileRequest, known: Set<number>, onDone: () => void): void {
    const replica = this.replica();
    if (replica === null || this.stopper.signal.aborted || this.underWay.has(request.inboxId)) return;
    const owner = `bot:${request.bot}` as const;
    const work = this.turns
      .take(owner)
      .then(() => !this.stopper.signal.aborted && this.fetchAll(request, known, replica))
      .catch((error: Error) => {
        if (!this.stopper.signal.aborted)
          this.log.warn({ inboxId: request.inboxId, err: error.message }, 'files wait: they could not be stored now');
        return false;
      })
      .then((isComplete) => {
        this.underWay.delete(request.inboxId);
        this.turns.free(owner);
        // Otherwise the next poll looks again: the database is away, or another replica has it.
        if (isComplete) onDone();
      });
    this.underWay.set(request.inboxId, work);
  }

  /** Resolves to whether all files are settled; false when another replica has some of them in hand. */
  private async fetchAll(request: FileRequest, known: Set<number>, replica: string): Promise<boolean> {
    const signal = within(WITHIN_MS, this.stopper.signal);
    let isComplete = true;
    for (const [position, remote] of request.wanted.entries()) {
      if (known.has(position)) continue;
      const { handoverId, inboxId } = request;
      const arrival = { handoverId, inboxId, position, filename: filenameOf(remote.filename) };
      const id = await this.store.claim(arrival, replica, this.dead());
      if (id === null) isComplete = false;
      else await this.fetch(id, arrival, remote, request, signal);
    }
    return isComplete;
  }

  private async fetch(
    id: string,
    { filename, position }: NewArrival,
    remote: RemoteAttachment,
    request: FileRequest,
    signal: AbortSignal,
  ): Promise<void> {
    const contentType = remote.contentType === null ? null : mediaTypeOf(remote.contentType, filename);
    const failed = (error: string): Promise<void> => this.store.settle(id, { contentType, size: null, error });
    try {
      if (position >= MAX_FILES) return await failed(`Of one message ${MAX_FILES} files are fetched at the most.`);
      await this.store.settle(id, { ...(await this.fetchFrom(id, remote, filename, request, signal)), error: null });
    } catch (error) {
      if (!(error instanceof Unavailable) || this.stopper.signal.aborted) {
        await this.store.release(id).catch(() => undefined);
        throw error;
      }
      const { inboxId, handoverId } = request;
      this.log.warn({ inboxId, handoverId, attachmentId: id, reason: error.message }, 'a file could not be fetched');
      await failed(error.message);
    }
  }

  /** Tries the ways to the file one after the other, and again after a pause where that may help. @throws {Unavailable} */
  private async fetchFrom(
    id: string,
    remote: RemoteAttachment,
    filename: string,
    request: FileRequest,
    signal: AbortSignal,
  ): Promise<{ contentType: string; size: number }> {
    let ways = this.waysTo(remote, request, signal);
    const reasons = new Map<unknown, string>();
    for (const wait of [...AGAIN_AFTER_MS, null]) {
      const worthwhile: typeof ways = [];
      for (const way of ways) {
        const file = await way().catch((error: unknown) => whyNot(error));
        const failure = file instanceof Failure ? file : await this.keep(id, file, filename, request);
        if (!(failure instanceof Failure)) return failure;
        reasons.set(way, signal.aborted ? 'it took too long' : failure.reason);
        if (!failure.isFinal) worthwhile.push(way);
      }
      ways = worthwhile;
      if (wait === null || ways.length === 0 || signal.aborted) break;
      await pause(wait, undefined, { signal }).catch(() => undefined);
    }
    const why = [...new Set(reasons.values())].join('; ') || 'the contact centre offers no way to it';
    throw new Unavailable(`The file could not be fetched: ${why}.`);
  }

  private waysTo(
    remote: RemoteAttachment,
    { provider, conversationId }: FileRequest,
    signal: AbortSignal,
  ): (() => Promise<IncomingFile>)[] {
    const { session } = provider;
    const trusted = this.production ? null : (session.fileOrigin ?? null);
    const { id, url } = remote;
    return [
      ...(url === undefined ? [] : [() => this.fetcher.get(url, trusted, signal)]),
      ...(session.download && id !== null ? [() => session.download!(conversationId, { ...remote, id }, signal)] : []),
    ];
  }

  /** Resolves to a failure when the sender broke off. @throws {Unavailable} for what is not let through */
  private async keep(
    id: string,
    { contentType: said, size, content }: IncomingFile,
    filename: string,
    { provider }: FileRequest,
  ): Promise<{ contentType: string; size: number } | Failure> {
    const { maxBytes, types } = provider.options.attachments;
    const contentType = mediaTypeOf(said, filename);
    try {
      if (!isWelcome(contentType, types)) throw new Unavailable(`Files of type ${contentType} are not let through.`);
      if (size !== null && size > maxBytes) throw new FileTooLarge(maxBytes);
      return { contentType, size: await this.store.keep(id, limited(whole(content, size), maxBytes)) };
    } catch (error) {
      if (error instanceof BrokenOff) return new Failure('it broke off', false);
      if (!(error instanceof FileTooLarge)) throw error;
      throw new Unavailable(`The file is larger than the ${readableBytes(maxBytes)} that are let through.`);
    } finally {
      content.on('error', () => undefined).destroy();
    }
  }
}

/** What a person is told of a file that cannot be had. */
class Unavailable extends Error {}

/** Reading a file broke off; storing it did not. */
class BrokenOff extends Error {}

/** One way to a file did not work. `isFinal`: trying it again cannot help. */
class Failure {
  constructor(
    readonly reason: string,
    readonly isFinal: boolean,
  ) {}
}

/** The same bytes, all of them. @throws {BrokenOff} */
async function* whole(content: AsyncIterable<Uint8Array>, size: number | null): AsyncGenerator<Uint8Array> {
  let read = 0;
  try {
    for await (const part of content) {
      read += part.length;
      yield part;
    }
  } catch {
    throw new BrokenOff();
  }
  if (size !== null && read !== size) throw new BrokenOff();
}

function whyNot(error: unknown): Failure {
  if (error instanceof FetchRefused) return new Failure(error.message, error.isFinal);
  if (error instanceof ProviderError) return new Failure(error.message, error.retry === 'never');
  return new Failure('it could not be read', true);
}
