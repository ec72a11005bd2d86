import { Refusal, type Page } from '#core';
import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiExtraModels, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Runtime } from '../../../runtime/runtime.js';
import { OperatorOnly } from '../../auth.guard.js';
import { Valid } from '../../valid.js';
import { ProblemsOf, ProblemView } from '../handovers/handovers.views.js';
import { isRowNumber, pageOf } from '../paging.js';
import { InboxEventView, InboxPage, inboxView, ListInboxQuery, ReplayedView, ReplayInboxDto } from './inbox.dto.js';

const BAD = { 400: 'The request breaks a rule; `errors` names each field.' };
const FORBIDDEN = { 403: 'This needs the admin key.' };
const UNKNOWN = { 404: 'There is no such event; settled ones are removed after `retention.inbox`.' };
const DEFAULT_REPLAYED = 1_000;

@ApiTags('inbox')
@ApiBearerAuth()
@ApiExtraModels(ProblemView)
@OperatorOnly()
@Controller('v1/inbox')
export class InboxController {
  constructor(private readonly runtime: Runtime) {}

  @Get()
  @ApiOperation({ summary: 'List the events of contact centres, newest first, without their content' })
  @ApiQuery({ type: ListInboxQuery })
  @ApiResponse({ status: 200, type: InboxPage, description: 'A page.' })
  @ProblemsOf({ ...BAD, ...FORBIDDEN })
  async list(@Query(new Valid(ListInboxQuery)) query: ListInboxQuery): Promise<Page<InboxEventView>> {
    const { limit, cursor, ...filter } = query;
    const { data, next } = await this.runtime.inboxArchive.list(filter, pageOf({ limit, cursor }));
    return { data: data.map(inboxView), next };
  }

  @Post('replay')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Have many events applied again, oldest first',
    description: 'Those that name no conversation, or whose handover is over, are left as they are.',
  })
  @ApiBody({ type: ReplayInboxDto })
  @ApiResponse({ status: 202, type: ReplayedView, description: 'How many are pending again.' })
  @ProblemsOf({ ...BAD, ...FORBIDDEN, 413: 'The body is over 1 MiB.' })
  async replayMany(@Body(new Valid(ReplayInboxDto)) input: ReplayInboxDto): Promise<ReplayedView> {
    const { status, provider, since, limit = DEFAULT_REPLAYED } = input;
    const filter = { status, provider, since: since === undefined ? undefined : new Date(since) };
    return { replayed: await this.runtime.replay.many(filter, limit) };
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read what became of an event' })
  @ApiResponse({ status: 200, type: InboxEventView, description: 'The event, without its content.' })
  @ProblemsOf({ ...FORBIDDEN, ...UNKNOWN })
  async read(@Param('id') id: string): Promise<InboxEventView> {
    const record = isRowNumber(id) ? await this.runtime.inboxArchive.get(id) : null;
    if (!record) throw unknown(id);
    return inboxView(record);
  }

  @Post(':id/replay')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Have an event applied again',
    description: 'One that is `dead`, `ignored` or `parked`: it is mapped anew from the bytes that came.',
  })
  @ApiResponse({ status: 202, type: InboxEventView, description: 'The event, pending or already applied.' })
  @ProblemsOf({
    ...FORBIDDEN,
    ...UNKNOWN,
    409: 'It was applied, is about to be, or belongs to nothing; `detail` says which.',
  })
  async replay(@Param('id') id: string): Promise<InboxEventView> {
    if (!isRowNumber(id)) throw unknown(id);
    return inboxView(await this.runtime.replay.one(id));
  }
}

function unknown(id: string): Refusal {
  return new Refusal('not_found', `There is no event "${id}" in the inbox.`);
}
