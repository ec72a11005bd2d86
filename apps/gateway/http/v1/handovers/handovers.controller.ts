import { handoverView, messageView, type Page } from '#core';
import { Body, Controller, Get, Headers, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
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
import { pageOf, PageQuery, SequenceQuery } from '../paging.js';
import { sendEvents } from './event-stream.js';
import {
  CloseHandoverDto,
  ListHandoversQuery,
  PostMessageDto,
  StartHandoverDto,
  UpdateHandoverDto,
} from './handovers.dto.js';
import { HandoversService } from './handovers.service.js';
import {
  EventPage,
  EventView,
  HandoverPage,
  HandoverView,
  MessagePage,
  MessageView,
  Problems,
  ProblemView,
} from './handovers.views.js';

export const IDEMPOTENCY = ApiHeader({
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes the request safe to repeat for 24 h: the same key and body get the same answer, and nothing happens twice.',
});

export const EVENTS_RESPONSE = {
  status: 200,
  description: 'The events; as a page of a list where the request accepts application/json.',
  content: {
    'text/event-stream': { schema: { $ref: '#/components/schemas/EventView' } },
    'application/json': { schema: { $ref: '#/components/schemas/EventPage' } },
  },
};

@ApiTags('handovers')
@ApiBearerAuth()
@ApiExtraModels(ProblemView)
@Controller('v1/handovers')
export class HandoversController {
  constructor(
    private readonly handovers: HandoversService,
    private readonly runtime: Runtime,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Start a handover' })
  @ApiBody({ type: StartHandoverDto })
  @IDEMPOTENCY
  @ApiResponse({ status: 201, type: HandoverView, description: 'The handover.' })
  @Problems(400, 403, 409, 413, 422)
  async start(
    @Caller() caller: Principal,
    @Body(new Valid(StartHandoverDto)) input: StartHandoverDto,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { status, body } = await this.handovers.start(caller, input, key);
    reply.status(status).header('location', `/v1/handovers/${(body as { id: string }).id}`);
    return body;
  }

  @Get()
  @ApiOperation({ summary: 'List handovers, newest first' })
  @ApiQuery({ type: ListHandoversQuery })
  @ApiResponse({ status: 200, type: HandoverPage, description: 'A page.' })
  @Problems(400)
  async list(
    @Caller() caller: Principal,
    @Query(new Valid(ListHandoversQuery)) query: ListHandoversQuery,
  ): Promise<Page<unknown>> {
    const { limit, cursor, ...filter } = query;
    const own = caller.role === 'bot' ? { bot: caller.name } : {};
    const { data, next } = await this.runtime.handovers.list({ ...filter, ...own }, pageOf({ limit, cursor }));
    return { data: data.map(handoverView), next };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a handover' })
  @ApiResponse({ status: 200, type: HandoverView, description: 'The handover.' })
  @Problems(404)
  async read(@Caller() caller: Principal, @Param('id') id: string): Promise<unknown> {
    return handoverView(await this.handovers.find(caller, id));
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change customer details, metadata or queue' })
  @ApiBody({ type: UpdateHandoverDto })
  @ApiResponse({ status: 200, type: HandoverView, description: 'The handover.' })
  @Problems(400, 403, 404, 409, 413, 429)
  async update(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(UpdateHandoverDto)) input: UpdateHandoverDto,
  ): Promise<unknown> {
    return handoverView(await this.handovers.update(caller, id, input));
  }

  @Post(':id/messages')
  @HttpCode(202)
  @ApiOperation({ summary: 'Send a message to the agent' })
  @ApiBody({ type: PostMessageDto })
  @IDEMPOTENCY
  @ApiResponse({ status: 202, type: MessageView, description: 'The message, pending.' })
  @Problems(400, 403, 404, 409, 413, 422)
  async post(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(PostMessageDto)) input: PostMessageDto,
    @Headers('idempotency-key') key: string | undefined,
  ): Promise<unknown> {
    return (await this.handovers.post(caller, id, input, key)).body;
  }

  @Get(':id/messages')
  @ApiOperation({ summary: 'Read the transcript, oldest first' })
  @ApiQuery({ type: PageQuery })
  @ApiResponse({ status: 200, type: MessagePage, description: 'A page.' })
  @Problems(400, 404)
  async messages(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Query(new Valid(SequenceQuery)) query: SequenceQuery,
  ): Promise<Page<unknown>> {
    await this.handovers.find(caller, id);
    const { data, next } = await this.runtime.handovers.messages(id, pageOf(query));
    return { data: data.map(messageView), next };
  }

  @Post(':id/close')
  @HttpCode(202)
  @ApiOperation({ summary: "End a handover from the bot's side" })
  @ApiBody({ type: CloseHandoverDto, required: false })
  @ApiResponse({ status: 202, type: HandoverView, description: 'The handover, being closed.' })
  @Problems(400, 404)
  async close(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(CloseHandoverDto, { optional: true })) input: CloseHandoverDto,
  ): Promise<unknown> {
    return handoverView(await this.handovers.close(caller, id, input.reason));
  }

  @Get(':id/events')
  @ApiOperation({ summary: 'Follow the events of a handover, live' })
  @ApiExtraModels(EventPage, EventView)
  @ApiResponse(EVENTS_RESPONSE)
  @Problems(400, 404)
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
    await this.handovers.find(caller, id);
    await sendEvents(this.runtime, ownerOf(caller), id, { accept, lastEventId, ...query }, reply);
  }
}
