import type { Appetite, Lane } from '#core';
import { nextDelayMs } from './backoff.js';

/** Calls under way to one bot or provider at the same time. */
const MAX_IN_FLIGHT = 32;
/** Failures in a row, of whatever handovers, after which a destination is taken for down. */
const OPEN_AFTER = 8;
/** How long a destination that is down is left alone, in milliseconds; after that one call finds out. */
const PAUSE = { firstMs: 1_000, maxMs: 30_000 };

/**
 * One bot's callback or one provider account, seen from this replica: what may be under way there, and a circuit breaker. A
 * destination that is slow or dead uses up nothing but its own share.
 */
export class Destination {
  inFlight = 0;
  private failures = 0;
  private trips = 0;
  private closedUntil = 0;

  constructor(
    readonly direction: Lane['direction'],
    readonly target: string,
    private readonly now: () => number,
  ) {}

  /** How many lanes it could take now. While it is taken for down: one, once the pause is over. */
  get room(): number {
    if (this.failures < OPEN_AFTER) return MAX_IN_FLIGHT - this.inFlight;
    return this.now() >= this.closedUntil && this.inFlight === 0 ? 1 : 0;
  }

  get isDown(): boolean {
    return this.failures >= OPEN_AFTER;
  }

  get appetite(): Appetite {
    return { direction: this.direction, target: this.target, limit: Math.max(0, this.room) };
  }

  /** It answered, whatever it said. */
  succeeded(): void {
    this.failures = 0;
    this.trips = 0;
  }

  /** It could not be reached, did not answer in time, or said that it is unwell. True when that made it count as down. */
  failed(): boolean {
    this.failures += 1;
    if (this.failures < OPEN_AFTER) return false;
    const isFirst = this.failures === OPEN_AFTER;
    if (isFirst || this.now() >= this.closedUntil) {
      this.closedUntil = this.now() + nextDelayMs(this.trips, undefined, Math.random, PAUSE);
      this.trips += 1;
    }
    return isFirst;
  }
}
