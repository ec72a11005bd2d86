import { IfPresent } from '#contract';
import type { PageRequest } from '#core';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Matches, ValidateBy } from 'class-validator';
import { Text } from '../fields.js';

/** A whole number in a query parameter. */
export function IsIntegerText(options: { min: number; max: number; description: string }): PropertyDecorator {
  const { min, max, description } = options;
  const shape = min < 0 ? /^-?\d{1,9}$/ : /^\d{1,9}$/;
  const validate = (value: unknown): boolean =>
    typeof value === 'string' && shape.test(value) && Number(value) >= min && Number(value) <= max;
  return applyDecorators(
    ApiProperty({ type: 'integer', minimum: min, maximum: max, required: false, description }),
    IfPresent(),
    ValidateBy({
      name: 'integerText',
      validator: { validate, defaultMessage: () => `must be a whole number from ${min} to ${max}` },
    }),
  );
}

export class PageQuery {
  @IsIntegerText({ min: 1, max: 200, description: 'Entries per page, 50 unless given.' })
  limit?: string;
  @Text({ max: 64, optional: true, description: 'Where to go on: `next` of the page before.' })
  cursor?: string;
}

/** Pages through rows that the database numbers. */
export class NumberedQuery {
  @IsIntegerText({ min: 1, max: 200, description: 'Entries per page, 50 unless given.' })
  limit?: string;
  @Matches(/^\d{1,18}$/, { message: 'must be `next` of the page before' })
  @Text({ max: 18, optional: true, description: 'Where to go on: `next` of the page before.' })
  cursor?: string;
}

/** Whether a path names such a row at all. */
export function isRowNumber(id: string): boolean {
  return /^\d{1,18}$/.test(id);
}

/** Pages whose cursor is a number. */
export class SequenceQuery {
  @IsIntegerText({ min: 1, max: 200, description: 'Entries per page, 50 unless given.' })
  limit?: string;
  @IsIntegerText({ min: 0, max: 999_999_999, description: 'Where to go on: `next` of the page before.' })
  cursor?: string;
}

export function pageOf({ limit, cursor }: { limit?: string; cursor?: string }): PageRequest {
  return { limit: Number(limit ?? 50), cursor };
}
