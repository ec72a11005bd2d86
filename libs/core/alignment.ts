import type { ListedMessage } from '#contract';

/** A message of an agent or the system in the transcript, as far as it takes to find it in the contact centre's list. */
export interface KnownMessage {
  id: string;
  author: 'agent' | 'system';
  text: string | null;
  /** Epoch milliseconds. */
  at: number;
  /** The contact centre's id of it, where that is known. */
  remoteId: string | null;
}

export interface Alignment {
  /** Listed, and not in the transcript. In the order of the list. */
  missing: ListedMessage[];
  /** Messages of the transcript whose id in the contact centre became known. */
  recognised: { id: string; remoteId: string }[];
}

/** A list tells times by the second, and an event may have been stamped a moment after its message. Milliseconds. */
const NEAR_MS = 5_000;
/** An event that comes late is known by its text up to this far from its message's time, in milliseconds. */
export const WIDE_MS = 120_000;

/**
 * Which of the listed messages the transcript lacks. Where no id says it, messages are paired by what was said and when, each with
 * one other, so that equal texts are counted and not just looked up: near ones first, then what is further apart, since nothing says
 * that events and lists go by one clock. What is left is paired by author and time alone: a contact centre that writes a text
 * differently in its list must not double everything.
 */
export function align(listed: ListedMessage[], known: KnownMessage[]): Alignment {
  const ids = new Set(known.map(({ remoteId }) => remoteId));
  const open = {
    listed: listed.filter(({ id }) => !ids.has(id)),
    known: known.filter(({ remoteId }) => remoteId === null),
  };
  const recognised = [
    ...pair(open, sameText, NEAR_MS),
    ...pair(open, sameText, WIDE_MS),
    ...pair(open, sameText, Infinity),
    ...pair(open, ({ author }) => author, NEAR_MS),
  ];
  return { missing: open.listed, recognised };
}

/** What tells messages apart, beside their time. Ends of lines and blanks at the ends may change on the way. */
export function sameText({ author, text }: Pick<KnownMessage, 'author' | 'text'>): string {
  return `${author} ${(text ?? '').replaceAll('\r\n', '\n').trim()}`;
}

/** Pairs as many as it can, in the order of time, and takes them out. */
function pair(
  open: { listed: ListedMessage[]; known: KnownMessage[] },
  keyOf: (message: Pick<KnownMessage, 'author' | 'text'>) => string,
  toleranceMs: number,
): Alignment['recognised'] {
  const candidates = new Map<string, KnownMessage[]>();
  for (const message of open.known.toSorted((a, b) => a.at - b.at)) {
    const queue = candidates.get(keyOf(message));
    if (queue) queue.push(message);
    else candidates.set(keyOf(message), [message]);
  }
  const recognised: Alignment['recognised'] = [];
  const paired = new Set<ListedMessage | KnownMessage>();
  for (const message of open.listed) {
    const queue = candidates.get(keyOf(message)) ?? [];
    // Those that are too old for this one are too old for all later ones.
    while (queue.length > 0 && queue[0]!.at < message.at - toleranceMs) queue.shift();
    if (queue.length === 0 || queue[0]!.at > message.at + toleranceMs) continue;
    const found = queue.shift()!;
    recognised.push({ id: found.id, remoteId: message.id });
    paired.add(message).add(found);
  }
  open.listed = open.listed.filter((message) => !paired.has(message));
  open.known = open.known.filter((message) => !paired.has(message));
  return recognised;
}
