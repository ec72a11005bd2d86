import { IfPresent, isPlainObject, Nested, type Class } from '#contract';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsObject,
  IsString,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateNested,
  type ValidationArguments,
} from 'class-validator';
import { isTime } from './time.js';

/** What a field of the API may be told beside its rule. */
interface FieldOptions {
  description: string;
  optional?: boolean;
  example?: unknown;
}

function field(
  { description, optional, example }: FieldOptions,
  schema: ApiPropertyOptions,
  ...rules: PropertyDecorator[]
): PropertyDecorator {
  const shown = {
    description,
    required: !optional,
    ...(example === undefined ? {} : { example }),
    ...schema,
  } as ApiPropertyOptions;
  return applyDecorators(ApiProperty(shown), ...(optional ? [IfPresent()] : []), ...rules);
}

/** Text of 1 to `max` characters. */
export function Text(options: FieldOptions & { max: number }): PropertyDecorator {
  return field(
    options,
    { type: String, minLength: 1, maxLength: options.max },
    MaxLength(options.max, { message: `must have ${options.max} characters at the most` }),
    IsNotEmpty({ message: 'must not be empty' }),
    IsString({ message: 'must be a string' }),
  );
}

/** One of some words. */
export function Choice(options: FieldOptions & { of: readonly string[] }): PropertyDecorator {
  return field(
    options,
    { enum: [...options.of] },
    IsIn([...options.of], { message: `must be one of ${options.of.join(', ')}` }),
  );
}

export function Flag(options: FieldOptions): PropertyDecorator {
  return field(options, { type: Boolean }, IsBoolean({ message: 'must be true or false' }));
}

/** A whole number from `min` to `max`. */
export function Whole(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  const { min, max } = options;
  const message = `must be a whole number from ${min} to ${max}`;
  return field(
    options,
    { type: 'integer', minimum: min, maximum: max },
    Min(min, { message }),
    Max(max, { message }),
    IsInt({ message }),
  );
}

/** A time as RFC 3339 has it, with its offset, in the years 1970 to 9999. */
export function Time(options: FieldOptions): PropertyDecorator {
  return field(
    options,
    { type: String, format: 'date-time' },
    ValidateBy({
      name: 'time',
      validator: {
        validate: (value) => typeof value === 'string' && isTime(value),
        defaultMessage: () =>
          'must be an RFC 3339 time with its offset, of the years 1970 to 9999, such as 2026-11-23T10:00:00.000Z',
      },
    }),
  );
}

/** The reference generator knows a class that is resolved later by the function's name, which must be `type`. */
function lazy(resolve: () => Class): { type: () => Class } {
  return { type: () => resolve() };
}

/** Another object with fields of its own. */
export function Inner(type: () => Class, options: FieldOptions): PropertyDecorator {
  return field(options, lazy(type), Nested(type), ValidateNested(), IsObject({ message: 'must be an object' }));
}

/** A list of objects with fields of their own. */
export function ListOf(type: () => Class, options: FieldOptions & { max: number }): PropertyDecorator {
  return field(
    options,
    { ...lazy(type), isArray: true, maxItems: options.max } as ApiPropertyOptions,
    Nested(type),
    ValidateNested({ each: true, message: 'must be a list of objects' }),
    ArrayMaxSize(options.max, { message: `must have ${options.max} entries at the most` }),
    IsArray({ message: 'must be a list' }),
  );
}

/** Any JSON object, taken over as it is. */
export function JsonObject(options: FieldOptions): PropertyDecorator {
  return field(options, { type: 'object', additionalProperties: true }, IsObject({ message: 'must be an object' }));
}

/** Any JSON at all, taken over as it is. */
export function Json(options: FieldOptions): PropertyDecorator {
  return field(
    options,
    { type: 'object', additionalProperties: true },
    ValidateBy({ name: 'json', validator: { validate: (value) => value !== undefined } }),
  );
}

/** An object of texts, such as `{ "Intent": "balance" }`. */
export function TextMap(options: FieldOptions & { maxEntries: number; maxLength: number }): PropertyDecorator {
  const { maxEntries, maxLength } = options;
  const isBad = ([key, item]: [string, unknown]): boolean =>
    key === '' || key.length > maxLength || typeof item !== 'string' || item.length > maxLength;
  const validate = (value: unknown): boolean =>
    isPlainObject(value) && Object.keys(value).length <= maxEntries && !Object.entries(value).some(isBad);
  const message = ({ value }: ValidationArguments): string => {
    const [bad] = isPlainObject(value) ? (Object.entries(value).find(isBad) ?? []) : [];
    const rule = `must be an object of at most ${maxEntries} texts, each of at most ${maxLength} characters`;
    return bad === undefined ? rule : `${rule}: look at ${JSON.stringify(bad.slice(0, 50))}`;
  };
  return field(
    options,
    { type: 'object', additionalProperties: { type: 'string' } },
    ValidateBy({ name: 'textMap', validator: { validate, defaultMessage: (found) => message(found!) } }),
  );
}
