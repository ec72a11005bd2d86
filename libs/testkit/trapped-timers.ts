import { ClientRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Shorter timers are no time-outs of calls, and run as ever. Milliseconds. */
const SHORTEST_MS = 1_000;
/** How long what a fired timer sets going may take, in real milliseconds. */
const PATIENCE_MS = 20;
const LAST_PATIENCE_MS = 500;
const NEVER_MS = 2 ** 31 - 1;

/**
 * Time-outs without the waiting: timers of a second and more are held back, and fire when they are told to, in their order. It sees
 * `setTimeout`, `AbortSignal.timeout` and `setTimeout` of Node's requests, which is what HTTP clients are made with.
 */
export class TrappedTimers {
  private readonly held = new Map<unknown, { dueMs: number; fire: () => void }>();
  private nowMs = 0;
  private readonly real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    timeout: AbortSignal.timeout.bind(AbortSignal),
    ofRequest: ClientRequest.prototype.setTimeout,
  };

  /** Holds timers back from now on, for all in this process. `release` must follow. */
  constructor() {
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

  /** Lets time pass until the call has ended, or the limit is over. Says whether it ended. */
  async pass(limitMs: number, call: Promise<unknown>): Promise<boolean> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    call.then(over, over);
    for (;;) {
      await pause(PATIENCE_MS);
      const next = [...this.held].sort(([, a], [, b]) => a.dueMs - b.dueMs)[0];
      if (isOver) return true;
      if (!next || next[1].dueMs > limitMs) break;
      this.held.delete(next[0]);
      this.nowMs = next[1].dueMs;
      next[1].fire();
    }
    await Promise.race([call.catch(() => undefined), pause(LAST_PATIENCE_MS)]);
    return isOver;
  }

  release(): void {
    globalThis.setTimeout = this.real.setTimeout;
    globalThis.clearTimeout = this.real.clearTimeout;
    AbortSignal.timeout = this.real.timeout;
    ClientRequest.prototype.setTimeout = this.real.ofRequest;
  }

  private hold(key: unknown, ms: number, fire: () => void): void {
    this.held.set(key, { dueMs: this.nowMs + ms, fire });
  }
}
