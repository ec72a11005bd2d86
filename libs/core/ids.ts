import { randomUUID } from 'node:crypto';
import { v7 } from 'uuid';

/** A new id such as `ho_0193…`: unique, and sorting by the time it was made. */
export function newId(prefix: 'ho' | 'cv' | 'msg' | 'att'): string {
  return `${prefix}_${v7().replaceAll('-', '')}`;
}

/** A new id of an event: unique. Nothing is ordered by it, so it may be of the kind that costs least. */
export function newEventId(): string {
  return `evt_${randomUUID().replaceAll('-', '')}`;
}
