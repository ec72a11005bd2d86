import { EVENT_TYPES, HANDOVER_STATUSES } from '#core';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiResponse } from '@nestjs/swagger';
import { CardDto, CustomerDto } from './handovers.dto.js';

/** What the API answers, for its reference. The answers themselves are made by `handoverView` and `messageView` of the core. */

export const TIME = { type: String, format: 'date-time', example: '2026-11-23T10:00:00.000Z' } as const;
export const MAYBE_TIME = { ...TIME, nullable: true } as const;
const ANY_JSON = { type: Object, additionalProperties: true } as const;

export class QueueView {
  @ApiProperty({ example: '101' })
  id: string;
  @ApiProperty({ type: String, nullable: true, example: 'Support' })
  name: string | null;
}

export class AgentView {
  @ApiProperty({ example: 'agent-1' })
  id: string;
  @ApiProperty({ type: String, nullable: true, description: 'null where the contact centre tells no name' })
  name: string | null;
}

export class HandoverErrorView {
  @ApiProperty({ enum: ['unsupported', 'rejected', 'unreachable'] })
  reason: string;
  @ApiProperty({ description: 'What a person can act on.' })
  message: string;
}

export class HandoverView {
  @ApiProperty({ example: 'ho_019abc' })
  id: string;
  @ApiProperty({ enum: HANDOVER_STATUSES })
  status: string;
  @ApiProperty({ enum: ['human', 'bot'], description: 'Who talks to the user now.' })
  control: string;
  @ApiProperty({ example: 'support-8x8' })
  provider: string;
  @ApiProperty({ example: 's-17' })
  sessionId: string;
  @ApiProperty({ example: 'u-42' })
  userId: string;
  @ApiProperty({ type: () => CustomerDto })
  user: CustomerDto;
  @ApiProperty({ ...ANY_JSON, description: 'What the request brought along.' })
  settings: object;
  @ApiProperty({ nullable: true, description: 'Any JSON, as the bot gave it.' })
  metadata: unknown;
  @ApiProperty({ type: String, nullable: true, description: "The contact centre's id of the conversation." })
  conversationId: string | null;
  @ApiProperty({
    enum: ['bot', 'contact_center'],
    description:
      "Where the user writes: on the bot's channel, so that messages go through the gateway; or on one of the contact centre's, so that the agent reads the user, and the user the agent, there.",
  })
  channel: string;
  @ApiProperty({ type: String, nullable: true, description: 'The incoming conversation that is handed over.' })
  incomingConversationId: string | null;
  @ApiProperty({ type: () => QueueView, nullable: true })
  queue: QueueView | null;
  @ApiProperty({ type: () => AgentView, nullable: true })
  agent: AgentView | null;
  @ApiProperty({ type: () => HandoverErrorView, nullable: true })
  error: HandoverErrorView | null;
  @ApiProperty({
    type: String,
    nullable: true,
    enum: ['agent', 'contact_center', 'bot', 'user', 'inactivity', 'no_agent', 'operator', null],
  })
  endReason: string | null;
  @ApiProperty(TIME)
  createdAt: string;
  @ApiProperty(MAYBE_TIME)
  queuedAt: string | null;
  @ApiProperty(MAYBE_TIME)
  activeAt: string | null;
  @ApiProperty(MAYBE_TIME)
  endedAt: string | null;
}

export class AuthorView {
  @ApiProperty({ enum: ['user', 'bot', 'agent', 'system'] })
  type: string;
  @ApiProperty({ type: String, nullable: true })
  id: string | null;
  @ApiProperty({ type: String, nullable: true })
  name: string | null;
}

export class AttachmentView {
  @ApiProperty()
  id: string;
  @ApiProperty()
  filename: string;
  @ApiProperty({ type: String, nullable: true })
  contentType: string | null;
  @ApiProperty({ type: Number, nullable: true, description: 'Bytes; null where the file could not be fetched.' })
  size: number | null;
  @ApiProperty({ required: false, description: 'Why the file could not be fetched; only then.' })
  error?: string;
}

export class UploadedView {
  @ApiProperty({ example: 'att_019abc' })
  id: string;
  @ApiProperty({ example: 'invoice.pdf' })
  filename: string;
  @ApiProperty({ example: 'application/pdf' })
  contentType: string;
  @ApiProperty({ description: 'Bytes.', example: 48_213 })
  size: number;
}

export class LossView {
  @ApiProperty({ description: 'JSON pointer into the message.', example: '/cards/0' })
  pointer: string;
  @ApiProperty({ example: 'is shown as text: 8x8 shows Adaptive Cards up to version 1.3' })
  detail: string;
}

export class ConversionView {
  @ApiProperty({ type: () => LossView, isArray: true })
  losses: LossView[];
}

