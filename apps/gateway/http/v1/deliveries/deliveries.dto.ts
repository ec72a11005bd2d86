import { ApiProperty } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import type { DeadLetter, StuckLane } from '#core';
import { Choice, Text } from '../../fields.js';
import { MAYBE_TIME, NEXT } from '../handovers/handovers.views.js';
import { IsIntegerText } from '../paging.js';

export const DELIVERY_STATUSES = ['failed', 'waiting', 'resending', 'delivered'] as const;
const DIRECTIONS = ['bot', 'provider'] as const;
const KINDS = ['event', 'start', 'message', 'update', 'end'] as const;

export class ListDeliveriesQuery {
  @Choice({
    of: DELIVERY_STATUSES,
    optional: true,
    description:
      '`failed` unless given: what was given up. `waiting`: handovers that wait for their next try. `resending`: on the way again. `delivered`: arrived after all.',
  })
  status?: (typeof DELIVERY_STATUSES)[number];
  @Choice({ of: DIRECTIONS, optional: true, description: 'To the bot, or to the contact centre.' })
  direction?: 'bot' | 'provider';
  @Text({ max: 255, optional: true, description: 'Only what goes to this bot or provider, by name.' })
  target?: string;
  @Text({ max: 255, optional: true, description: 'Only deliveries of this handover or incoming conversation.' })
  handoverId?: string;
  @IsIntegerText({ min: 1, max: 200, description: 'Entries per page, 50 unless given.' })
  limit?: string;
  @Matches(/^(\d{1,18}|(ho|cv)_[0-9a-f]{32}\.(bot|provider))$/, { message: 'must be `next` of the page before' })
  @Text({ max: 64, optional: true, description: 'Where to go on: `next` of the page before.' })
  cursor?: string;
}

export class DeliveryView {
  @ApiProperty({ type: String, nullable: true, example: '17', description: 'null while it waits: not given up.' })
  id: string | null;
  @ApiProperty({ enum: DELIVERY_STATUSES })
  status: string;
  @ApiProperty({ enum: DIRECTIONS })
  direction: string;
  @ApiProperty({ example: 'shop-assistant', description: 'The bot or provider that it goes to.' })
  target: string;
  @ApiProperty({ example: 'ho_019abc', description: 'The handover, or the incoming conversation (`cv_…`).' })
  handoverId: string;
  @ApiProperty({ enum: KINDS, description: 'An event for the bot, or what the contact centre is to do.' })
  kind: string;
  @ApiProperty({ description: "Its number among the handover's events, or among what the contact centre was to do." })
  sequence: number;
  @ApiProperty({ type: String, nullable: true, example: 'message.created', description: "An event's type." })
  event: string | null;
  @ApiProperty({ type: String, nullable: true, example: 'msg_019abc', description: 'The message, of kind `message`.' })
  messageId: string | null;
  @ApiProperty({ type: String, nullable: true, description: 'What the last try came to.' })
  error: string | null;
  @ApiProperty({ type: Number, nullable: true, description: 'Tries so far, of one that waits or is sent again.' })
  attempts: number | null;
  @ApiProperty({ type: Number, nullable: true, description: 'How many deliveries wait behind one that waits.' })
  waiting: number | null;
  @ApiProperty({ ...MAYBE_TIME, description: 'When the next try is due.' })
  dueAt: string | null;
  @ApiProperty({ ...MAYBE_TIME, description: 'When it was given up.' })
  failedAt: string | null;
  @ApiProperty({ ...MAYBE_TIME, description: 'When it arrived after all.' })
  deliveredAt: string | null;
}

export class DeliveryPage {
  @ApiProperty({ type: () => DeliveryView, isArray: true })
  data: DeliveryView[];
  @ApiProperty(NEXT)
  next: string | null;
}

export function letterView(letter: DeadLetter): DeliveryView {
  return { ...common(letter), id: letter.id, status: letter.status, waiting: null, ...timesOf(letter) };
}

export function stuckView(lane: StuckLane): DeliveryView {
  const times = timesOf({ ...lane, failedAt: null, deliveredAt: null });
  return { ...common(lane), id: null, status: 'waiting', waiting: lane.waiting, ...times };
}

type Common = Omit<DeliveryView, 'id' | 'status' | 'waiting' | keyof Times>;
type Times = ReturnType<typeof timesOf>;

function common({ direction, target, handoverId, kind, ...rest }: DeadLetter | StuckLane): Common {
  const { sequence, event, messageId, error, attempts } = rest;
  return { direction, target, handoverId, kind, sequence, event, messageId, error, attempts };
}

function timesOf(times: { dueAt: Date | null; failedAt: Date | null; deliveredAt: Date | null }): {
  dueAt: string | null;
  failedAt: string | null;
  deliveredAt: string | null;
} {
  const text = (time: Date | null): string | null => time?.toISOString() ?? null;
  return { dueAt: text(times.dueAt), failedAt: text(times.failedAt), deliveredAt: text(times.deliveredAt) };
}
