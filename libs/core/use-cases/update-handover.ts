import type { Customer } from '#contract';
import { Refusal } from '../errors.js';
import { isFinal } from '../handover.js';
import type { HandoverUnit } from '../unit.js';

/** Fields that are absent stay as they are. */
export interface UpdateInput {
  user?: Customer;
  metadata?: unknown;
  queueId?: string;
}

/** Changes customer details, metadata or queue. @throws {Refusal} `conflict` when the handover is over, or too late for the contact centre */
export function updateHandover(unit: HandoverUnit, input: UpdateInput): void {
  const { handover } = unit;
  if (isFinal(handover))
    throw new Refusal('conflict', `The handover is ${handover.status} and can no longer be changed.`);
  const concernsContactCentre = input.user !== undefined || input.queueId !== undefined;
  if (handover.closing && concernsContactCentre)
    throw new Refusal('conflict', 'The handover is being closed; only its metadata can still be changed.');
  if (input.metadata !== undefined) handover.metadata = input.metadata;
  if (input.user) handover.user = { ...handover.user, ...input.user };
  if (input.queueId !== undefined) handover.settings = { ...handover.settings, queueId: input.queueId };
  if (concernsContactCentre) {
    unit.command('update', { payload: { userChanged: input.user !== undefined, queueId: input.queueId } });
  }
}
