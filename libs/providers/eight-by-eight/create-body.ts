import { isPlainObject, splitText, type Customer, type FieldError, type StartRequest } from '#contract';
import { checkAssignment, checkUser, pointerTo } from './body-rules.js';
import { languageCode } from './language.js';
import type { EightByEightHandoverSettings } from './settings.js';
import { propertyEntries } from './text.js';
import {
  MAX_ADDITIONAL_PROPERTIES,
  MAX_HISTORY,
  type CreateConversation,
  type KeyValue,
  type WireAssignment,
  type WireMessage,
  type WireUser,
} from './wire.js';

type Request = StartRequest<EightByEightHandoverSettings>;
type Settings = Pick<Request, 'defaults' | 'settings'>;
type Json = Record<string, unknown>;

const LAYERS = '/settings/jsonProperties';
/** What no layer may touch: these tie the conversation to the handover. */
const OWN_FIELDS = ['channelId', 'history'];
const OWN_PROPERTIES = ['handoverId', 'copilotUrl'];

/**
 * The request that opens a conversation, and all that is wrong with it: errors point into the handover request. Of a conversation that is
 * there already only user and assignment can be changed, and the assignment must be named.
 * The body may be sent only if there are none. Pure.
 * @param maxText UTF-16 code units of one message of the history; longer ones come in parts
 */
export function createBody(request: Request, maxText: number): { body: CreateConversation; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const channelId = (request.settings.channelId ?? request.defaults.channelId)?.trim();
  if (!channelId && request.conversation === undefined) {
    errors.push({
      pointer: '/settings/channelId',
      detail: "is missing: name the 8x8 channel here (or set it in the provider's defaults)",
    });
  }
  const layers = layersOf(request);
  const { user, assignment, ...unknown } = withoutNulls(layers.reduce(layOver, baseOf(request))) as Json;
  for (const name of Object.keys(unknown)) {
    errors.push({ pointer: pointerTo(LAYERS, name), detail: "is not part of 8x8's request to create a conversation" });
  }
  errors.push(...checkUser(user, request.user.email), ...checkAssignment(assignment));
  if (assignment === undefined && request.conversation !== undefined) {
    errors.push({
      pointer: '/settings/queueId',
      detail: "is missing: name the queue to move the conversation to here (or set it in the provider's defaults)",
    });
  }
  const additionalProperties = additionalPropertiesOf(request, layers, errors);
  const messages = historyOf(request, maxText);
  const body: CreateConversation = {
    channelId: channelId ?? '',
    user: finishUser(user, additionalProperties),
    ...(isPlainObject(assignment) ? { assignment: finishAssignment(assignment) } : {}),
    ...(messages.length > 0 ? { history: { messages } } : {}),
  };
  return { body, errors };
}

/** The queue that this body names; null where it names none, or a script. Pure. */
export function queueOf(settings: Settings): string | null {
  const { assignment } = withoutNulls(layersOf(settings).reduce(layOver, queueBaseOf(settings))) as Json;
  if (!isPlainObject(assignment)) return null;
  const { type, id } = finishAssignment(assignment);
  return type === 'queue' && typeof id === 'string' && id !== '' ? id : null;
}

function layersOf({ defaults, settings }: Settings): Json[] {
  return [defaults.jsonProperties, settings.jsonProperties].filter(isPlainObject);
}

/** What the handover itself says, before anything is laid over it. */
function baseOf(request: Request): Json {
  const { properties: _properties, customerId, ...user } = request.user;
  return {
    // In a conversation that 8x8 has already, the user is 8x8's own.
    user: {
      ...pickFields(user),
      userId: customerId || (request.conversation === undefined ? request.userId : undefined),
    },
    ...queueBaseOf(request),
  };
}

function queueBaseOf({ defaults, settings }: Settings): Json {
  const id = (settings.queueId ?? defaults.queueId)?.trim();
  return id ? { assignment: { type: 'queue', id } } : {};
}

function pickFields({ name, email, phone, company, caseId, language }: Customer): Json {
  return { name, email, phone, company, caseId, language };
}

