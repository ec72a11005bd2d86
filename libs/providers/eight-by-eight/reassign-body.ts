import { isPlainObject } from '#contract';
import { isEmail } from 'class-validator';
import { propertyEntries } from './text.js';
import { MAX_ADDITIONAL_PROPERTIES, type KeyValue, type WireUser } from './wire.js';

/** Customer data that 8x8 keeps as text. What else it may show of a user is not ours to send back. */
const FIELDS = ['name', 'userId', 'email', 'phone', 'company', 'caseId', 'language', 'customerId'] as const;

/**
 * The customer of a conversation that 8x8 has already, with ours laid over it.
 * 8x8 Chat Gateway documentation does not say whether a change merges or replaces: everything is sent. Where there are too many
 * additional properties, ours stay. An address that 8x8 would not take from us stays behind.
 */
export function overCurrent(current: unknown, ours: WireUser): WireUser {
  const known = isPlainObject(current) ? current : {};
  const fields = FIELDS.map((field) => [field, known[field]] as const).filter(
    ([field, value]) => isText(value) && (field !== 'email' || isEmail(value)),
  );
  const own = new Set(ours.additionalProperties.map(({ key }) => key));
  const kept = (propertyEntries(known.additionalProperties) ?? [])
    .filter((entry): entry is [string, string] => isText(entry[0]) && isText(entry[1]) && !own.has(entry[0]))
    .map(([key, value]): KeyValue => ({ key, value }))
    .slice(0, MAX_ADDITIONAL_PROPERTIES - ours.additionalProperties.length);
  return { ...Object.fromEntries(fields), ...ours, additionalProperties: [...kept, ...ours.additionalProperties] };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
