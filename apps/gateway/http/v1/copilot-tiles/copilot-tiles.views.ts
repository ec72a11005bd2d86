import { TILE_KINDS, type Tile } from '#core';
import { ApiProperty } from '@nestjs/swagger';
import { NEXT, TIME } from '../handovers/handovers.views.js';

/** What every tile has; the rest depends on its kind, as it was put. */
export class TileView {
  @ApiProperty({ example: 'account' })
  key: string;
  @ApiProperty({ enum: TILE_KINDS })
  kind: string;
  @ApiProperty({ example: 'Account' })
  title: string;
  @ApiProperty({ type: 'integer', minimum: 1, maximum: 3 })
  width: number;
  @ApiProperty(TIME)
  createdAt: string;
  @ApiProperty(TIME)
  updatedAt: string;
}

export class TileList {
  @ApiProperty({ type: () => TileView, isArray: true })
  data: TileView[];
  @ApiProperty({ ...NEXT, description: 'null: there is one page.' })
  next: string | null;
}

/** A tile as the API and the page show it. */
export function tileView({ key, kind, title, width, content, createdAt, updatedAt }: Tile): TileView {
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
  return { key, kind, title, width, ...content, ...times };
}
