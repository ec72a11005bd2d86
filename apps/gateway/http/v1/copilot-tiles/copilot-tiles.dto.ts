import { IfPresent, isPlainObject, parseAs, type Class, type FieldError } from '#contract';
import { invalid, TILE_KINDS, type TileInput, type TileKind } from '#core';
import { applyDecorators, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ArrayMinSize, IsInt, Max, Min, ValidateBy } from 'class-validator';
import { Choice, JsonObject, ListOf, Text } from '../../fields.js';

const MAX_WIDTH = 3;
const MAX_TEXT = 16_000;
const MAX_ENTRIES = 50;
/** What a tile may hold, as JSON in UTF-8. */
const MAX_BYTES = 32 * 1_024;

/** An address that a person may open: http or https, without a user or password that would make it look like another. */
function WebAddress({ description }: { description: string }): PropertyDecorator {
  const validate = (value: unknown): boolean => {
    if (typeof value !== 'string' || value.length > 2_048 || !URL.canParse(value)) return false;
    const { protocol, username, password } = new URL(value);
    return ['http:', 'https:'].includes(protocol) && username === '' && password === '';
  };
  return applyDecorators(
    ApiProperty({ type: String, format: 'uri', maxLength: 2_048, description }),
    ValidateBy({
      name: 'webAddress',
      validator: { validate, defaultMessage: () => 'must be an http or https URL without user and password' },
    }),
  );
}

/** What every tile has. */
class TileDto {
  @Choice({ of: TILE_KINDS, description: 'What the tile shows; decides which other fields it has.' })
  kind: TileKind;
  @Text({ max: 200, description: 'The heading.', example: 'Account' })
  title: string;
  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_WIDTH,
    required: false,
    description: 'Columns; 1 unless given.',
  })
  @IfPresent()
  @Max(MAX_WIDTH, { message: `must be a whole number from 1 to ${MAX_WIDTH}` })
  @Min(1, { message: `must be a whole number from 1 to ${MAX_WIDTH}` })
  @IsInt({ message: `must be a whole number from 1 to ${MAX_WIDTH}` })
  width?: number;
}

export class TextTileDto extends TileDto {
  @Text({ max: MAX_TEXT, description: 'The text.', example: 'Asked **twice** about the balance.' })
  text: string;
  @Choice({ of: ['plain', 'markdown'], optional: true, description: '`plain` unless given. No HTML, no images.' })
  format?: 'plain' | 'markdown';
}

class LabelledValueDto {
  @Text({ max: 200, description: 'What it is.', example: 'Balance' })
  label: string;
  @Text({ max: 4_000, description: 'Its value.', example: '1,234.56 €' })
  value: string;
}

export class KeyValueTileDto extends TileDto {
  @ArrayMinSize(1, { message: 'must have an entry' })
  @ListOf(() => LabelledValueDto, { max: MAX_ENTRIES, description: 'In this order.' })
  entries: LabelledValueDto[];
}

class LinkDto {
  @Text({ max: 200, description: 'What to click on.', example: 'Invoice 42' })
  title: string;
  @WebAddress({ description: 'Where it leads: http or https. Opens in a new tab.' })
  url: string;
}

export class LinksTileDto extends TileDto {
  @ArrayMinSize(1, { message: 'must have an entry' })
  @ListOf(() => LinkDto, { max: MAX_ENTRIES, description: 'In this order.' })
  links: LinkDto[];
}

export class SuggestedReplyTileDto extends TileDto {
  @Text({ max: MAX_TEXT, description: 'What the agent might answer, to be copied.' })
  text: string;
}

export class AdaptiveCardTileDto extends TileDto {
  @JsonObject({
    description:
      'An Adaptive Card of version 1.3 or lower. Shown: TextBlock, FactSet, Container, ColumnSet, Image (as a link), ActionSet and Action.OpenUrl.',
    example: { type: 'AdaptiveCard', version: '1.3', body: [{ type: 'TextBlock', text: 'Hello' }] },
  })
  card: Record<string, unknown>;
}

/** One class for each kind. */
export const TILES: Record<TileKind, Class<TileDto>> = {
  text: TextTileDto,
  keyValue: KeyValueTileDto,
  links: LinksTileDto,
  suggestedReply: SuggestedReplyTileDto,
  adaptiveCard: AdaptiveCardTileDto,
};

class AnyTileDto {
  @Choice({ of: TILE_KINDS, description: 'The kind.' })
  kind: TileKind;
}

/** Makes a body into a tile by the rules of its kind, or refuses it naming each field. */
@Injectable()
export class ValidTile implements PipeTransform<unknown, TileInput> {
  transform(body: unknown): TileInput {
    const kind = isPlainObject(body) ? { kind: body.kind } : body;
    const errors = parseAs(AnyTileDto, kind).errors;
    if (errors.length > 0) throw invalid(errors);
    const tile = parseAs(TILES[(kind as AnyTileDto).kind], body);
    const { kind: _, title, width = 1, ...content } = tile.value;
    const found = tile.errors.length > 0 ? tile.errors : [...wrongCard(content), ...tooLarge(content)];
    if (found.length > 0) throw invalid(found);
    return { kind: tile.value.kind, title, width, content };
  }
}

function wrongCard({ card }: { card?: unknown }): FieldError[] {
  if (!isPlainObject(card)) return [];
  if (card.type !== 'AdaptiveCard') return [{ pointer: '/card/type', detail: 'must be AdaptiveCard' }];
  if (typeof card.version !== 'string' || !/^1\.[0-3]$/.test(card.version))
    return [{ pointer: '/card/version', detail: 'must be 1.0, 1.1, 1.2 or 1.3' }];
  return [];
}

function tooLarge(content: object): FieldError[] {
  if (Buffer.byteLength(JSON.stringify(content)) <= MAX_BYTES) return [];
  return [{ pointer: '', detail: `must have ${MAX_BYTES} bytes at the most beside kind, title and width` }];
}
