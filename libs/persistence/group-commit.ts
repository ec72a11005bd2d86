import { Refusal } from '#core';
import { retried } from './conflict.js';

export interface GroupCommitOptions<I> {
  /** Items with equal keys are never in two groups at the same time, and stay in order. */
  keyOf(item: I): string;
  /** Whether an error is the database's state and not one item's fault. */
  isTransient(error: unknown): boolean;
  /** Whether nothing was stored because the group got into the way of other work: its items are tried again at once, each alone. */
  isConflict?(error: unknown): boolean;
  /** Items in one group. */
  maxItems?: number;
  /** Groups under way at the same time. */
  maxGroups?: number;
  /** Items that may wait; more are refused. */
  maxWaiting?: number;
}

interface Entry<I, O> {
  item: I;
  key: string;
  resolve(value: O): void;
  reject(error: unknown): void;
}

const MAX_ITEMS = 128;
const MAX_GROUPS = 2;
const MAX_WAITING = 2_000;

/**
 * Lets what arrives while the database is busy go to it together: one round trip and one flush to disk for many. Nothing waits
 * for a timer. An item that spoils its group is found by trying each alone, so it fails nobody else's.
 */
export class GroupCommit<I, O> {
  private waiting: Entry<I, O>[] = [];
  private readonly busy = new Set<string>();
  private groups = 0;
  private isScheduled = false;

  /** @param flush commits all or nothing and answers in the order of the items */
  constructor(
    private readonly flush: (items: I[]) => Promise<O[]>,
    private readonly options: GroupCommitOptions<I>,
  ) {}

  /** Resolves once the item is committed. @throws {Refusal} `unavailable` when too many wait already */
  submit(item: I): Promise<O> {
    if (this.waiting.length >= (this.options.maxWaiting ?? MAX_WAITING)) {
      return Promise.reject(new Refusal('unavailable', 'The gateway has more to do than it can store now. Try again.'));
    }
    return new Promise<O>((resolve, reject) => {
      this.waiting.push({ item, key: this.options.keyOf(item), resolve, reject });
      this.schedule();
    });
  }

  /** Whatever arrives in the same turn of the event loop goes together. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    while (this.groups < (this.options.maxGroups ?? MAX_GROUPS)) {
      const group = this.nextGroup();
      if (group.length === 0) return;
      this.groups += 1;
      const keys = new Set(group.map(({ key }) => key));
      for (const key of keys) this.busy.add(key);
      void this.commit(group).finally(() => {
        this.groups -= 1;
        for (const key of keys) this.busy.delete(key);
        this.pump();
      });
    }
  }

  private nextGroup(): Entry<I, O>[] {
    const max = this.options.maxItems ?? MAX_ITEMS;
    const group: Entry<I, O>[] = [];
    const left: Entry<I, O>[] = [];
    for (const entry of this.waiting) {
      if (group.length < max && !this.busy.has(entry.key)) group.push(entry);
      else left.push(entry);
    }
    this.waiting = left;
    return group;
  }

  private async commit(group: Entry<I, O>[]): Promise<void> {
    const isConflict = this.options.isConflict ?? ((): boolean => false);
    try {
      const flush = (): Promise<O[]> => this.flush(group.map(({ item }) => item));
      const results = await (group.length === 1 ? retried(flush, isConflict) : flush());
      group.forEach(({ resolve }, index) => resolve(results[index]!));
    } catch (error) {
      if (group.length === 1 || (this.options.isTransient(error) && !isConflict(error)))
        return group.forEach(({ reject }) => reject(error));
      for (const entry of group) await this.commit([entry]);
    }
  }
}
