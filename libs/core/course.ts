import type { ProviderOptions } from './provider-options.js';
import type { ProviderInstance } from './provider-registry.js';

/** What the course of a provider's handovers is judged by, as it is configured now. Milliseconds, null where nothing was set. */
export interface Course extends Pick<ProviderOptions, 'inactivity' | 'waitTimeoutMs' | 'maxDurationMs'> {
  /** How long an agent's leaving may wait for a sign of a transfer. */
  endGraceMs: number;
}

export function courseOf({ session, options }: Pick<ProviderInstance, 'session' | 'options'>): Course {
  const { inactivity, waitTimeoutMs, maxDurationMs } = options;
  return { endGraceMs: session.endGraceMs, inactivity, waitTimeoutMs, maxDurationMs };
}
