import { isFinal } from '../handover.js';
import { standingOf } from '../lifecycle.js';
import { finish, settle } from '../settle.js';
import type { HandoverUnit } from '../unit.js';

/** Acts on every timer that has run out. Safe to repeat, and when several replicas wake up for the same timer. */
export function expireTimers(unit: HandoverUnit, endGraceMs: number): void {
  const { handover } = unit;
  if (isFinal(handover)) return;
  const { leave, close } = handover.lifecycle.timers;
  const now = unit.now.getTime();
  if (close !== undefined && close <= now) return finish(unit, handover.closing ?? 'bot');
  if (leave !== undefined && leave <= now) {
    const { leaving } = standingOf(handover.lifecycle, endGraceMs).standing;
    return finish(unit, handover.closing ?? (leaving ? 'agent' : 'contact_center'));
  }
  settle(unit, endGraceMs);
}
