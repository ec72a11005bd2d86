import type { Inspection, ListedMessage, MessageList } from '#contract';
import { at, idAt } from '#provider-kit';
import { agentIn, messageFact, queueOf, timeOf } from './mapping.js';

/** How a conversation stands. Chatwoot tells no time that says until when this is so, and no contact ever leaves. */
export function inspectionOf(conversation: unknown): Inspection {
  const isOver = at(conversation, 'status') === 'resolved';
  const agent = isOver ? null : agentIn(conversation);
  return {
    state: isOver ? 'ended' : 'open',
    agents: agent ? [agent] : [],
    queue: isOver || agent ? null : queueOf(conversation),
    hasUserLeft: false,
    at: null,
  };
}

/**
 * What was said in a conversation since then. Chatwoot source: a page is in the order of the ids, and tells times by the second.
 * @param pageBefore the newest messages, or those before the one with this id
 */
export async function messagesSince(
  pageBefore: (id: string | null) => Promise<Record<string, unknown>[]>,
  since: number | null,
  { systemMessages, isInTime, now }: { systemMessages: boolean; isInTime: () => boolean; now: number },
): Promise<MessageList> {
  const newestFirst: ListedMessage[] = [];
  let reached: number | null = null;
  let before: string | null = null;
  do {
    const page = await pageBefore(before);
    newestFirst.push(...page.toReversed().flatMap((item) => listed(item, systemMessages)));
    const messages = newestFirst.toReversed();
    before = idAt(page[0], 'id');
    if (before === null) return { messages, from: null };
    reached = timeOf(at(page[0], 'created_at')) ?? reached;
    if (since !== null && reached !== null && reached < since) return { messages, from: since };
  } while (isInTime());
  // What was said in the very last second may go on on the next page.
  return { messages: newestFirst.toReversed(), from: reached === null ? now : reached + 1_000 };
}

function listed(item: Record<string, unknown>, systemMessages: boolean): ListedMessage[] {
  const [fact, id, when] = [messageFact(item, systemMessages), idAt(item, 'id'), timeOf(item.created_at)];
  return fact.type === 'message' && id !== null && when !== null ? [{ ...fact, id, at: when }] : [];
}
