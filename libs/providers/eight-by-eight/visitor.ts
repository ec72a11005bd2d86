import { isPlainObject, type Customer, type Visitor } from '#contract';
import { propertyEntries } from './text.js';
import { idAt, nameAt, wellFormed } from '#provider-kit';
import { MAX_ADDITIONAL_PROPERTIES } from './wire.js';

const FIELDS = ['name', 'email', 'phone', 'company', 'caseId', 'language', 'customerId'] as const;
/** Longest value of an additional property that is passed on, in characters. */
const MAX_VALUE = 4_096;
/** What the gateway put there itself. */
const OWN = ['handoverId', 'copilotUrl'];
/** 8x8 Chat Gateway documentation: the only kind of channel whose conversations are opened through the API. */
const API_CHANNEL = 'chatapi';

/**
 * Who is in a conversation that is active and that neither a queue nor an agent has; undefined for any other.
 * 8x8 Chat Gateway documentation: an update of a conversation carries its assignment, its user and its channel.
 */
export function visitorOf(data: Record<string, unknown>): Visitor | undefined {
  const assignment = isPlainObject(data.assignment) ? data.assignment : {};
  if (String(data.state).trim().toLowerCase() !== 'active') return undefined;
  if (assignment.type === 'queue' || assignment.type === 'agent') return undefined;
  const given = isPlainObject(data.user) ? data.user : {};
  const channel = nameAt(data.channel);
  const isForeign = channel !== null && channel.toLowerCase() !== API_CHANNEL;
  return { userId: idAt(given.userId), user: customerOf(given), channel, isForeign };
}

function customerOf(given: Record<string, unknown>): Customer {
  const fields = FIELDS.map((field) => [field, nameAt(given[field])] as const).filter(([, value]) => value !== null);
  const properties = (propertyEntries(given.additionalProperties) ?? [])
    .map(([key, value]): [string | null, unknown] => [nameAt(key), value])
    .filter((entry): entry is [string, string] => entry[0] !== null && typeof entry[1] === 'string')
    .filter(([key]) => !OWN.includes(key))
    .slice(0, MAX_ADDITIONAL_PROPERTIES)
    .map(([key, value]) => [key, wellFormed(value.slice(0, MAX_VALUE))]);
  return {
    ...(Object.fromEntries(fields) as Customer),
    ...(properties.length > 0 ? { properties: Object.fromEntries(properties) as Record<string, string> } : {}),
  };
}
