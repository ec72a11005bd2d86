import { ProviderError, type QueueReading } from '#contract';
import type { QueueStatistics } from './contact-center-api.js';

/** Where it is looked, as far as it is configured. */
export interface AvailabilitySources {
  isOpen: (() => Promise<boolean>) | null;
  queue: ((queueId: string) => Promise<QueueStatistics>) | null;
}

const NOTHING: QueueStatistics = {
  agentsEnabled: null,
  agentsAvailable: null,
  queueSize: null,
  longestWaitSeconds: null,
  mediaType: null,
};
const OTHER_MEDIA = ['phone', 'email', 'vmail'];

/** Asks the schedule and the statistics at the same time. What one of them does not say is a gap, and never a guess. */
export async function readQueue(sources: AvailabilitySources, queueId: string | null): Promise<QueueReading> {
  const gaps: string[] = [];
  const known = async <T>(what: string, ask: Promise<T> | null): Promise<T | null> => {
    try {
      return await ask;
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      gaps.push(`${what}: ${error.message}`);
      return null;
    }
  };
  if (!sources.queue) gaps.push('No statistics are configured for this provider (setting statistics)');
  else if (queueId === null) gaps.push("The queue is not known: name a queueId, or set one in the provider's defaults");
  const [open, statistics] = await Promise.all([
    known('The schedule could not be read', sources.isOpen?.() ?? null),
    known('The statistics could not be read', queueId === null ? null : (sources.queue?.(queueId) ?? null)),
  ]);
  const { mediaType, ...figures } = statistics ?? NOTHING;
  const isUnsuited = mediaType !== null && OTHER_MEDIA.includes(mediaType);
  if (mediaType !== null && mediaType !== 'chat' && !isUnsuited)
    gaps.push(`The queue is for "${mediaType.slice(0, 50)}", and whether those are chats is not known`);
  return {
    open,
    ...figures,
    ...(isUnsuited ? { unsuited: `The queue ${queueId} is for ${mediaType}, not for chats.` } : {}),
    gap: gaps.length > 0 ? `${gaps.join('. ')}.` : null,
  };
}
