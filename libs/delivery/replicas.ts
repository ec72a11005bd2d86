import { STALE_REPLICA_MS, type ReplicaSign } from '#core';

/** A dead replica that had no lanes left is asked for again this often: a statement of its last moments may have come late. Milliseconds. */
const LOOK_AGAIN_MS = 60_000;
/** After this long without a sign of life it is forgotten, in milliseconds. */
const FORGET_MS = 600_000;

interface Seen {
  sign: string;
  /** When it had been read for the first time, and when the last reading began. */
  since: number;
  until: number;
  lookAt: number;
}

/**
 * Which replicas live, by what this one sees: dead is whoever gave no sign while this replica's own monotonic clock went on for
 * `STALE_REPLICA_MS`. Nobody's wall clock is asked, so none can be wrong. A replica that has just started has seen nobody die yet.
 */
export class Replicas {
  private seen = new Map<string, Seen>();

  /** Takes note of what was read between two moments of `performance.now()`. */
  saw(signs: ReplicaSign[], from: number, to: number): void {
    const before = this.seen;
    this.seen = new Map();
    for (const { replica, sign } of signs) {
      const known = before.get(replica);
      if (known?.sign === sign) known.until = Math.max(known.until, from);
      this.seen.set(replica, known?.sign === sign ? known : { sign, since: to, until: to, lookAt: 0 });
    }
  }

  get living(): number {
    return [...this.seen.values()].filter((one) => !isDead(one)).length;
  }

  /** Ids of those that are dead. */
  get dead(): string[] {
    return this.signs(isDead).map(({ replica }) => replica);
  }

  /** Those whose lanes are to be freed now. */
  toFree(now: number): ReplicaSign[] {
    return this.signs((one) => isDead(one) && one.lookAt <= now);
  }

  /** None of these has lanes left, for all that is known now. */
  freed(signs: ReplicaSign[], now: number): void {
    for (const { replica } of signs) {
      const one = this.seen.get(replica);
      if (one) one.lookAt = now + LOOK_AGAIN_MS;
    }
  }

  toForget(): ReplicaSign[] {
    return this.signs(({ since, until }) => until - since >= FORGET_MS);
  }

  private signs(which: (one: Seen) => boolean): ReplicaSign[] {
    return [...this.seen].flatMap(([replica, one]) => (which(one) ? { replica, sign: one.sign } : []));
  }
}

function isDead({ since, until }: Seen): boolean {
  return until - since >= STALE_REPLICA_MS;
}
