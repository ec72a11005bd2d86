import { queueOf, Refusal } from '#core';
import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Runtime } from '../../../runtime/runtime.js';
import { Caller, type Principal } from '../../auth.guard.js';
import { Valid } from '../../valid.js';
import { ProblemsOf } from '../handovers/handovers.views.js';
import { AvailabilityQuery, AvailabilityView, availabilityView } from './availability.views.js';

@ApiTags('availability')
@ApiBearerAuth()
@Controller('v1/providers/:name/availability')
export class AvailabilityController {
  constructor(private readonly runtime: Runtime) {}

  @Get()
  @ApiOperation({ summary: 'Ask whether an agent is there', description: 'Of a provider that the bot may use.' })
  @ApiQuery({ type: AvailabilityQuery })
  @ApiResponse({ status: 200, type: AvailabilityView, description: 'What is known, at most some seconds old.' })
  @ProblemsOf({
    400: 'The request breaks a rule; `errors` names each field.',
    404: 'There is no such provider, or this bot may not use it.',
    429: 'The bot has asked too often, or for too many queues at the same time; `budget` names which, and `Retry-After` says when to try again.',
  })
  async read(
    @Caller() caller: Principal,
    @Param('name') name: string,
    @Query(new Valid(AvailabilityQuery)) { queueId }: AvailabilityQuery,
  ): Promise<AvailabilityView> {
    const provider = this.runtime.registry.get(name);
    const isOpen = caller.role === 'operator' || this.runtime.accounts.mayUse(caller.name, name);
    if (!provider || !isOpen) throw new Refusal('not_found', `There is no provider "${name}".`);
    const owner = caller.role === 'bot' ? (`bot:${caller.name}` as const) : 'operator';
    return availabilityView(await this.runtime.availability.of(provider, queueId?.trim() || queueOf(provider), owner));
  }
}
