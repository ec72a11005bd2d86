/**
 * Aborts after so many milliseconds, or with the first of the signals. In place of `AbortSignal.any` over `AbortSignal.timeout`: of that
 * Node 20 forgets the time-out when it collects garbage, and what hangs then hangs for ever.
 */
export function within(milliseconds: number, ...signals: AbortSignal[]): AbortSignal {
  const late = new AbortController();
  // The timer keeps the controller, and with it the signal, until it has run out.
  setTimeout(() => late.abort(new DOMException('It took too long.', 'TimeoutError')), milliseconds).unref();
  return AbortSignal.any([...signals, late.signal]);
}
