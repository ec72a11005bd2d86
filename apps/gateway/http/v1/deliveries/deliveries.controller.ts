import { invalid, Refusal, whyNotResend, type DeadLetter, type Page } from '#core';
import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Runtime } from '../../../runtime/runtime.js';
import { OperatorOnly } from '../../auth.guard.js';
import { Valid } from '../../valid.js';
import { ProblemsOf, ProblemView } from '../handovers/handovers.views.js';
import { isRowNumber, pageOf } from '../paging.js';
import { DeliveryPage, DeliveryView, letterView, ListDeliveriesQuery, stuckView } from './deliveries.dto.js';

@ApiTags('deliveries')
@ApiBearerAuth()
@ApiExtraModels(ProblemView)
@OperatorOnly()
@Controller('v1/deliveries')
export class DeliveriesController {
  constructor(private readonly runtime: Runtime) {}

  @Get()
  @ApiOperation({ summary: 'List deliveries that were given up, or that wait' })
  @ApiQuery({ type: ListDeliveriesQuery })
  @ApiResponse({ status: 200, type: DeliveryPage, description: 'A page, newest first.' })
  @ProblemsOf({ 400: 'The request breaks a rule; `errors` names each field.', 403: 'This needs the admin key.' })
  async list(@Query(new Valid(ListDeliveriesQuery)) query: ListDeliveriesQuery): Promise<Page<DeliveryView>> {
    const { status = 'failed', limit, cursor, ...filter } = query;
    const isLaneCursor = cursor?.includes('.') ?? false;
    if (cursor !== undefined && isLaneCursor !== (status === 'waiting'))
      throw invalid([{ pointer: '/cursor', detail: 'must be `next` of a page of the same status' }]);
    const page = pageOf({ limit, cursor });
    if (status === 'waiting') {
      const { data, next } = await this.runtime.deadLetters.waiting(filter, page);
      return { data: data.map(stuckView), next };
    }
    const { data, next } = await this.runtime.deadLetters.list(status, filter, page);
    return { data: data.map(letterView), next };
  }

  @Post(':id/retry')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Send again what was given up',
    description: "An event keeps its `webhook-id`. It is sent when nothing newer of its handover's is waiting.",
  })
  @ApiResponse({ status: 202, type: DeliveryView, description: 'The delivery, on its way again.' })
  @ProblemsOf({
    403: 'This needs the admin key.',
    404: 'There is no such delivery.',
    409: 'It is on its way already, has arrived, or makes no sense any more; `detail` says which.',
  })
  async retry(@Param('id') id: string): Promise<DeliveryView> {
    const { deadLetters, handovers } = this.runtime;
    const letter = await this.find(id);
    const handover = await handovers.get(letter.handoverId);
    const reason = whyNotResend(letter, handover) ?? (await this.whyNoTarget(letter));
    if (reason !== null) throw new Refusal('conflict', reason);
    const isSent = await deadLetters.resend(letter);
    const now = await this.find(id);
    // Somebody else asked for the same at the same moment.
    if (!isSent) throw new Refusal('conflict', whyNotResend(now, handover) ?? 'This delivery was just changed.');
    return letterView(now);
  }

  private async find(id: string): Promise<DeadLetter> {
    const letter = isRowNumber(id) ? await this.runtime.deadLetters.get(id) : null;
    if (!letter) throw new Refusal('not_found', `There is no delivery "${id}" that was given up.`);
    return letter;
  }

  /** Sending to nowhere would only fail again. */
  private async whyNoTarget({ direction, target }: DeadLetter): Promise<string | null> {
    if (direction === 'provider')
      return this.runtime.registry.get(target) ? null : `The provider "${target}" is not loaded by this gateway.`;
    const callback = await this.runtime.accounts.callbackOf(target, true);
    return typeof callback === 'string' ? callback : null;
  }
}
