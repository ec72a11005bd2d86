import { setTimeout as pause } from 'node:timers/promises';
import type { DataSource, EntityManager } from 'typeorm';

/** SQLSTATEs of work that PostgreSQL has undone because it got into the way of other work: deadlock, serialization failure. */
const CONFLICT = /^(40P01|40001)$/;
const MAX_TRIES = 5;
/** Short and never the same, so that two who met do not meet again. Milliseconds. */
const pauseMs = (tries: number): number => Math.random() * 20 * tries;

/** Whether nothing at all was stored, and the same can be tried again at once. */
export function isConflict(error: unknown): boolean {
  const { code, driverError } = error as { code?: string; driverError?: { code?: string } };
  return CONFLICT.test(code ?? driverError?.code ?? '');
}

/** Does the work again, at once and a few times, as long as it only got into the way of other work. It is undone as a whole each time. */
export async function retried<T>(work: () => Promise<T>, isWorthIt = isConflict): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      if (tries === MAX_TRIES || !isWorthIt(error)) throw error;
      await pause(pauseMs(tries));
    }
  }
}

/** A transaction that is done again when it got into the way of another; so `work` must have no effect but in the database. */
export function transact<T>(source: DataSource, work: (manager: EntityManager) => Promise<T>): Promise<T> {
  return retried(() => source.transaction(work));
}
