import type { Page, TileInput } from '#core';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Res } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiExtraModels,
  ApiOperation,
  ApiParam,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Caller, type Principal } from '../../auth.guard.js';
import { Problems, ProblemsOf, ProblemView } from '../handovers/handovers.views.js';
import { TILES, ValidTile } from './copilot-tiles.dto.js';
import { CopilotTilesService } from './copilot-tiles.service.js';
import { TileList, TileView, tileView } from './copilot-tiles.views.js';

const KEY = ApiParam({ name: 'key', description: 'Your own: 1 to 64 letters, digits, dots, hyphens, underscores.' });
const REFUSED = {
  400: 'The request breaks a rule; `errors` names each field.',
  403: 'This key may not do that.',
  404: 'There is no such handover for this key.',
};

@ApiTags('copilot')
@ApiBearerAuth()
@ApiExtraModels(ProblemView, ...Object.values(TILES))
@Controller('v1/handovers/:id/copilot/tiles')
export class CopilotTilesController {
  constructor(private readonly tiles: CopilotTilesService) {}

  @Get()
  @ApiOperation({ summary: 'List the tiles that the agent sees, in the order in which they were first put' })
  @ApiResponse({ status: 200, type: TileList, description: 'All of them.' })
  @Problems(404)
  async list(@Caller() caller: Principal, @Param('id') id: string): Promise<Page<TileView>> {
    return { data: (await this.tiles.list(caller, id)).map(tileView), next: null };
  }

  @Get(':key')
  @KEY
  @ApiOperation({ summary: 'Read a tile' })
  @ApiResponse({ status: 200, type: TileView, description: 'The tile.' })
  @ProblemsOf({ 404: 'There is no such handover or tile for this key.' })
  async read(@Caller() caller: Principal, @Param('id') id: string, @Param('key') key: string): Promise<TileView> {
    return tileView(await this.tiles.read(caller, id, key));
  }

  @Put(':key')
  @KEY
  @ApiOperation({
    summary: 'Show a tile to the agent, or replace it',
    description: 'The agent sees it at once. A handover may have 50 tiles of 32 KiB each.',
  })
  @ApiBody({ schema: { oneOf: Object.values(TILES).map((tile) => ({ $ref: getSchemaPath(tile) })) } })
  @ApiResponse({ status: 200, type: TileView, description: 'The tile, replaced.' })
  @ApiResponse({ status: 201, type: TileView, description: 'The tile, new.' })
  @ProblemsOf({
    ...REFUSED,
    409: 'The handover is over or has 50 tiles, or its provider has no page for them (`reason`: `unsupported`).',
    413: 'The body is over 1 MiB.',
  })
  async put(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Param('key') key: string,
    @Body(ValidTile) input: TileInput,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TileView> {
    const { tile, isNew } = await this.tiles.put(caller, id, key, input);
    reply.status(isNew ? 201 : 200);
    return tileView(tile);
  }

  @Delete(':key')
  @HttpCode(204)
  @KEY
  @ApiOperation({ summary: 'Remove a tile', description: 'Safe to repeat.' })
  @ApiResponse({ status: 204, description: 'It is gone.' })
  @ProblemsOf({ ...REFUSED, 409: 'The handover is over.' })
  async remove(@Caller() caller: Principal, @Param('id') id: string, @Param('key') key: string): Promise<void> {
    await this.tiles.remove(caller, id, key);
  }
}
