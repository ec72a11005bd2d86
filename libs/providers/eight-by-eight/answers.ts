import { STATUS_CODES } from 'node:http';
import { isPlainObject } from '#contract';
import { idAt, textAt, type IsOwn } from '#provider-kit';

/** What gateways say that do not find their way: a `message` as well. */
const OF_GATEWAYS = ['no route matched with those values', 'missing authentication token'];
const STATES = ['created', 'active', 'idle'];
const HAL = ['_embedded', '_links', 'page'];
const THING = [...HAL, 'id', 'conversationId', 'messageId', 'createdAt', 'state'];

const has = (json: unknown, ...keys: string[]): boolean => isPlainObject(json) && keys.some((key) => key in json);
const isNothing = (json: unknown): boolean => isPlainObject(json) && Object.keys(json).length === 0;
const isConversation = (json: unknown): boolean =>
  idAt(json, 'id') !== null ||
  has(json, 'conversationId', 'channelId', 'assignment', 'user') ||
  STATES.includes((textAt(json, 'state') ?? '').toLowerCase());

/**
 * What 8x8's answers look like, so that what a proxy or a page for the time of maintenance answers with 2xx is told from them.
 * 8x8 Chat Gateway documentation: answers are `application/hal+json`; what only does something is answered 201, 202 or 204 without a body.
 */
export const ANSWERS = {
  /** An empty list may come without its members. */
  list: (json, { headers }) =>
    has(json, ...HAL) || (isNothing(json) && /hal\+json/i.test(String(headers['content-type']))),
  conversation: (json) => isConversation(json),
  channel: (json) => idAt(json, 'id') !== null || has(json, 'webHookId', 'webhookId', 'routingOptions'),
  webhook: (json) => idAt(json, 'id') !== null || has(json, 'uri'),
  created: (json) => idAt(json, 'conversationId') !== null || idAt(json, 'id') !== null,
  /** Nothing, or something about what was done. */
  done: (json, { status, text }) => (text.trim() === '' ? status !== 200 : isNothing(json) || has(json, ...THING)),
  changed: (json, { status, text }) =>
    text.trim() === '' ? status !== 200 : isNothing(json) || isConversation(json) || has(json, ...HAL),
  /** Not in the description: as 8x8's own extension for Cognigy.AI reads them. */
  statistics: (json) => has(json, 'queue'),
  schedules: (json) => has(json, 'schedules'),
  schedule: (json) => has(json, 'schedule-status'),
} satisfies Record<string, IsOwn>;

/** By its headers, whether a download is the file: it is `application/octet-stream`, whatever it is, and names the file. */
export function isFile(headers: Record<string, unknown>): boolean {
  const isPage = /^(text\/|application\/(.*\+)?json)/i.test(String(headers['content-type'] ?? ''));
  return !isPage || headers['content-disposition'] !== undefined;
}

/**
 * 8x8 Chat Gateway documentation: a refusal has a `message`, most with `errors`, `validations`, a `code` or a `referenceId`; or `ErrorCode` and
 * `Error`. Its `application/problem+json` has none of the members of RFC 9457. A bare name of the status is what others answer.
 */
export const isRefusal: IsOwn = (json, { status, headers }) => {
  if (!isPlainObject(json) || has(json, 'type', 'title', 'status', 'timestamp')) return false;
  if (/problem\+json/i.test(String(headers['content-type']))) return true;
  if (textAt(json, 'ErrorCode') !== null || isFilled(json.errors) || isFilled(json.validations)) return true;
  const message = textAt(json, 'message')?.toLowerCase() ?? null;
  if (message === null || has(json, 'code', 'referenceId')) return message !== null;
  return message !== STATUS_CODES[status]?.toLowerCase() && !OF_GATEWAYS.includes(message);
};

function isFilled(list: unknown): boolean {
  return Array.isArray(list) ? list.length > 0 : isPlainObject(list);
}
