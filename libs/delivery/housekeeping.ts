import { setTimeout as pause } from 'node:timers/promises';
import type { ProviderLog } from '#contract';
import type { HousekeepingStore } from '#core';

/** A start has better things to do first. */
const FIRST_AFTER_MS = 5_000;
const EVERY_MS = 600_000;
const BATCH = 1_000;
/** Each with all that is its. */
const HANDOVERS = 50;
/** Files are large: so few at a time that a batch is done in a moment. */
const FILES = 5;
/** Between two batches, so that a long backlog leaves the database to others. */
const PAUSE_MS = 100;

/** How long settled things are kept, in milliseconds. */
export interface Retention {
  inboxMs: number;
  /** From when a file came; files of open handovers stay in any case. */
  attachmentsMs: number;
  /** Handovers and incoming conversations from when they ended; null: for ever. */
  handoversMs: number | null;
}

/** Removes what nobody needs any more, now and then and in small batches. Any number of replicas may do so at the same time. */
export class Housekeeping {
  private readonly stopper = new AbortController();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly store: HousekeepingStore,
    private readonly retention: Retention,
    private readonly log: ProviderLog,
  ) {}

  start(): void {
    this.running = this.run();
  }

  /** Waits for the batch under way. */
  async stop(): Promise<void> {
    this.stopper.abort();
    await this.running;
  }

  private async run(): Promise<void> {
    for (let wait = FIRST_AFTER_MS; await this.waited(wait); wait = EVERY_MS) {
      await this.sweep().catch((error: Error) =>
        this.log.warn({ err: error.message }, 'housekeeping was interrupted and goes on later'),
      );
    }
  }

  /** Removes everything that is due now. */
  async sweep(): Promise<void> {
    let last: string | null = '0';
    do last = await this.store.removeInboxRows(this.retention.inboxMs, last, BATCH);
    while (last !== null && (await this.waited(PAUSE_MS)));
    let count: number;
    do count = await this.store.removeKeys(BATCH);
    while (count === BATCH && (await this.waited(PAUSE_MS)));
    await this.sweepFiles();
    if (this.retention.handoversMs !== null)
      for (const kind of ['ho_', 'cv_']) await this.sweepHandovers(kind, this.retention.handoversMs);
  }

  private async sweepHandovers(kind: string, olderThanMs: number): Promise<void> {
    let last: string | null = kind;
    do last = await this.store.removeHandovers(olderThanMs, last, HANDOVERS);
    while (last !== null && (await this.waited(PAUSE_MS)));
  }

  private async sweepFiles(): Promise<void> {
    let last: string | null = '';
    do last = await this.store.removeAttachments(this.retention.attachmentsMs, last, FILES);
    while (last !== null && (await this.waited(PAUSE_MS)));
    let count: number;
    do count = await this.store.removeUnnamed(FILES);
    while (count === FILES && (await this.waited(PAUSE_MS)));
  }

  /** False when it was stopped meanwhile. A process that has nothing else to do does not wait for this. */
  private waited(ms: number): Promise<boolean> {
    return pause(ms, true, { signal: this.stopper.signal, ref: false }).catch(() => false);
  }
}
