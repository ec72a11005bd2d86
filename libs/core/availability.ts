import type { QueueReading } from '#contract';
import type { ProviderInstance } from './provider-registry.js';

export const AVAILABILITY_STATES = ['available', 'unavailable', 'unknown'] as const;

/** Whether a handover would find an agent now. What is not known is null, and `reason` says why. */
export interface Availability {
  state: (typeof AVAILABILITY_STATES)[number];
  /** Why it is not `available`, for people; null where it is. */
  reason: string | null;
  open: boolean | null;
  agentsAvailable: number | null;
  queueSize: number | null;
  longestWaitSeconds: number | null;
  observedAt: Date;
}

/** What a reading amounts to. Each answer needs its proof: agents for `available`, a closed door, nobody or a queue for other things for `unavailable`. */
export function availabilityOf(reading: QueueReading, observedAt: Date): Availability {
  const { open, agentsEnabled, agentsAvailable, queueSize, longestWaitSeconds, unsuited, gap } = reading;
  const known = { open, agentsAvailable, queueSize, longestWaitSeconds, observedAt };
  const isAnybodyThere = (agentsEnabled ?? 0) > 0 || (agentsAvailable ?? 0) > 0;
  if (unsuited !== undefined) return { state: 'unavailable', reason: unsuited, ...known };
  if (open === false) return { state: 'unavailable', reason: 'The contact centre is closed now.', ...known };
  if (agentsEnabled === 0 && !isAnybodyThere)
    return { state: 'unavailable', reason: 'No agent is logged in for the queue.', ...known };
  if (gap !== null) return { state: 'unknown', reason: gap, ...known };
  if (!isAnybodyThere)
    return { state: 'unknown', reason: 'The contact centre does not say who is logged in for the queue.', ...known };
  return { state: 'available', reason: null, ...known };
}

/** Nothing could be found out. */
export function unknownAvailability(reason: string, observedAt: Date): Availability {
  const nothing = { open: null, agentsAvailable: null, queueSize: null, longestWaitSeconds: null };
  return { state: 'unknown', reason, ...nothing, observedAt };
}

/** The queue in which a handover of these settings would wait; null where it is left to the contact centre. */
export function queueOf(
  { session, defaults }: Pick<ProviderInstance, 'session' | 'defaults'>,
  settings: object = {},
): string | null {
  if (session.queueOf) return session.queueOf({ defaults, settings });
  const { queueId } = { ...defaults, ...settings } as { queueId?: unknown };
  return typeof queueId === 'string' ? queueId : null;
}
