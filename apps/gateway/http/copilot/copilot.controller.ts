import { messageView, type Page } from '#core';
import { Body, Controller, Get, Header, Headers, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Runtime } from '../../runtime/runtime.js';
import { Public } from '../auth.guard.js';
import { Text } from '../fields.js';
import { IsIntegerText } from '../v1/paging.js';
import { Valid } from '../valid.js';
import { CopilotAccess } from './copilot-access.js';
import { pageFrames } from './page-feed.js';
import { messagesBefore } from './said-before.js';

class OpenCopilotDto {
  @Text({ max: 255, description: 'Of the link.' })
  userId: string;
  @Text({ max: 255, description: 'Of the link.' })
  sessionId: string;
  @Text({ max: 1_024, description: 'Of the link.' })
  urlToken: string;
}

class EarlierQuery {
  @IsIntegerText({
    min: -999_999_999,
    max: 999_999_999,
    description: 'The sequence of the oldest message that is shown.',
  })
  before?: string;
}

/** What the copilot's page asks for. It is no part of the API: page and gateway always are of one version. */
@ApiExcludeController()
@Public()
@Controller('copilot')
export class CopilotController {
  constructor(
    private readonly access: CopilotAccess,
    private readonly runtime: Runtime,
  ) {}

  @Post('session')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  async open(@Body(new Valid(OpenCopilotDto)) link: OpenCopilotDto): Promise<unknown> {
    const { ticket, expiresAt } = await this.access.ticketFor(link);
    return { ticket, expiresAt: expiresAt.toISOString() };
  }

  @Get('events')
  async events(@Headers('authorization') authorization: string | undefined, @Res() reply: FastifyReply): Promise<void> {
    const { handoverId, expiresAt } = this.access.ticketIn(authorization);
    const bot = (await this.runtime.handovers.get(handoverId))?.bot ?? '';
    reply.request.admitted?.holding.release();
    await this.runtime.streams.send(`bot:${bot}`, reply, (stop, news) =>
      pageFrames(this.runtime, handoverId, expiresAt, stop, news),
    );
  }

  /** Messages before one, oldest first; `next` is what the page asks for before those. */
  @Get('messages')
  @Header('cache-control', 'no-store')
  async earlier(
    @Headers('authorization') authorization: string | undefined,
    @Query(new Valid(EarlierQuery)) { before = '1' }: EarlierQuery,
  ): Promise<Page<unknown>> {
    const { handoverId } = this.access.ticketIn(authorization);
    const handover = await this.runtime.handovers.get(handoverId);
    if (!handover) return { data: [], next: null };
    const { data, next } = await messagesBefore(this.runtime.handovers, handover, Number(before));
    return { data: data.map(messageView), next };
  }
}
