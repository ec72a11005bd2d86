import { Refusal } from '#core';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiExtraModels,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Runtime } from '../../../runtime/runtime.js';
import { OperatorOnly } from '../../auth.guard.js';
import { Text } from '../../fields.js';
import { Valid } from '../../valid.js';
import { ProblemsOf, ProblemView } from './handovers.views.js';

export class EraseDto {
  @Text({ max: 255, description: "The bot's own id of the user.", example: 'u-42' })
  userId: string;
  @Text({
    max: 255,
    optional: true,
    description: 'Only what this bot has of the user, by name. Without it: every bot.',
  })
  bot?: string;
}

export class ErasedView {
  @ApiProperty({ description: 'How many handovers and incoming conversations were erased.', example: 3 })
  erased: number;
}

@ApiTags('handovers')
@ApiBearerAuth()
@ApiExtraModels(ProblemView)
@OperatorOnly()
@Controller('v1/handovers')
export class EraseController {
  constructor(private readonly runtime: Runtime) {}

  @Post('erase')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Erase all that is stored of a user',
    description:
      'Handovers and incoming conversations that are over, with their messages, events, files, tiles, dead letters and webhooks. What is open is to be closed first. What the bot has not received yet of them is erased too. It cannot be undone.',
  })
  @ApiBody({ type: EraseDto })
  @ApiResponse({
    status: 200,
    type: ErasedView,
    description: 'How much was erased; 0 when there is nothing of this user.',
  })
  @ProblemsOf({
    400: 'The request breaks a rule; `errors` names each field.',
    403: 'This needs the admin key.',
    409: 'A handover of the user is open: `handoverId`. Nothing was erased.',
  })
  async erase(@Body(new Valid(EraseDto)) { userId, bot }: EraseDto): Promise<ErasedView> {
    const result = await this.runtime.erasure.erase(userId, bot ?? null);
    if ('erased' in result) return result;
    throw new Refusal('conflict', 'A handover of this user is open. Close it first; nothing was erased.', [], {
      handoverId: result.open,
    });
  }
}
