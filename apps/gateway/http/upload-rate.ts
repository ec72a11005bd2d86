import type { IncomingMessage } from 'node:http';
import { Refusal } from '#core';

/** An upload that is slower than this holds its place for nothing, in bytes a second. */
const LEAST_RATE = 16 * 1_024;
/** How long it may be behind that, in milliseconds. */
const GRACE_MS = 10_000;
const CHECKED_EVERY_MS = 1_000;

/**
 * Refuses an upload that comes too slowly, averaged over the time in which we waited for the caller: what the database takes for
 * itself is not the caller's fault. Returns what ends the watch.
 */
export function watchRate(
  payload: IncomingMessage,
  refuse: (error: Refusal) => void,
  limits = { rate: LEAST_RATE, graceMs: GRACE_MS, everyMs: CHECKED_EVERY_MS },
): () => void {
  let bytes = 0;
  let waitedMs = 0;
  const count = (chunk: Buffer): void => void (bytes += chunk.length);
  payload.on('data', count);
  // Listening alone would begin to read, and lose what nobody takes yet.
  payload.pause();
  const timer = setInterval(() => {
    if (payload.isPaused() || payload.readableLength > 0) return;
    waitedMs += limits.everyMs;
    if (waitedMs <= limits.graceMs || bytes >= (limits.rate * waitedMs) / 1_000) return;
    stop();
    refuse(
      new Refusal('too_slow', `The upload came more slowly than ${limits.rate / 1_024} KiB a second. Send it again.`),
    );
  }, limits.everyMs);
  const stop = (): void => {
    clearInterval(timer);
    payload.off('data', count);
  };
  return stop;
}
