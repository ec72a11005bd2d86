import type { Page } from '#core';
import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiBearerAuth, ApiExtraModels, ApiOperation, ApiQuery, ApiResponse, ApiTags } from '@nestjs/swagger';
import { OperatorOnly } from '../../auth.guard.js';
import { Valid } from '../../valid.js';
import { ProblemsOf, ProblemView } from '../handovers/handovers.views.js';
import { PageQuery, pageOf } from '../paging.js';
import { ProviderPage, ProviderView, TestView } from './providers.dto.js';
import { ProvidersService } from './providers.service.js';

const FORBIDDEN = { 403: 'This needs the admin key.' };
const UNKNOWN = { 404: 'There is no provider of this name.' };

@ApiTags('providers')
@ApiBearerAuth()
@ApiExtraModels(ProblemView)
@OperatorOnly()
@Controller('v1/providers')
export class ProvidersController {
  constructor(private readonly providers: ProvidersService) {}

  @Get()
  @ApiOperation({ summary: 'List the configured accounts of contact centres, by name' })
  @ApiQuery({ type: PageQuery })
  @ApiResponse({ status: 200, type: ProviderPage, description: 'A page.' })
  @ProblemsOf({ 400: 'The request breaks a rule; `errors` names each field.', ...FORBIDDEN })
  list(@Query(new Valid(PageQuery)) query: PageQuery): Promise<Page<ProviderView>> {
    return this.providers.list(pageOf(query));
  }

  @Get(':name')
  @ApiOperation({ summary: 'Read a configured account' })
  @ApiResponse({ status: 200, type: ProviderView, description: 'The account, without its secrets.' })
  @ProblemsOf({ ...FORBIDDEN, ...UNKNOWN })
  read(@Param('name') name: string): Promise<ProviderView> {
    return this.providers.read(name);
  }

  @Post(':name/test')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Check an account from end to end',
    description:
      'Asks the contact centre, has it call the webhook, and looks at what the gateway has seen of it lately. Changes nothing; takes up to a minute when the contact centre is slow.',
  })
  @ApiResponse({ status: 200, type: TestView, description: 'What was checked, what was seen, and what to do.' })
  @ProblemsOf({ ...FORBIDDEN, ...UNKNOWN, 409: 'This type has no check: `reason` is `unsupported`.' })
  test(@Param('name') name: string): Promise<TestView> {
    return this.providers.test(name);
  }
}
