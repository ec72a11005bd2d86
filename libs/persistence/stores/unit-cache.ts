import { isFinal, type Handover, type HandoverUnit } from '#core';
import { committedImage, unitFrom, type Image } from './unit-rows.js';

/** Handovers kept; the one longest untouched goes first. */
const MAX_HANDOVERS = 1_000;
/** A handover with more than this in its request is not kept, in characters of JSON. */
const MAX_GIVEN = 8_192;

/**
 * Handovers as this replica committed them last, so that a busy conversation is not read before every change. Another replica
 * may have changed one since: the commit sees that by its version, and it is read then. What is taken out belongs to the taker
 * until it is committed.
 */
export class UnitCache {
  private readonly kept = new Map<string, { handover: Handover; image: Image }>();
  private readonly byConversation = new Map<string, string>();

  take(by: { id?: string; conversationId?: string }, now: Date): HandoverUnit | null {
    const id = by.id ?? this.byConversation.get(by.conversationId!);
    const found = id === undefined ? undefined : this.kept.get(id);
    if (!found) return null;
    this.forget(found.handover);
    return unitFrom(found.handover, found.image, now);
  }

  /** Keeps what was just committed, unless it is over. */
  put(unit: HandoverUnit): void {
    const { handover } = unit;
    if (isFinal(handover)) return this.forget(handover);
    if (this.kept.has(handover.id)) return this.forget(handover);
    const given = JSON.stringify([handover.user, handover.settings, handover.metadata]);
    if (given.length > MAX_GIVEN) return;
    this.kept.set(handover.id, { handover, image: committedImage(unit) });
    // Whether a conversation that began in the contact centre is its handover's now, only the database says.
    if (handover.conversationId !== null && handover.incoming === null)
      this.byConversation.set(handover.conversationId, handover.id);
    if (this.kept.size > MAX_HANDOVERS) {
      const [oldest] = this.kept.values();
      this.forget(oldest!.handover);
    }
  }

  /** Forgets all: what was committed may not be so any more. */
  clear(): void {
    this.kept.clear();
    this.byConversation.clear();
  }

  private forget({ id, conversationId }: Handover): void {
    this.kept.delete(id);
    if (conversationId !== null && this.byConversation.get(conversationId) === id)
      this.byConversation.delete(conversationId);
  }
}
