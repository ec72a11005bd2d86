import { randomUUID } from 'node:crypto';
import type { ProviderLog } from '#contract';
import { FREE_LIMIT, STALE_REPLICA_MS, type LaneStore } from '#core';
import { Replicas } from './replicas.js';

export const HEARTBEAT_MS = 2_000;
/** Silent for this long, a replica must assume that its lanes were taken, in milliseconds. */
const TRUST_OWN_LEASE_MS = STALE_REPLICA_MS - HEARTBEAT_MS;
/** No call of a contact centre's takes longer, uploads excepted, in milliseconds. */
const LONGEST_CALL_MS = 10_000;
/** Calls that a dead replica began in time are over this long after it was found dead, in milliseconds. */
const CALLS_END_MS = TRUST_OWN_LEASE_MS + LONGEST_CALL_MS - STALE_REPLICA_MS;

/** The name under which this replica holds lanes, for as long as it says in time that it is alive; and what becomes of others' that do not. */
export class Lease {
  replica: string = randomUUID();
  private readonly replicas = new Replicas();
  private lastHeartbeat = -Infinity;
  private strays = new Set<string>();

  constructor(
    private readonly store: Pick<LaneStore, 'heartbeat' | 'free' | 'strays' | 'forget'>,
    /** Nothing that was held is ours any more. */
    private readonly lost: () => void,
    private readonly log: ProviderLog,
  ) {}

  /** Whether what was taken under this name is ours still, by our own monotonic clock. */
  get isHeld(): boolean {
    return performance.now() - this.lastHeartbeat < TRUST_OWN_LEASE_MS;
  }

  /** No other replica is alive, as far as this one knows. */
  get isAlone(): boolean {
    return this.replicas.living === 1;
  }

  /** Ids of replicas that are dead, as far as this one has seen. */
  get dead(): string[] {
    return this.replicas.dead;
  }

  /** Says that this replica is alive, and sees who else is. */
  async renew(): Promise<void> {
    const sentAt = performance.now();
    if (this.lastHeartbeat > -Infinity && sentAt - this.lastHeartbeat > TRUST_OWN_LEASE_MS)
      this.giveUp('this replica was silent for too long and begins anew');
    const { replica } = this;
    const signs = await this.store.heartbeat(replica);
    this.replicas.saw(signs, sentAt, performance.now());
    // It may have been given up in the meantime.
    if (replica === this.replica) this.lastHeartbeat = sentAt;
  }

  /** Goes on under another name, with nothing in hand. To be renewed before anything is taken. */
  giveUp(why: string): void {
    this.log.warn({ replica: this.replica }, why);
    this.replica = randomUUID();
    this.lastHeartbeat = -Infinity;
    this.lost();
  }

  /** Lanes of the dead are anybody's once their calls are over. */
  async freeOthers(): Promise<void> {
    const now = performance.now();
    const dead = this.replicas.toFree(now);
    if (dead.length > 0 && (await this.store.free(dead, CALLS_END_MS)) < FREE_LIMIT) this.replicas.freed(dead, now);
  }

  /** An owner without a row is dead when it has none the next time either: a new replica's may be on its way. */
  async tidy(): Promise<void> {
    if (!this.isHeld) return;
    const old = this.replicas.toForget();
    if (old.length > 0) await this.store.forget(old);
    const found = await this.store.strays();
    const dead = found.filter(({ replica }) => this.strays.has(replica));
    this.strays = new Set(found.map(({ replica }) => replica));
    if (dead.length > 0) await this.store.free(dead, 0);
  }
}
