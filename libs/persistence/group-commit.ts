import { Budget, Refusal, type BudgetLimits, type Cost, type Owner } from '#core';
import { retried } from './conflict.js';

export interface GroupCommitOptions<I> {
  /** Items with equal keys are never in two groups at the same time, and stay in order. */
  keyOf(item: I): string;
  /** Whether an error is the database's state and not one item's fault. */
  isTransient(error: unknown): boolean;
  /** Whether nothing was stored because the group got into the way of other work: its items are tried again at once, each alone. */
  isConflict?(error: unknown): boolean;
  /** Who asks for it and how large it is. */
  costOf(item: I): Cost;
  /** Items in one group. */
  maxItems?: number;
  /** A group ends once it is so large, in bytes. */
  maxBytes?: number;
  /** An item of this size or more has a group for itself, and only one such group is under way at a time. Bytes. */
  largeBytes?: number;
  /** Groups under way at the same time. */
  maxGroups?: number;
  /** Items that may wait; more are refused. */
  waiting?: BudgetLimits;
  /** Their bytes. */
  waitingBytes?: BudgetLimits;
}

interface Entry<I, O> {
  item: I;
  key: string;
  cost: Cost;
  resolve(value: O): void;
  reject(error: unknown): void;
}

const MAX_ITEMS = 128;
const MAX_GROUPS = 2;
const MAX_BYTES = 4 * 1_048_576;
const LARGE_BYTES = 256 * 1_024;
/** The floor is the reserve of webhooks, and of each bot, against all others. */
const WAITING = { total: 2_000, share: 1_500, floor: 250 };
const WAITING_BYTES = { total: 64 * 1_048_576, share: 16 * 1_048_576, floor: 4 * 1_048_576 };

/**
 * Lets what arrives while the database is busy go to it together: one round trip and one flush to disk for many. Nothing waits
 * for a timer. Those who ask take turns, so that one who asks for much does not stand before the others. An item that spoils its group is
 * found by trying each alone, so it fails nobody else's.
 */
export class GroupCommit<I, O> {
  /** By who asks, the one whose turn it is first. */
  private readonly waiting = new Map<Owner, Entry<I, O>[]>();
  private readonly places: Budget;
  private readonly bytes: Budget;
  private readonly busy = new Set<string>();
  private groups = 0;
  private isLargeUnderWay = false;
  private isScheduled = false;

  /** @param flush commits all or nothing and answers in the order of the items */
  constructor(
    private readonly flush: (items: I[]) => Promise<O[]>,
    private readonly options: GroupCommitOptions<I>,
  ) {
    this.places = new Budget('waiting changes', options.waiting ?? WAITING);
    this.bytes = new Budget('bytes of waiting changes', options.waitingBytes ?? WAITING_BYTES);
  }

  /** Resolves once the item is committed. @throws {Refusal} `over_budget` or `unavailable` when too many or too much wait already */
  submit(item: I): Promise<O> {
    const cost = this.options.costOf(item);
    const { owner, bytes } = cost;
    if (!this.places.take(owner)) return Promise.reject(refusal(this.places, owner, 1));
    if (!this.bytes.take(owner, bytes)) {
      this.places.free(owner);
      return Promise.reject(refusal(this.bytes, owner, bytes));
    }
    return new Promise<O>((resolve, reject) => {
      const queue = this.waiting.get(owner) ?? [];
      this.waiting.set(owner, queue);
      queue.push({ item, key: this.options.keyOf(item), cost, resolve, reject });
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
      const isLarge = this.isLarge(group[0]!);
      if (isLarge) this.isLargeUnderWay = true;
      void this.commit(group).finally(() => {
        this.groups -= 1;
        for (const key of keys) this.busy.delete(key);
        if (isLarge) this.isLargeUnderWay = false;
        this.pump();
      });
    }
  }

  /** One item of each owner after the other, as far as their keys are not under way in another group. */
  private nextGroup(): Entry<I, O>[] {
    const { maxItems = MAX_ITEMS, maxBytes = MAX_BYTES } = this.options;
    const group = new Set<Entry<I, O>>();
    let bytes = 0;
    const queues = [...this.waiting.values()].map((queue) => queue.values());
    let isFull = false;
    while (queues.length > 0 && !isFull) {
      const queue = queues.shift()!;
      let entry = queue.next().value;
      while (entry && this.busy.has(entry.key)) entry = queue.next().value;
      if (!entry) continue;
      const isLarge = this.isLarge(entry);
      // It waits for a group of its own, and what its owner has behind it waits with it.
      if (isLarge && (group.size > 0 || this.isLargeUnderWay)) continue;
      isFull = group.size > 0 && bytes + entry.cost.bytes > maxBytes;
      if (isFull) break;
      group.add(entry);
      bytes += entry.cost.bytes;
      isFull = isLarge || group.size >= maxItems;
      queues.push(queue);
    }
    for (const entry of group) this.release(entry);
    for (const owner of new Set([...group].map(({ cost }) => cost.owner))) this.leave(owner, group);
    return [...group];
  }

  private isLarge({ cost }: Entry<I, O>): boolean {
    return cost.bytes >= (this.options.largeBytes ?? LARGE_BYTES);
  }

  private release({ cost: { owner, bytes } }: Entry<I, O>): void {
    this.places.free(owner);
    this.bytes.free(owner, bytes);
  }

  /** What is left of an owner's items waits behind the others'. */
  private leave(owner: Owner, group: Set<Entry<I, O>>): void {
    const left = this.waiting.get(owner)!.filter((entry) => !group.has(entry));
    this.waiting.delete(owner);
    if (left.length > 0) this.waiting.set(owner, left);
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

/** A bot that asks for too much is told so; a contact centre, and the gateway itself, try again. */
function refusal(budget: Budget, owner: Owner, amount: number): Refusal {
  if (owner.startsWith('bot:')) return budget.refusal(owner, amount);
  const why = 'The gateway has more to do than it can store now. Try again.';
  return new Refusal('unavailable', why, [], { budget: budget.name, owner });
}
