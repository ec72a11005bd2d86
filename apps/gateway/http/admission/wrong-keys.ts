import type { Logger } from '#telemetry';

const WINDOW_MS = 60_000;
/** Wrong keys of an address and minute that are answered at once: somebody has mistyped, or has not heard of a new key. */
const FREE = 20;
/** From then on each answer waits, twice as long after every so many more. */
const DOUBLED_AFTER = 10;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** Answers that wait at the same time: of one address, and of all. What comes beyond them is refused at once. */
const WAITING_OF_ADDRESS = 16;
const WAITING = 256;
/** Addresses that are remembered. */
const ADDRESSES = 10_000;
/** Lines of the log in a minute, over all addresses. */
const LINES = 20;

interface Guesses {
  since: number;
  count: number;
  waiting: number;
  /** Those that the log was not told of yet. */
  untold: number;
  toldAt: number;
}

/**
 * Slows down whoever tries keys, and tells the operator: one line in the log for each address and minute, with their number. Only
 * wrong keys wait, never a good one of the same address.
 */
export class WrongKeys {
  private readonly byAddress = new Map<string, Guesses>();
  private waiting = 0;
  private lines = { since: -Infinity, count: 0 };
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: Pick<Logger, 'warn'>,
    private readonly now: () => number = Date.now,
  ) {}

  /** Notes a wrong key and says how it is to be answered: at once, when the promise resolves, or with 429 since there are too many. */
  note(address: string): 'at once' | Promise<void> | 'too many' {
    const guesses = this.guessesOf(address);
    guesses.count += 1;
    guesses.untold += 1;
    if (!this.tell(address, guesses)) this.timer ??= setTimeout(() => this.tellAll(), WINDOW_MS).unref();
    const pause = pauseAfter(guesses.count);
    if (pause === 0) return 'at once';
    if (guesses.waiting >= WAITING_OF_ADDRESS || this.waiting >= WAITING) return 'too many';
    guesses.waiting += 1;
    this.waiting += 1;
    return new Promise((resolve) => {
      setTimeout(() => {
        guesses.waiting -= 1;
        this.waiting -= 1;
        resolve();
      }, pause).unref();
    });
  }

  /** Tells the log what it was not told yet, as far as a minute has gone by since the last line of an address. */
  tellAll(): void {
    this.timer = null;
    for (const [address, guesses] of this.byAddress)
      if (guesses.untold > 0 && !this.tell(address, guesses))
        this.timer ??= setTimeout(() => this.tellAll(), WINDOW_MS).unref();
  }

  private guessesOf(address: string): Guesses {
    const now = this.now();
    const known = this.byAddress.get(address);
    if (known) {
      if (now - known.since >= WINDOW_MS) [known.since, known.count] = [now, 0];
      return known;
    }
    const [oldest] = this.byAddress.size >= ADDRESSES ? this.byAddress.keys() : [];
    if (oldest !== undefined) this.byAddress.delete(oldest);
    const fresh = { since: now, count: 0, waiting: 0, untold: 0, toldAt: -Infinity };
    this.byAddress.set(address, fresh);
    return fresh;
  }

  /** False where it is too early for another line. */
  private tell(address: string, guesses: Guesses): boolean {
    const now = this.now();
    if (now - guesses.toldAt < WINDOW_MS) return false;
    if (now - this.lines.since >= WINDOW_MS) this.lines = { since: now, count: 0 };
    if (this.lines.count >= LINES) return false;
    this.lines.count += 1;
    this.log.warn(
      { address, wrongKeys: guesses.untold },
      'wrong API keys from this address; further ones are counted and told in a minute',
    );
    guesses.untold = 0;
    guesses.toldAt = now;
    return true;
  }
}

function pauseAfter(count: number): number {
  if (count <= FREE) return 0;
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.floor((count - FREE - 1) / DOUBLED_AFTER));
}
