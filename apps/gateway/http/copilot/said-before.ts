import type { Handover, HandoverStore, Incoming, Message, Page } from '#core';

/** Messages that a page gets at once; it asks for earlier ones. */
export const MESSAGES_AT_ONCE = 200;

/** Messages of a handover or a conversation, after one sequence and up to another. */
interface Stretch {
  id: string;
  after: number;
  until: number;
}

/**
 * The messages directly before the one of this sequence, oldest first; `next` is what to ask for before those. Those of the handover
 * keep their sequences. What was said before it where its conversation began in the contact centre has numbers from 0 downwards.
 */
export async function messagesBefore(
  store: Pick<HandoverStore, 'get' | 'messagesUpTo'>,
  handover: Handover,
  before: number,
): Promise<Page<Message>> {
  const found: Message[] = [];
  let end = handover.messageSequence;
  for await (const { id, after, until } of stretchesOf(store, handover)) {
    const begin = end - (until - after);
    const last = Math.min(end, before - 1);
    const first = Math.max(begin, last - (MESSAGES_AT_ONCE - found.length));
    if (last > first) {
      const data = await store.messagesUpTo(id, last - begin + after, last - first);
      found.unshift(...data.map((message) => ({ ...message, sequence: message.sequence - after + begin })));
      // A page ends at bytes as well: what is before them is asked for next.
      if (data.length < last - first && found.length > 0) return { data: found, next: String(found[0]!.sequence) };
    }
    if (first > begin) return { data: found, next: String(first + 1) };
    end = begin;
  }
  return { data: found, next: null };
}

/** The newest first. What the user said to nobody in a handover is in it, and not once more in the conversation. */
async function* stretchesOf(store: Pick<HandoverStore, 'get'>, handover: Handover): AsyncGenerator<Stretch> {
  for (let one: Handover | null = handover; one;) {
    yield { id: one.id, after: 0, until: one.messageSequence };
    const before: Incoming['before'] = one.incoming?.before;
    if (!before) return;
    yield { id: one.incoming!.id, after: before.after, until: before.until };
    one = before.handoverId === null ? null : await store.get(before.handoverId);
  }
}
