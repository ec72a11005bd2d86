import { v7 } from 'uuid';

/** A new id such as `ho_0193…`: unique, and sorting by the time it was made. */
export function newId(prefix: 'ho' | 'cv' | 'msg' | 'att' | 'evt'): string {
  return `${prefix}_${v7().replaceAll('-', '')}`;
}
