import { Budget, type Lane, type Owner, type TakenLane } from '#core';
import { nextDelayMs } from './backoff.js';

/**
 * What a lane needs a place for. `heavy`: its next item carries files or is large. `tried`: its next item failed before. Each is kept
 * apart, so that uploads that hang and messages that fail again and again do not hold the places of those that would go through.
 */
export type Kind = 'plain' | 'tried' | 'heavy';

/** Calls under way to one bot or provider at the same time, those that fail again included. */
const PLACES = { total: 32, share: 32, floor: 8 };
/** The same for what is heavy, beside the others. */
const HEAVY_PLACES = { total: 12, share: 8, floor: 2 };
/** Lanes that failed before, under way at the same time for one bot: few while they fail, twice as many with each that goes through. */
const TRIED = { first: 4, most: PLACES.share };
/** Handovers that failed, none of any bot's going through in between, after which a bot takes a destination for down. */
const OPEN_AFTER = 8;
/** Failures that are older than this, in milliseconds, do not count. */
const WINDOW_MS = 60_000;
/** A lane that failed so often is in trouble for its own sake, and proves nothing any more. */
const COUNTED_TRIES = 3;
/** Lanes of a kind under way at the same time that find out whether a destination is back. */
const MAX_PROBES = 4;
/** How long what failed before leaves a destination alone that is down, in milliseconds. */
const PAUSE = { firstMs: 1_000, maxMs: 30_000 };
/** The same for what was not tried yet: it may well go through, and nobody can know without trying. Milliseconds. */
const FRESH_PAUSE_MS = 1_000;

/** What one bot has under way at a destination, and what this replica has seen of its tries there. */
export class Share {
  readonly owner: Owner;
  /** The same for what is kept of one destination apart: the lanes in hand. */
  readonly laneOwner: Owner;
  /** More waits in the database than there was room for. */
  isBacklogged = false;
  /** Lanes under way, of each kind. */
  readonly inFlight: Record<Kind, number> = { plain: 0, tried: 0, heavy: 0 };
  /** How many that failed before may be under way. */
  triedLimit = TRIED.first;
  isDown = false;
  /** Handovers that failed, and when. */
  private readonly failed = new Map<string, number>();
  private trips = 0;
  private readonly pausedUntil: Record<Kind, number> = { plain: 0, tried: 0, heavy: 0 };

  /** @param at names the destination */
  constructor(
    readonly bot: string,
    at = '',
  ) {
    this.owner = `bot:${bot}`;
    this.laneOwner = `bot:${bot} ${at}`;
  }

  isPaused(kind: Kind, now: number): boolean {
    return now < this.pausedUntil[kind];
  }

  reset(): void {
    this.isDown = false;
    this.trips = 0;
    this.failed.clear();
  }

  /** True when that made it count as down. */
  note({ handoverId, attempts }: TakenLane, kind: Kind, now: number): boolean {
    if (this.isDown) {
      this.pausedUntil.plain = now + FRESH_PAUSE_MS;
      if (now >= this.pausedUntil.tried) this.pauseTried(now);
      return false;
    }
    // A file may take longer than its time for its own sake.
    if (attempts >= COUNTED_TRIES || kind === 'heavy') return false;
    this.failed.set(handoverId, now);
    for (const [id, at] of this.failed) if (now - at > WINDOW_MS) this.failed.delete(id);
    if (this.failed.size < OPEN_AFTER) return false;
    this.isDown = true;
    this.pausedUntil.plain = now + FRESH_PAUSE_MS;
    this.pauseTried(now);
    return true;
  }

  private pauseTried(now: number): void {
    this.pausedUntil.tried = now + nextDelayMs(this.trips, undefined, Math.random, PAUSE);
    this.pausedUntil.heavy = this.pausedUntil.tried;
    this.trips += 1;
  }
}

/**
 * One bot's callback or one provider account, seen from this replica: what may be under way there, dealt out by bot, and a circuit
 * breaker for each bot. What fails for one bot says nothing of another's, and what goes through for one shows all that it works.
 */
export class Destination {
  private readonly shares = new Map<string, Share>();
  /** Those that have seen failures since something went through. */
  private readonly troubled = new Set<Share>();
  private readonly places = new Budget('places', PLACES);
  private readonly heavyPlaces = new Budget('places for files', HEAVY_PLACES);

  constructor(
    readonly direction: Lane['direction'],
    readonly target: string,
    private readonly now: () => number,
  ) {}

  share(bot: string): Share {
    const known = this.shares.get(bot) ?? new Share(bot, `${this.direction}:${this.target}`);
    this.shares.set(bot, known);
    return known;
  }

  known(): Iterable<Share> {
    return this.shares.values();
  }

  /** How many lanes of a kind the bot could begin now. While it takes the destination for down: some, once the pause is over. */
  room(share: Share, kind: Kind): number {
    const places = (kind === 'heavy' ? this.heavyPlaces : this.places).room(share.owner);
    const own = kind === 'tried' ? Math.min(places, share.triedLimit - share.inFlight.tried) : places;
    if (!share.isDown) return Math.max(0, own);
    return share.isPaused(kind, this.now()) ? 0 : Math.max(0, Math.min(own, MAX_PROBES - share.inFlight[kind]));
  }

  begin(share: Share, kind: Kind): void {
    (kind === 'heavy' ? this.heavyPlaces : this.places).take(share.owner);
    share.inFlight[kind] += 1;
  }

  end(share: Share, kind: Kind): void {
    (kind === 'heavy' ? this.heavyPlaces : this.places).free(share.owner);
    share.inFlight[kind] -= 1;
  }

  /** Whether it does not work for any bot that has tried it, as far as this replica has seen; with a bot, for that one. */
  isDown(bot?: string): boolean {
    if (bot !== undefined) return this.shares.get(bot)?.isDown ?? false;
    return [...this.troubled].some(({ isDown }) => isDown);
  }

  /** It answered, whatever it said. */
  succeeded(share: Share, kind: Kind): void {
    if (kind === 'tried') share.triedLimit = Math.min(TRIED.most, share.triedLimit * 2);
    if (this.troubled.size === 0) return;
    for (const one of this.troubled) one.reset();
    this.troubled.clear();
  }

  /** It could not be reached, did not answer in time, or said that it is unwell. True when that made the bot take it for down. */
  failed(share: Share, kind: Kind, lane: TakenLane): boolean {
    if (kind === 'tried') share.triedLimit = TRIED.first;
    this.troubled.add(share);
    return share.note(lane, kind, this.now());
  }
}
