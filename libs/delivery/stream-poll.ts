import type { NewestOf } from '#core';

/** How often other replicas' commits are looked for while there are other replicas, in milliseconds. */
const POLL_MS = 1_000;
/**
 * How often while this one seems to be alone: one that has just begun, or is cut off from its signs of life, may commit without being
 * seen for a moment.
 */
const ALONE_POLL_MS = 15_000;

/** A live stream of a handover or a conversation. */
export interface Watched {
  readonly id: string;
  /** Whether the database is further than what the stream has shown. Undefined: it is gone. */
  isBehind(newest: NewestOf | undefined): boolean;
  wake(): void;
}

/**
 * Looks for what other replicas have committed, with one statement for all live streams of the process: own commits are told by the
 * hub. Nothing is looked for while there are no streams.
 */
export class StreamPoll {
  private readonly watched = new Map<string, Set<Watched>>();
  private timer: NodeJS.Timeout | null = null;
  private lastAt = 0;
  private wasAlone = true;
  private isStopped = false;

  constructor(
    private readonly newestOf: (ids: string[]) => Promise<NewestOf[]>,
    private readonly isAlone: () => boolean,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The returned function ends it. */
  watch(stream: Watched): () => void {
    const set = this.watched.get(stream.id) ?? new Set();
    this.watched.set(stream.id, set.add(stream));
    if (this.watched.size === 1) this.lastAt = this.now();
    this.schedule();
    return () => {
      set.delete(stream);
      if (set.size === 0) this.watched.delete(stream.id);
    };
  }

  stop(): void {
    this.isStopped = true;
    if (this.timer) clearTimeout(this.timer);
  }

  private schedule(): void {
    if (this.timer || this.isStopped || this.watched.size === 0) return;
    this.timer = setTimeout(() => {
      void this.look().finally(() => {
        this.timer = null;
        this.schedule();
      });
    }, POLL_MS).unref();
  }

  private async look(): Promise<void> {
    const isAlone = this.isAlone();
    // What the others committed last is looked for once more after they are gone.
    const isDue = !isAlone || !this.wasAlone || this.now() - this.lastAt >= ALONE_POLL_MS;
    if (!isDue || this.watched.size === 0) return;
    const ids = [...this.watched.keys()];
    let newest: Map<string, NewestOf>;
    try {
      newest = new Map((await this.newestOf(ids)).map((one) => [one.id, one]));
    } catch {
      // The database is away: the next look finds what this one missed.
      return;
    }
    this.lastAt = this.now();
    this.wasAlone = isAlone;
    for (const id of ids)
      for (const stream of this.watched.get(id) ?? []) if (stream.isBehind(newest.get(id))) stream.wake();
  }
}
