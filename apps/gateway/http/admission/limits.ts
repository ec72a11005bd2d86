import { Budget, Pace, type Owner } from '#core';

const MIB = 1_048_576;

/** The largest body that is no upload, in bytes. */
export const MAX_BODY_BYTES = MIB;
/** How long such a body may take to arrive, in milliseconds. */
export const BODY_WITHIN_MS = 15_000;
/** Bodies that come from strangers: how many may be on their way, and what has arrived of them, in bytes. */
export const UNPROVEN = { count: 512, amount: 24 * MIB };
/** Connections without a request that are kept. */
export const IDLE_CONNECTIONS = { count: 4_096, amount: Infinity };

/**
 * What callers may hold at the same time. Webhooks have budgets of their own, which no bot can use. What is `unproven` comes from
 * strangers and is in none of these.
 */
export class HttpBudgets {
  /** Requests of bots and of the operator under way, event streams not counted. */
  readonly requests = new Budget('requests', { total: 1_000, share: 600, floor: 16 });
  /** Bytes of their bodies that have arrived. */
  readonly bodies = new Budget('body bytes', { total: 48 * MIB, share: 24 * MIB, floor: 2 * MIB });
  /** Of bodies of 64 KiB and more, so much is parsed in a second. What has arrived waits for its turn. */
  readonly largeBodies = new Pace('bytes of large bodies', {
    bytesPerSecond: 4 * MIB,
    from: 65_536,
    longestWaitMs: 5_000,
  });
  readonly webhooks = new Budget('webhooks', { total: 600, share: 400, floor: 32 });
  readonly webhookBodies = new Budget('webhook bytes', { total: 24 * MIB, share: 16 * MIB, floor: 2 * MIB });
  /** Bytes of large answers that their callers have not read yet. */
  readonly answers = new Budget('answer bytes', { total: 48 * MIB, share: 16 * MIB, floor: 3 * MIB });
  /** Uploads that are coming in, each with some pieces of 64 KiB in memory. */
  readonly uploads = new Budget('uploads', { total: 128, share: 48, floor: 4 });
  /** Requests to pages that need no key. */
  readonly visitors = new Budget('requests without a key', { total: 200, share: 200, floor: 0 });
}

/** What a caller holds, all of which is given back together. */
export class Holding {
  private readonly held: { budget: Budget; amount: number }[] = [];
  private isOver = false;

  constructor(readonly owner: Owner) {}

  /** @throws {Refusal} `over_budget`, `unavailable` */
  take(budget: Budget, amount = 1): void {
    // The caller has gone: there is nobody to hold it for.
    if (this.isOver) return;
    if (!budget.take(this.owner, amount)) throw budget.refusal(this.owner, amount);
    this.held.push({ budget, amount });
  }

  /** Gives everything back; what is taken later is not held any more. */
  release(): void {
    this.isOver = true;
    for (const { budget, amount } of this.held.splice(0)) budget.free(this.owner, amount);
  }
}