/** One layer of `jsonProperties` over what there is. Additional properties are merged apart, by their key. */
function layOver(under: Json, layer: Json): Json {
  const open = Object.entries(layer).filter(([key]) => !OWN_FIELDS.includes(key));
  return merge(under, Object.fromEntries(open));
}

/** Objects key by key; arrays, scalars and null replace. Built from entries, so that a key `__proto__` is a key like any other. */
function merge(under: Json, over: Json): Json {
  const result = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    const below = result.get(key);
    result.set(key, isPlainObject(below) && isPlainObject(value) ? merge(below, value) : value);
  }
  return Object.fromEntries(result);
}

/** The vendor's schema has no nulls: a null in a layer takes away what was below it. */
function withoutNulls(value: unknown): unknown {
  if (!isPlainObject(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null && item !== undefined);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}

function finishAssignment({ id, ...assignment }: Json): WireAssignment {
  return { type: 'queue', ...assignment, id: typeof id === 'string' ? id.trim() : id } as WireAssignment;
}

function finishUser(user: unknown, additionalProperties: KeyValue[]): WireUser {
  const fields = Object.entries(isPlainObject(user) ? user : {})
    .filter(([key, value]) => key !== 'additionalProperties' && value !== '')
    .map(([key, value]) => [key, key === 'language' && typeof value === 'string' ? languageCode(value) : value]);
  return { ...(Object.fromEntries(fields) as Omit<WireUser, 'additionalProperties'>), additionalProperties };
}

/** The customer's properties, then the layers', by key; what is the gateway's comes last and is always ours. */
function additionalPropertiesOf(request: Request, layers: Json[], errors: FieldError[]): KeyValue[] {
  const merged = new Map<string, string>();
  putAll(merged, request.user.properties ?? {}, '/user/properties', errors);
  for (const layer of layers) {
    const added = isPlainObject(layer.user) ? layer.user.additionalProperties : undefined;
    if (added === null) merged.clear();
    else if (added !== undefined) putAll(merged, added, `${LAYERS}/user/additionalProperties`, errors);
  }
  for (const key of OWN_PROPERTIES) merged.delete(key);
  if (request.copilotUrl !== null) merged.set('copilotUrl', request.copilotUrl);
  merged.set('handoverId', request.handoverId);
  if (merged.size > MAX_ADDITIONAL_PROPERTIES) {
    errors.push({
      pointer: '/user/properties',
      detail: `8x8 takes at most ${MAX_ADDITIONAL_PROPERTIES} additional properties, those of the gateway included; these would be ${merged.size}`,
    });
  }
  return [...merged].map(([key, value]) => ({ key, value }));
}

function putAll(merged: Map<string, string>, added: unknown, at: string, errors: FieldError[]): void {
  const entries = propertyEntries(added);
  if (entries === null) {
    errors.push({ pointer: at, detail: 'must be a list of { key, value } or an object' });
    return;
  }
  for (const [key, value] of entries) {
    if (typeof key !== 'string' || key.trim() === '') {
      errors.push({ pointer: at, detail: 'every key must be a string that is not blank' });
    } else if (value !== null && value !== undefined && typeof value !== 'string') {
      errors.push({ pointer: at, detail: `the value of "${key}" must be a string` });
    } else if (value === null || value === undefined || value.trim() === '') {
      merged.delete(key.trim());
    } else {
      merged.set(key.trim(), value.trim());
    }
  }
}

/** The newest messages, oldest first, then the copilot's link. Times have no place in the vendor's schema. */
function historyOf({ transcript, copilotUrl }: Request, maxText: number): WireMessage[] {
  const link: WireMessage[] = copilotUrl === null ? [] : [{ authorType: 'bot', text: copilotUrl }];
  const said = transcript
    .filter(({ text }) => text.trim() !== '')
    .slice(-MAX_HISTORY)
    .flatMap(({ author, text }) =>
      splitText(text, maxText).map((part): WireMessage => ({
        authorType: author === 'user' ? 'user' : 'bot',
        text: part,
      })),
    );
  return [...said.slice(-(MAX_HISTORY - link.length)), ...link];
}
