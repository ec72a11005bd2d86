import { ClientRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Shorter timers are no time-outs of calls, and run as ever. Milliseconds. */
const SHORTEST_MS = 1_000;
/** How long what a fired timer sets going may take, in real milliseconds. */
const PATIENCE_MS = 20;
const LAST_PATIENCE_MS = 500;
const NEVER_MS = 2 ** 31 - 1;

let elapsedMs = 0;

/** How far the timers that are trapped have moved the time on, in milliseconds; 0 while none are. */
export const elapsed = (): number => elapsedMs;

/**
 * Time-outs without the waiting: timers of a second and more are held back, and fire when they are told to, in their order. It sees
 * `setTimeout`, `AbortSignal.timeout` and `setTimeout` of Node's requests, which is what HTTP clients are made with.
 */
export class TrappedTimers {
  private readonly held = new Map<unknown, { dueMs: number; number: number; fire: () => void }>();
  private count = 0;
  private readonly real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    timeout: AbortSignal.timeout.bind(AbortSignal),
    ofRequest: ClientRequest.prototype.setTimeout,
  };

  /** Holds timers back from now on, for all in this process. `release` must follow. */
  constructor() {
    elapsedMs = 0;
    const { real, hold } = { real: this.real, hold: this.hold.bind(this) };
    globalThis.setTimeout = Object.assign((fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      if (ms < SHORTEST_MS) return real.setTimeout(fire, ms, ...args);
      const timer = real.setTimeout(() => undefined, NEVER_MS).unref();
      hold(timer, ms, () => fire(...args));
      return timer;
    }, real.setTimeout) as typeof setTimeout;
    globalThis.clearTimeout = (timer): void => {
      this.held.delete(timer);
      real.clearTimeout(timer);
    };
    AbortSignal.timeout = (ms) => {
      const abort = new AbortController();
      hold(abort, ms, () => abort.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')));
      return abort.signal;
    };
    ClientRequest.prototype.setTimeout = function (ms, callback) {
      if (callback) this.once('timeout', callback);
      hold(this, ms, () => this.emit('timeout'));
      return this;
    };
  }

  /**
   * Lets time pass until the call has ended, or the limit is over. Says whether it ended.
   * @param justBefore what happens in the last moment before a timer fires; where it says that something did, the timers that were set
   *   until then have nothing left to wait for, or are those of the whole
   */
  async pass(limitMs: number, call: Promise<unknown>, justBefore = (): boolean => false): Promise<boolean> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    call.then(over, over);
    let last = 0;
    for (;;) {
      await pause(PATIENCE_MS);
      const next = [...this.held].sort(([, a], [, b]) => a.dueMs - b.dueMs)[0];
      if (isOver) return true;
      if (!next || next[1].dueMs > limitMs) break;
      elapsedMs = Math.max(elapsedMs, next[1].dueMs - 1);
      if (next[1].number > last && justBefore()) {
        last = this.count;
        continue;
      }
      this.held.delete(next[0]);
      elapsedMs = next[1].dueMs;
      next[1].fire();
    }
    await Promise.race([call.catch(() => undefined), pause(LAST_PATIENCE_MS)]);
    return isOver;
  }

  release(): void {
    elapsedMs = 0;
    globalThis.setTimeout = this.real.setTimeout;
    globalThis.clearTimeout = this.real.clearTimeout;
    AbortSignal.timeout = this.real.timeout;
    ClientRequest.prototype.setTimeout = this.real.ofRequest;
  }

  private hold(key: unknown, ms: number, fire: () => void): void {
    this.held.set(key, { dueMs: elapsedMs + ms, number: (this.count += 1), fire });
  }
}
