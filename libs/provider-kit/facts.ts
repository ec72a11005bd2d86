import type { Agent, CheckFinding, Inspection, ListedMessage, ProviderFact, Queue } from '#contract';
import { idAt, nameAt } from './json.js';

/** What changes nothing, and why: for whoever looks for the event in the inbox. */
export function ignored(reason: string): ProviderFact & { type: 'ignored' } {
  return { type: 'ignored', reason };
}

/** An agent or a queue, from an object with `id` and perhaps `name`; null where there is no id. */
export function namedAt(value: unknown, ...path: string[]): (Agent & Queue) | null {
  const id = idAt(value, ...path, 'id');
  return id === null ? null : { id, name: nameAt(value, ...path, 'name') };
}

/** A message of the list, as its event would have told it: none where the event would have been ignored, or the list lacks id or time. */
export function listed(fact: ProviderFact, id: string | null, at: number | null): ListedMessage[] {
  return fact.type === 'message' && id !== null && at !== null ? [{ ...fact, id, at }] : [];
}

/** How a conversation stands that is not there any more. Only for a vendor that has been seen to work otherwise. */
export const GONE: Inspection = { state: 'gone', agents: null, queue: null, hasUserLeft: false, at: null };

/** What a check of an account found. `action` is what to do about it; null where there is nothing to do. */
export function finding(
  level: CheckFinding['level'],
  check: string,
  message: string,
  action: string | null = null,
): CheckFinding {
  return { level, check, message, action };
}
