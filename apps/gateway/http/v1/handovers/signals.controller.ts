import { acceptSignal, type Signal } from '#core';
import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Runtime } from '../../../runtime/runtime.js';
import { Caller, type Principal } from '../../auth.guard.js';
import { Valid } from '../../valid.js';
import { botOf, HandoversService } from './handovers.service.js';
import { Problems } from './handovers.views.js';
import { ReadDto, SignalView, ThinkingDto, TypingDto } from './signals.dto.js';

const THINKING_SECONDS = 60;
const ACCEPTED = ApiResponse({
  status: 202,
  type: SignalView,
  description: 'Passed on, or dropped: nobody is told which.',
});

/** What the agent is shown for a moment. Nothing of it is stored or tried again. */
@ApiTags('handovers')
@ApiBearerAuth()
@Controller('v1/handovers')
export class SignalsController {
  constructor(
    private readonly handovers: HandoversService,
    private readonly runtime: Runtime,
  ) {}

  @Post(':id/typing')
  @HttpCode(202)
  @ApiOperation({ summary: 'Show the agent that the user or the bot types' })
  @ApiBody({ type: TypingDto })
  @ACCEPTED
  @Problems(400, 403, 404, 409, 429)
  async typing(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(TypingDto)) { typing, author = 'user' }: TypingDto,
  ): Promise<SignalView> {
    return this.signal(caller, id, { kind: 'typing', author }, typing);
  }

  @Post(':id/thinking')
  @HttpCode(202)
  @ApiOperation({ summary: 'Show the agent that the bot prepares something' })
  @ApiBody({ type: ThinkingDto, required: false })
  @ACCEPTED
  @Problems(400, 403, 404, 409, 429)
  async thinking(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(ThinkingDto, { optional: true })) { maxSeconds = THINKING_SECONDS }: ThinkingDto,
  ): Promise<SignalView> {
    return this.signal(caller, id, { kind: 'thinking', maxSeconds });
  }

  @Post(':id/read')
  @HttpCode(202)
  @ApiOperation({ summary: 'Tell the agent up to when the user has read' })
  @ApiBody({ type: ReadDto })
  @ACCEPTED
  @Problems(400, 403, 404, 409, 429)
  async read(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body(new Valid(ReadDto)) { at }: ReadDto,
  ): Promise<SignalView> {
    return this.signal(caller, id, { kind: 'read', at: new Date(at) });
  }

  /** @param isShown false where there is nothing to show, but the request must be a good one all the same */
  private async signal(caller: Principal, id: string, signal: Signal, isShown = true): Promise<SignalView> {
    botOf(caller);
    const handover = await this.handovers.find(caller, id);
    const provider = this.runtime.registry.get(handover.provider);
    acceptSignal(handover, signal.kind, provider);
    if (provider && isShown) void this.runtime.signals.send(handover, provider, signal);
    return { accepted: true };
  }
}
