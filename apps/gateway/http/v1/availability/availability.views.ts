import { AVAILABILITY_STATES, type Availability } from '#core';
import { ApiProperty } from '@nestjs/swagger';
import { Text } from '../../fields.js';
import { TIME } from '../handovers/handovers.views.js';

export class AvailabilityQuery {
  @Text({ max: 255, optional: true, description: "The queue; the provider's own unless given.", example: '101' })
  queueId?: string;
}

/** Its answers are made by `availabilityView`. */
export class AvailabilityView {
  @ApiProperty({
    enum: AVAILABILITY_STATES,
    description: '`available`: open, and agents are logged in for the queue. `unknown` is never a guess.',
  })
  state: string;
  @ApiProperty({ type: String, nullable: true, description: 'Why it is not available; null where it is.' })
  reason: string | null;
  @ApiProperty({ type: Number, nullable: true, description: 'How many wait in the queue, whatever they wait for.' })
  queueSize: number | null;
  @ApiProperty({ type: Number, nullable: true, description: 'For how long the first of them has been waiting.' })
  longestWaitSeconds: number | null;
  @ApiProperty({ type: Number, nullable: true, description: 'Agents who are free.' })
  agentsAvailable: number | null;
  @ApiProperty({ type: Boolean, nullable: true, description: 'By the opening hours; null where they are not known.' })
  open: boolean | null;
  @ApiProperty({ ...TIME, description: 'When the contact centre was asked.' })
  observedAt: string;
}

export function availabilityView(availability: Availability): AvailabilityView {
  const { state, reason, queueSize, longestWaitSeconds, agentsAvailable, open, observedAt } = availability;
  const at = observedAt.toISOString();
  return { state, reason, queueSize, longestWaitSeconds, agentsAvailable, open, observedAt: at };
}
