import { ValidateIf, validateSync, type ValidationError } from 'class-validator';

/** Any class whose instances class-validator can check. */
export type Class<T extends object = object> = new () => T;

/** One thing wrong with an input: where (RFC 6901 JSON pointer) and what to do about it. */
export interface FieldError {
  pointer: string;
  detail: string;
}

const NESTED = Symbol('nested');
type NestedMap = Record<string, () => Class>;

/** Marks a property whose value (or whose array items) are to become instances of another validated class. */
export function Nested(type: () => Class): PropertyDecorator {
  return (target, property) => {
    const inherited = (Reflect.getMetadata(NESTED, target) ?? {}) as NestedMap;
    Reflect.defineMetadata(NESTED, { ...inherited, [String(property)]: type }, target);
  };
}

/** The names of those properties. */
export function nestedOf(type: Class): string[] {
  return Object.keys((Reflect.getMetadata(NESTED, type.prototype) ?? {}) as NestedMap);
}

/** class-validator rule: the property may be left out. Unlike `IsOptional` it does not take `null` for absence. */
export function IfPresent(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}

/**
 * Turns plain JSON into an instance of a validated class and lists what is wrong with it.
 * Values that no nested class describes are taken over untouched, which keeps free-form JSON exactly as it came.
 * Unknown properties are errors.
 */
export function parseAs<T extends object>(
  type: Class<T>,
  plain: unknown,
  pointer = '',
): { value: T; errors: FieldError[] } {
  if (!isPlainObject(plain)) {
    return { value: new type(), errors: [{ pointer, detail: 'must be a JSON object' }] };
  }
  const reserved: FieldError[] = [];
  const value = hydrate(type, plain, pointer, reserved);
  const found = validateSync(value, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true });
  return { value, errors: [...reserved, ...found.flatMap((error) => toFieldErrors(error, pointer, plain))] };
}

/** True for a value that JSON would call an object: neither null nor an array. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own properties of these names would be taken for parts of the class by class-validator; no field of ours has such a name. */
const RESERVED = ['__proto__', 'constructor', 'prototype'];
const UNKNOWN = 'is not a known field: remove it or check its spelling';

function hydrate<T extends object>(
  type: Class<T>,
  plain: Record<string, unknown>,
  pointer: string,
  errors: FieldError[],
): T {
  const nested = (Reflect.getMetadata(NESTED, type.prototype) ?? {}) as NestedMap;
  const instance = new type() as Record<string, unknown>;
  for (const [key, value] of Object.entries(plain)) {
    if (RESERVED.includes(key)) {
      errors.push({ pointer: `${pointer}/${key}`, detail: UNKNOWN });
    } else if (Object.hasOwn(nested, key)) {
      instance[key] = hydrateNested(nested[key]!(), value, `${pointer}/${escapePointer(key)}`, errors);
    } else {
      instance[key] = value;
    }
  }
  return instance as T;
}

function hydrateNested(type: Class, value: unknown, pointer: string, errors: FieldError[]): unknown {
  if (Array.isArray(value)) {
    return value.map((item, index) => {
      if (isPlainObject(item)) return hydrate(type, item, `${pointer}/${index}`, errors);
      // class-validator looks into a list within a list and finds nothing wrong with an empty one.
      errors.push({ pointer: `${pointer}/${index}`, detail: 'must be an object' });
      return new type();
    });
  }
  return isPlainObject(value) ? hydrate(type, value, pointer, errors) : value;
}

function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

function toFieldErrors(error: ValidationError, parent: string, plain: Record<string, unknown> = {}): FieldError[] {
  // A class that declares nothing is wrong as a whole, with no property named: then nothing that was given is known.
  if (error.property === undefined) {
    const given = Object.keys(plain).filter((key) => !RESERVED.includes(key));
    return given.map((key) => ({ pointer: `${parent}/${escapePointer(key)}`, detail: UNKNOWN }));
  }
  const pointer = `${parent}/${escapePointer(error.property)}`;
  const nested = (error.children ?? []).flatMap((child) => toFieldErrors(child, pointer));
  // Per property the rule nearest to the type speaks for all: "must be a string" says more than the length rule beside it.
  const rules = Object.entries(error.constraints ?? {});
  if (rules.length === 0) return nested;
  // What is no list has no entries in which something could be wrong.
  const inner = 'isArray' in error.constraints! ? [] : nested;
  const unknown = rules.find(([rule]) => rule === 'whitelistValidation' || rule === 'unknownValue');
  const missing = error.value === undefined && !unknown;
  const detail = unknown
    ? 'is not a known field: remove it or check its spelling'
    : missing
      ? 'is missing'
      : (rules.findLast(([rule]) => rule !== 'nestedValidation') ?? rules[0]!)[1];
  return [{ pointer, detail: detail.replace(new RegExp(`^${escapeRegExp(error.property)} `), '') }, ...inner];
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
