import { conversationView, messageView, type Page } from '#core';
import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Runtime } from '../../../runtime/runtime.js';
import { Caller, type Principal } from '../../auth.guard.js';
import { ownerOf } from '../../admission/callers.js';
import { Valid } from '../../valid.js';
import { sendEvents } from '../handovers/event-stream.js';
import { EVENTS_RESPONSE, IDEMPOTENCY } from '../handovers/handovers.controller.js';
import {
  EventPage,
  EventView,
  HandoverView,
  MessagePage,
  MessageView,
  ProblemView,
} from '../handovers/handovers.views.js';
import { pageOf, PageQuery, SequenceQuery } from '../paging.js';
import { AnswerDto, HandOverDto, ListConversationsQuery } from './conversations.dto.js';
import { ConversationsService } from './conversations.service.js';
import { ConversationPage, ConversationProblems, ConversationView } from './conversations.views.js';

@ApiTags('conversations')
@ApiBearerAuth()
@ApiExtraModels(ProblemView)
@Controller('v1/conversations')
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly runtime: Runtime,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List conversations that began in the contact centre, newest first' })
  @ApiQuery({ type: ListConversationsQuery })
  @ApiResponse({ status: 200, type: ConversationPage, description: 'A page.' })
  @ConversationProblems(400)
  async list(
    @Caller() caller: Principal,
    @Query(new Valid(ListConversationsQuery)) query: ListConversationsQuery,
  ): Promise<Page<unknown>> {
    const { limit, cursor, ...filter } = query;
    const own = caller.role === 'bot' ? { bot: caller.name } : {};
    const { data, next } = await this.runtime.handovers.conversations({ ...filter, ...own }, pageOf({ limit, cursor }));
    return { data: data.map(conversationView), next };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an incoming conversation' })
  @ApiResponse({ status: 200, type: ConversationView, description: 'The conversation.' })
  @ConversationProblems(404)
  async read(@Caller() caller: Principal, @Param('id') id: string): Promise<unknown> {
    return conversationView(await this.conversations.find(caller, id));
  }

  @Post(':id/messages')
  @HttpCode(202)
  @ApiOperation({ summary: 'Answer the user' })
  @ApiBody({ type: AnswerDto })
  @IDEMPOTENCY
  @ApiResponse({ status: 202, type: MessageView, description: 'The message, pending.' })
  @ConversationProblems(400, 403, 404, 409, 413, 422)
  async answer(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(AnswerDto)) input: AnswerDto,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<unknown> {
    return (await this.conversations.answer(caller, id, input, key)).body;
  }

  @Get(':id/messages')
  @ApiOperation({ summary: 'Read what user and bot said, oldest first' })
  @ApiQuery({ type: PageQuery })
  @ApiResponse({ status: 200, type: MessagePage, description: 'A page.' })
  @ConversationProblems(400, 404)
  async messages(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query(new Valid(SequenceQuery)) query: SequenceQuery,
  ): Promise<Page<unknown>> {
    await this.conversations.find(caller, id);
    const { data, next } = await this.runtime.handovers.messages(id, pageOf(query));
    return { data: data.map(messageView), next };
  }

  @Post(':id/handover')
  @ApiOperation({ summary: 'Hand the conversation over to agents' })
  @ApiBody({ type: HandOverDto, required: false })
  @IDEMPOTENCY
  @ApiResponse({ status: 201, type: HandoverView, description: 'The handover.' })
  @ConversationProblems(400, 403, 404, 409, 413, 422)
  async handOver(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(HandOverDto, { optional: true })) input: HandOverDto,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { status, body } = await this.conversations.handOver(caller, id, input, key);
    reply.status(status).header('location', `/v1/handovers/${(body as { id: string }).id}`);
    return body;
  }

  @Post(':id/end')
  @HttpCode(202)
  @ApiOperation({ summary: 'End a conversation that the bot has' })
  @ApiResponse({ status: 202, type: ConversationView, description: 'The conversation, being ended.' })
  @ConversationProblems(404, 409)
  async end(@Caller() caller: Principal, @Param('id') id: string): Promise<unknown> {
    return conversationView(await this.conversations.end(caller, id));
  }

  @Get(':id/events')
  @ApiOperation({ summary: 'Follow the events of a conversation, live' })
  @ApiExtraModels(EventPage, EventView)
  @ApiResponse(EVENTS_RESPONSE)
  @ConversationProblems(400, 404)
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'The sequence of the last event that was seen.' })
  @ApiQuery({ type: PageQuery })
  async events(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query(new Valid(SequenceQuery)) query: SequenceQuery,
    @Headers('accept') accept: string | undefined,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.conversations.find(caller, id);
    await sendEvents(this.runtime, ownerOf(caller), id, { accept, lastEventId, ...query }, reply);
  }
}
