import { createHash } from 'node:crypto';
import type { ListedMessage, MessageFact } from '#contract';
import { sameText, WIDE_MS } from './alignment.js';
import type { Lifecycle } from './lifecycle.js';

/** A message that was found in the contact centre before its event came. Should the event come after all, it is known by this. */
export interface CaughtUp {
  /** The contact centre's id of it. */
  id: string;
  /** Stands for author and text. */
  key: string;
  /** When it was said by the contact centre's clock, epoch milliseconds. */
  at: number;
  /** When it was found, epoch milliseconds. */
  found: number;
}

/** No contact centre is known to send an event again for longer than this, in milliseconds. */
const KEPT_MS = 86_400_000;
/** More than an outage of any length leaves in one conversation; the oldest go first. */
const MAX_KEPT = 256;

/** Remembers that a message has reached the bot without its event. */
export function noteCaughtUp(lifecycle: Lifecycle, message: ListedMessage, now: Date): void {
  const found = now.getTime();
  const kept = (lifecycle.caughtUp ?? []).filter((one) => found - one.found < KEPT_MS);
  const { id, at } = message;
  lifecycle.caughtUp = [...kept, { id, key: keyOf(message), at, found }].slice(-MAX_KEPT);
}

/**
 * Whether an event brings a message that was caught up. Each such message answers for one event: with an id for that one, else for
 * the next of the same text at about its time.
 */
export function wasCaughtUp(lifecycle: Lifecycle, event: MessageFact, at: number): boolean {
  const { caughtUp } = lifecycle;
  if (!caughtUp) return false;
  const key = keyOf(event);
  const distance = (one: CaughtUp): number => Math.abs(one.at - at);
  const [first] = caughtUp
    .filter((one) => (event.id === undefined ? one.key === key && distance(one) <= WIDE_MS : one.id === event.id))
    .sort((a, b) => distance(a) - distance(b));
  if (!first) return false;
  const left = caughtUp.filter((one) => one !== first);
  if (left.length > 0) lifecycle.caughtUp = left;
  else delete lifecycle.caughtUp;
  return true;
}

function keyOf(message: Pick<MessageFact, 'author' | 'text'>): string {
  return createHash('sha256').update(sameText(message)).digest('base64url').slice(0, 16);
}
