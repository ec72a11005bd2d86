import type { HandoverUnit, TakenLane } from '#core';
import type { DataSource } from 'typeorm';
import { isConflict, retried } from '../conflict.js';
import { commitUnits, type CommitResult } from './commit-statement.js';

/**
 * Commits changed handovers together, each with those that it opens. When they got into the way of other work, nothing was stored, and
 * each is committed alone, at once: what others lock is no reason to refuse all of them.
 */
export async function commitApart(
  source: DataSource,
  changed: HandoverUnit[],
  takerOf: (lane: TakenLane) => string | null,
): Promise<CommitResult> {
  const withOpened = (unit: HandoverUnit): HandoverUnit[] => [unit, ...unit.opened];
  try {
    return await commitUnits(source, changed.flatMap(withOpened), takerOf);
  } catch (error) {
    if (!isConflict(error)) throw error;
  }
  const result: CommitResult = { stale: new Set(), opened: [], left: [], extended: [] };
  let failure: unknown = null;
  let stored = 0;
  for (const unit of changed) {
    const units = withOpened(unit);
    try {
      const { stale, opened, left, extended } = await retried(() => commitUnits(source, units, takerOf));
      for (const id of stale) result.stale.add(id);
      result.opened.push(...opened);
      result.left.push(...left);
      result.extended.push(...extended);
      stored += 1;
    } catch (error) {
      // It counts as changed by others, and is worked out again; what was stored before it must not be.
      failure ??= error;
      for (const { handover } of units) result.stale.add(handover.id);
    }
  }
  if (failure !== null && stored === 0) throw failure;
  return result;
}
