import {
  Refusal,
  type ArchivedEvent,
  type InboxArchive,
  type InboxRecord,
  type ProviderRegistry,
  type ReplayFilter,
} from '#core';
import { addressOf } from './inbox.js';
import type { InboxProcessor } from './inbox-processor.js';

/** Bodies are read this many at a time. */
const BATCH = 100;

type Reopened = Pick<ArchivedEvent, 'id' | 'conversationId' | 'handoverHint'>;

/**
 * Has events of the inbox applied again from their raw bytes: those that could not be applied, were not understood, or wait for
 * a handover. What they belong to is looked for anew, since a fixed mapping may find it where an earlier one did not.
 */
export class InboxReplay {
  constructor(
    private readonly archive: InboxArchive,
    private readonly registry: ProviderRegistry,
    private readonly processor: Pick<InboxProcessor, 'wake'>,
  ) {}

  /** Resolves to the event, which is pending or already applied again. @throws {Refusal} `not_found`, `conflict` */
  async one(id: string): Promise<InboxRecord> {
    const record = await this.archive.get(id);
    if (!record) throw new Refusal('not_found', `There is no event "${id}" in the inbox.`);
    const event = await this.archive.replayable(id);
    if (!event) throw new Refusal('conflict', whyNot(record));
    const found = this.locate(event);
    if (typeof found === 'string') throw new Refusal('conflict', found);
    if ((await this.reopen([found])) === 0)
      throw new Refusal('conflict', 'This event was changed at the same moment. Look at it again.');
    return (await this.archive.get(id)) ?? record;
  }

  /** Resolves to how many were made pending, oldest first; those that belong to no conversation are left as they are. */
  async many(filter: ReplayFilter, limit: number): Promise<number> {
    let replayed = 0;
    let after = '0';
    while (replayed < limit) {
      const size = Math.min(BATCH, limit - replayed);
      const events = await this.archive.replayables(filter, after, size);
      const found = events.map((event) => this.locate(event)).filter((one) => typeof one !== 'string');
      if (found.length > 0) replayed += await this.reopen(found);
      if (events.length < size) break;
      after = events.at(-1)!.id;
    }
    return replayed;
  }

  private async reopen(found: Reopened[]): Promise<number> {
    const count = await this.archive.reopen(found);
    for (const { conversationId } of found) this.processor.wake(conversationId!);
    return count;
  }

  /** What the event belongs to, or why it cannot be told. */
  private locate({ id, type, key, tenant, providers, body, ...stored }: ArchivedEvent): Reopened | string {
    const instances = providers.flatMap((name) => this.registry.get(name) ?? []);
    const instance = instances.find(({ definition }) => definition.key === type);
    if (body.length === 0)
      return stored.conversationId === null
        ? 'This event names no conversation, so there is nothing to apply it to. Its body was not kept.'
        : 'This event concerned no handover of ours, so its body was not kept, and it cannot be replayed.';
    if (!instance) return `None of the providers of this event is configured: ${providers.join(', ')}.`;
    let found: Omit<Reopened, 'id'>;
    try {
      found = addressOf(instance.session.events({ key, tenant, body }));
    } catch {
      // Still not understood. Where its conversation is known, applying it says why.
      found = stored;
    }
    const conversationId = found.conversationId ?? stored.conversationId;
    if (conversationId === null) return 'This event names no conversation, so there is nothing to apply it to.';
    return { id, conversationId, handoverHint: found.handoverHint ?? stored.handoverHint };
  }
}

function whyNot({ status }: InboxRecord): string {
  if (status === 'applied') return 'This event was applied. Replayed, everything in it would happen twice.';
  if (status === 'pending') return 'This event is about to be applied.';
  return 'The handover of this event is over. Nothing changes it any more.';
}
