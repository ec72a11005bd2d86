import { Matches } from 'class-validator';
import { HANDOVER_STATUSES, type HandoverStatus } from '#core';
import { IsIntegerText } from '../paging.js';
import { Choice, Flag, Inner, Json, JsonObject, ListOf, Text, TextMap, Time } from '../../fields.js';

const ID_LENGTH = 255;

export class CustomerDto {
  @Text({ max: 255, optional: true, description: "The end user's name.", example: 'James Jones' })
  name?: string;
  @Text({ max: 255, optional: true, description: 'E-mail address.', example: 'james@example.com' })
  email?: string;
  @Text({ max: 255, optional: true, description: 'Phone number.', example: '+44791784' })
  phone?: string;
  @Text({ max: 255, optional: true, description: 'Company.' })
  company?: string;
  @Text({ max: 35, optional: true, description: 'Language code, such as `en`.', example: 'en' })
  language?: string;
  @Text({ max: 255, optional: true, description: "The customer's id in your CRM." })
  customerId?: string;
  @Text({ max: 255, optional: true, description: 'The case this is about.' })
  caseId?: string;
  @TextMap({
    maxEntries: 200,
    maxLength: 4096,
    optional: true,
    description: 'More about the customer, shown to the agent.',
    example: { Intent: 'balance' },
  })
  properties?: Record<string, string>;
}

export class TranscriptEntryDto {
  @Choice({ of: ['user', 'bot', 'agent', 'system'], description: 'Who said it.', example: 'user' })
  author: 'user' | 'bot' | 'agent' | 'system';
  @Text({ max: 100_000, description: 'What was said.', example: 'I would like my balance please' })
  text: string;
  @Time({ optional: true, description: 'When.' })
  at?: string;
}

export class StartHandoverDto {
  @Text({
    max: ID_LENGTH,
    optional: true,
    description: 'The provider to hand over to. May be left out when there is exactly one that the bot may use.',
  })
  provider?: string;
  @Text({ max: ID_LENGTH, description: "The bot's id of the conversation.", example: 's-17' })
  sessionId: string;
  @Text({ max: ID_LENGTH, description: "The bot's id of the end user.", example: 'u-42' })
  userId: string;
  @Inner(() => CustomerDto, { optional: true, description: 'The end user.' })
  user?: CustomerDto;
  @ListOf(() => TranscriptEntryDto, { max: 1000, optional: true, description: 'What was said before, oldest first.' })
  transcript?: TranscriptEntryDto[];
  @JsonObject({
    optional: true,
    description: "What this handover overrides of the provider's defaults; see GET /v1/provider-types.",
  })
  settings?: Record<string, unknown>;
  @Json({ optional: true, description: 'Any JSON, returned untouched.' })
  metadata?: unknown;
  @Flag({
    optional: true,
    description:
      'Start only if somebody may be there: 409 with reason `unavailable` where it is known that nobody is. What is not known keeps nobody from starting.',
  })
  requireAvailable?: boolean;
}

export class UpdateSettingsDto {
  @Text({ max: ID_LENGTH, description: 'The queue to move to.', example: '102' })
  @Matches(/\S/, { message: 'must not be blank' })
  queueId: string;
}

export class UpdateHandoverDto {
  @Inner(() => CustomerDto, { optional: true, description: 'Merged by field and sent to the contact centre.' })
  user?: CustomerDto;
  @Json({ optional: true, description: 'Replaces the metadata.' })
  metadata?: unknown;
  @Inner(() => UpdateSettingsDto, {
    optional: true,
    description: 'Routing that can change while the handover is open.',
  })
  settings?: UpdateSettingsDto;
}

export class CardDto {
  @Text({ max: 255, description: "The card's content type.", example: 'application/vnd.microsoft.card.adaptive' })
  contentType: string;
  @Json({ description: "The card's content." })
  content: unknown;
}

export class NamedAttachmentDto {
  @Text({ max: 64, description: 'The id that the upload was answered with.', example: 'att_019abc' })
  id: string;
}

export class PostMessageDto {
  @Text({
    max: 100_000,
    optional: true,
    description:
      'The text. A message needs a text, an attachment or a card. Long ones reach the agent in several parts.',
    example: 'Is anybody there?',
  })
  text?: string;
  @Choice({ of: ['user', 'bot'], optional: true, description: 'Who says it; the user unless given.' })
  author?: 'user' | 'bot';
  @ListOf(() => NamedAttachmentDto, { max: 10, optional: true, description: 'Files that were uploaded before.' })
  attachments?: NamedAttachmentDto[];
  @ListOf(() => CardDto, {
    max: 10,
    optional: true,
    description: 'Cards to show to the agent; those that the contact centre cannot show become text.',
  })
  cards?: CardDto[];
}

export class CloseHandoverDto {
  @Choice({ of: ['bot', 'user'], optional: true, description: 'Whose wish it is; the bot’s unless given.' })
  reason?: 'bot' | 'user';
}

export class ListHandoversQuery {
  @Choice({ of: HANDOVER_STATUSES, optional: true, description: 'Only handovers of this status.' })
  status?: HandoverStatus;
  @Text({ max: ID_LENGTH, optional: true, description: 'Only handovers of this session.' })
  sessionId?: string;
  @Text({ max: ID_LENGTH, optional: true, description: 'Only handovers of this user.' })
  userId?: string;
  @Text({ max: ID_LENGTH, optional: true, description: 'Only handovers to this provider.' })
  provider?: string;
  @IsIntegerText({ min: 1, max: 200, description: 'Entries per page, 50 unless given.' })
  limit?: string;
  @Matches(/^ho_[0-9a-f]{32}$/, { message: 'must be `next` of the page before' })
  @Text({ max: 64, optional: true, description: 'Where to go on: `next` of the page before.' })
  cursor?: string;
}