export class MessageView {
  @ApiProperty({ example: 'msg_019abc' })
  id: string;
  @ApiProperty({ description: 'Counts the messages of the handover from 1.' })
  sequence: number;
  @ApiProperty({ type: () => AuthorView })
  author: AuthorView;
  @ApiProperty({ type: String, nullable: true })
  text: string | null;
  @ApiProperty({ type: () => AttachmentView, isArray: true })
  attachments: AttachmentView[];
  @ApiProperty({ type: () => CardDto, isArray: true })
  cards: CardDto[];
  @ApiProperty({ enum: ['pending', 'delivered', 'failed'] })
  status: string;
  @ApiProperty({ required: false, description: 'Why it failed; only on a failed message.' })
  error?: string;
  @ApiProperty({
    type: () => ConversionView,
    required: false,
    description: 'What the contact centre cannot show as it was sent; only where something was lost.',
  })
  conversion?: ConversionView;
  @ApiProperty(TIME)
  at: string;
}

export class EventView {
  @ApiProperty({ enum: [...EVENT_TYPES, 'typing'] })
  type: string;
  @ApiProperty(TIME)
  timestamp: string;
  @ApiProperty({
    ...ANY_JSON,
    description:
      'handoverId (or conversationId, of an incoming conversation), sequence (not for typing), provider, sessionId, userId, and what the type adds.',
  })
  data: object;
}

export const NEXT = {
  type: String,
  nullable: true,
  description: 'The cursor of the next page; null at the end.',
} as const;

export class HandoverPage {
  @ApiProperty({ type: () => HandoverView, isArray: true })
  data: HandoverView[];
  @ApiProperty(NEXT)
  next: string | null;
}

export class MessagePage {
  @ApiProperty({ type: () => MessageView, isArray: true })
  data: MessageView[];
  @ApiProperty(NEXT)
  next: string | null;
}

export class EventPage {
  @ApiProperty({ type: () => EventView, isArray: true })
  data: EventView[];
  @ApiProperty(NEXT)
  next: string | null;
}

export class FieldErrorView {
  @ApiProperty({ description: 'JSON pointer into the request.', example: '/user/email' })
  pointer: string;
  @ApiProperty({ example: 'is not an e-mail address' })
  detail: string;
}

export class ProblemView {
  @ApiProperty({ example: 'about:blank' })
  type: string;
  @ApiProperty({ example: 'Bad Request' })
  title: string;
  @ApiProperty({ example: 400 })
  status: number;
  @ApiProperty({ description: 'What is wrong, and what to do.' })
  detail: string;
  @ApiProperty({ type: () => FieldErrorView, isArray: true, required: false })
  errors?: FieldErrorView[];
  @ApiProperty({ required: false, description: 'With 409: the open handover of the session or the conversation.' })
  handoverId?: string;
  @ApiProperty({
    required: false,
    enum: ['unavailable', 'unsupported'],
    description: 'With 409: nobody is there (see `availability`), or the contact centre cannot do this.',
  })
  reason?: string;
  @ApiProperty({ required: false, example: 'requests', description: 'With 429 or 503: which budget is used up.' })
  budget?: string;
  @ApiProperty({ required: false, example: 'bot:shop-assistant', description: 'With `budget`: whose share it is.' })
  owner?: string;
}

const PROBLEM_TEXTS: Record<number, string> = {
  400: 'The request breaks a rule; `errors` names each field.',
  401: 'The key is missing or unknown.',
  403: 'This key may not do that.',
  404: 'There is no such handover for this key.',
  409: 'The handover is over, the session has an open one already (`handoverId`), nobody is there, or the contact centre cannot do it (`reason`).',
  408: 'The body did not arrive in time, 15 s for JSON.',
  413: 'The body is over 1 MiB.',
  422: 'The Idempotency-Key was used with another request.',
  429: "The caller's own share is used up, or it sends too many wrong keys; `budget` says of what, `owner` whose. Try again after `Retry-After` seconds.",
  503: 'Not now; try again after `Retry-After` seconds.',
};

/** The problems that a call may be answered with, beside the 401, 429 and 503 that any may. */
export function Problems(...statuses: number[]): MethodDecorator {
  return ProblemsOf(Object.fromEntries(statuses.map((status) => [status, PROBLEM_TEXTS[status]!])));
}

/** The same, saying what each means here. */
export function ProblemsOf(texts: Record<number, string>): MethodDecorator {
  return applyDecorators(
    ...Object.entries({ 401: PROBLEM_TEXTS[401], 429: PROBLEM_TEXTS[429], ...texts, 503: PROBLEM_TEXTS[503] }).map(
      ([status, description]) =>
        ApiResponse({
          status: Number(status),
          description,
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemView' } } },
        }),
    ),
  );
}
