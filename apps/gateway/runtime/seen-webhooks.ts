import type { SeenWebhooks } from '#contract';
import { isFinal, type Handover, type InboxRecord } from '#core';
import type { IgnoredCount } from '#delivery';
import type { Runtime } from './runtime.js';

/** How far back is looked, whatever the account: both are the newest of all accounts, read by their primary key. */
const NEWEST_EVENTS = 500;
const NEWEST_HANDOVERS = 100;
const WITHIN_MS = 3_600_000;
/** The first event comes within a second; one that is out for this long is missing, in milliseconds. */
const SILENT_AFTER_MS = 15_000;

type Sources = Pick<Runtime, 'inboxArchive' | 'handovers' | 'refusals' | 'ignored' | 'clock'>;

/** What has become of an account's webhooks lately. */
export async function seenWebhooks(
  { inboxArchive, handovers, refusals, ignored, clock }: Sources,
  provider: string,
): Promise<SeenWebhooks> {
  const [events, newest] = await Promise.all([
    inboxArchive.list({}, { limit: NEWEST_EVENTS }),
    handovers.list({}, { limit: NEWEST_HANDOVERS }),
  ]);
  const now = clock.now().getTime();
  const all = events.data.filter(({ providers }) => providers.includes(provider));
  const recent = all.filter(({ receivedAt }) => receivedAt.getTime() > now - WITHIN_MS);
  return {
    accepted: { count: recent.length, lastAt: all[0]?.receivedAt.getTime() ?? null },
    refused: refusals.of(provider),
    ignored: reasonsOf(
      recent,
      ignored.of(provider).filter(({ lastAt }) => lastAt > now - WITHIN_MS),
    ),
    silentHandovers: countSilent(
      newest.data.filter((handover) => handover.provider === provider),
      now,
    ),
  };
}

/** Of those that left no row this replica's counters tell. */
function reasonsOf(records: InboxRecord[], counted: IgnoredCount[]): SeenWebhooks['ignored'] {
  const counts = new Map<string, number>();
  for (const { status, reason } of records)
    if (status === 'ignored' && reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  for (const { reason, count } of counted) counts.set(reason, Math.max(count, counts.get(reason) ?? 0));
  return [...counts].map(([reason, count]) => ({ reason, count }));
}

/** Newest first. One that was closed before anything could come proves nothing either way. */
function countSilent(handovers: Handover[], now: number): number {
  let silent = 0;
  for (const handover of handovers) {
    const { boundAt, queuedAt, activeAt, queue } = handover;
    if (boundAt === null || boundAt.getTime() > now - SILENT_AFTER_MS) continue;
    if (queuedAt !== null || activeAt !== null || queue !== null) return silent;
    if (!isFinal(handover)) silent += 1;
  }
  return silent;
}
