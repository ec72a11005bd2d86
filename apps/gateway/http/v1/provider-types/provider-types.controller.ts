import { settingsSchema } from '#contract';
import type { Page } from '#core';
import { Controller, Get } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Runtime } from '../../../runtime/runtime.js';

@ApiTags('provider types')
@ApiBearerAuth()
@Controller('v1/provider-types')
export class ProviderTypesController {
  constructor(private readonly runtime: Runtime) {}

  @Get()
  @ApiOperation({ summary: 'List the contact centres this gateway knows, with their settings as JSON Schema' })
  list(): Page<unknown> {
    const data = this.runtime.registry.definitions.map((definition) => ({
      type: definition.key,
      title: definition.title,
      docsUrl: definition.docsUrl,
      capabilities: definition.capabilities,
      settings: settingsSchema(definition.settings),
      handoverSettings: settingsSchema(definition.handoverSettings),
    }));
    return { data, next: null };
  }
}
