import { ApiProperty } from '@nestjs/swagger';
import { IsInt, Max, Min } from 'class-validator';
import { INBOX_STATUSES, type InboxRecord, type InboxStatus } from '#core';
import { IfPresent } from '#contract';
import { Choice, Text, Time } from '../../fields.js';
import { NEXT, TIME } from '../handovers/handovers.views.js';
import { NumberedQuery } from '../paging.js';

const MAX_REPLAYED = 10_000;

export class ListInboxQuery extends NumberedQuery {
  @Choice({ of: INBOX_STATUSES, optional: true, description: 'Only events of this status.' })
  status?: InboxStatus;
  @Text({ max: 255, optional: true, description: 'Only events of this conversation of the contact centre.' })
  conversationId?: string;
  @Text({ max: 255, optional: true, description: 'Only events that were applied to this handover.' })
  handoverId?: string;
  @Text({ max: 255, optional: true, description: 'Only events that may be for this provider, by name.' })
  provider?: string;
}

export class ReplayInboxDto {
  @Choice({ of: ['dead', 'ignored'], description: 'Which events.', example: 'dead' })
  status: 'dead' | 'ignored';
  @Text({ max: 255, optional: true, description: 'Only events that may be for this provider, by name.' })
  provider?: string;
  @Time({ optional: true, description: 'Only events that came at this time or later.' })
  since?: string;
  @ApiProperty({ type: 'integer', minimum: 1, maximum: MAX_REPLAYED, required: false, default: 1000 })
  @IfPresent()
  @Max(MAX_REPLAYED, { message: `must be ${MAX_REPLAYED} or less` })
  @Min(1, { message: 'must be 1 or more' })
  @IsInt({ message: 'must be a whole number' })
  limit?: number;
}

export class ReplayedView {
  @ApiProperty({ description: 'How many are pending again.', example: 12 })
  replayed: number;
}

export class InboxEventView {
  @ApiProperty({ example: '1042' })
  id: string;
  @ApiProperty({ enum: INBOX_STATUSES })
  status: string;
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'belongs to no handover of ours',
    description: 'Why it was ignored, waits, or could not be applied.',
  })
  reason: string | null;
  @ApiProperty({ example: 'eightByEight', description: 'The type of the contact centre.' })
  type: string;
  @ApiProperty({ description: "The contact centre's id of the event." })
  key: string;
  @ApiProperty({ type: String, isArray: true, description: 'The providers that it may be for.' })
  providers: string[];
  @ApiProperty({ type: String, nullable: true, description: 'The tenant that it was sent for.' })
  tenant: string | null;
  @ApiProperty({ type: String, nullable: true })
  conversationId: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'The handover that it was applied to.' })
  handoverId: string | null;
  @ApiProperty({ description: 'How often it came again.' })
  repeats: number;
  @ApiProperty(TIME)
  receivedAt: string;
}

export class InboxPage {
  @ApiProperty({ type: () => InboxEventView, isArray: true })
  data: InboxEventView[];
  @ApiProperty(NEXT)
  next: string | null;
}

export function inboxView({ receivedAt, ...record }: InboxRecord): InboxEventView {
  const { id, status, reason, type, key, providers, tenant, conversationId, handoverId, repeats } = record;
  return {
    id,
    status,
    reason,
    type,
    key,
    providers,
    tenant,
    conversationId,
    handoverId,
    repeats,
    receivedAt: receivedAt.toISOString(),
  };
}
