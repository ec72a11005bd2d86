import { CONVERSATION_STATUSES } from '#core';
import { ApiProperty } from '@nestjs/swagger';
import { CustomerDto } from '../handovers/handovers.dto.js';
import { MAYBE_TIME, NEXT, ProblemsOf, TIME } from '../handovers/handovers.views.js';

/** What the API answers, for its reference. The answers themselves are made by `conversationView` of the core. */
export class ConversationView {
  @ApiProperty({ example: 'cv_019abc' })
  id: string;
  @ApiProperty({ enum: CONVERSATION_STATUSES, description: '`open`: with the bot; `handed_over`: with the agents.' })
  status: string;
  @ApiProperty({ enum: ['human', 'bot'], description: 'Who talks to the user now.' })
  control: string;
  @ApiProperty({ example: 'support-8x8' })
  provider: string;
  @ApiProperty({
    type: String,
    nullable: true,
    example: 'WhatsApp',
    description: 'How the user reached the contact centre; null where it does not say.',
  })
  channel: string | null;
  @ApiProperty({ description: "The contact centre's id of the user, or else of the conversation." })
  userId: string;
  @ApiProperty({ type: () => CustomerDto, description: 'What the contact centre says of the user.' })
  user: CustomerDto;
  @ApiProperty({ description: "The contact centre's id of the conversation." })
  providerConversationId: string;
  @ApiProperty({ type: String, nullable: true, description: 'Its latest handover.', example: 'ho_019abc' })
  handoverId: string | null;
  @ApiProperty({
    type: String,
    nullable: true,
    enum: ['agent', 'contact_center', 'bot', 'user', 'inactivity', 'no_agent', 'operator', null],
  })
  endReason: string | null;
  @ApiProperty(TIME)
  createdAt: string;
  @ApiProperty(MAYBE_TIME)
  endedAt: string | null;
}

export class ConversationPage {
  @ApiProperty({ type: () => ConversationView, isArray: true })
  data: ConversationView[];
  @ApiProperty(NEXT)
  next: string | null;
}

const TEXTS: Record<number, string> = {
  400: 'The request breaks a rule; `errors` names each field.',
  403: 'This key may not do that.',
  404: 'There is no such conversation for this key.',
  409: 'The conversation is with the agents (`handoverId`), or has ended.',
  413: 'The body is over 1 MiB.',
  422: 'The Idempotency-Key was used with another request.',
};

/** The problems that a call may be answered with. */
export function ConversationProblems(...statuses: number[]): MethodDecorator {
  return ProblemsOf(Object.fromEntries(statuses.map((status) => [status, TEXTS[status]!])));
}
