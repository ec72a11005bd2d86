import { Matches } from 'class-validator';
import { CONVERSATION_STATUSES, type ConversationStatus } from '#core';
import { Choice, Inner, Json, JsonObject, ListOf, Text } from '../../fields.js';
import { CardDto, CustomerDto, NamedAttachmentDto } from '../handovers/handovers.dto.js';
import { IsIntegerText } from '../paging.js';

const ID_LENGTH = 255;

export class AnswerDto {
  @Text({
    max: 100_000,
    optional: true,
    description: 'The text. A message needs a text, an attachment or a card.',
    example: 'Hello!',
  })
  text?: string;
  @Choice({ of: ['bot'], optional: true, description: 'Who says it. The user writes in the contact centre.' })
  author?: 'bot';
  @ListOf(() => NamedAttachmentDto, { max: 10, optional: true, description: 'Files that were uploaded before.' })
  attachments?: NamedAttachmentDto[];
  @ListOf(() => CardDto, { max: 10, optional: true, description: 'Cards to show to the user.' })
  cards?: CardDto[];
}

export class HandOverDto {
  @JsonObject({
    optional: true,
    description:
      "What this handover overrides of the provider's defaults, such as `queueId`; see GET /v1/provider-types.",
  })
  settings?: Record<string, unknown>;
  @Inner(() => CustomerDto, { optional: true, description: 'What the bot knows of the end user, for the agent.' })
  user?: CustomerDto;
  @Json({ optional: true, description: 'Any JSON, returned untouched.' })
  metadata?: unknown;
}

export class ListConversationsQuery {
  @Choice({ of: CONVERSATION_STATUSES, optional: true, description: 'Only conversations of this status.' })
  status?: ConversationStatus;
  @Text({ max: ID_LENGTH, optional: true, description: 'Only conversations of this user.' })
  userId?: string;
  @Text({ max: ID_LENGTH, optional: true, description: 'Only conversations of this provider.' })
  provider?: string;
  @IsIntegerText({ min: 1, max: 200, description: 'Entries per page, 50 unless given.' })
  limit?: string;
  @Matches(/^cv_[0-9a-f]{32}$/, { message: 'must be `next` of the page before' })
  @Text({ max: 64, optional: true, description: 'Where to go on: `next` of the page before.' })
  cursor?: string;
}
