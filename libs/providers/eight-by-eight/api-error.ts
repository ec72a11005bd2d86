import { isPlainObject, ProviderError, type ProviderErrorCode } from '#contract';
import { wellFormed } from './text.js';
import type { HttpAnswer } from './transport.js';

/** What the vendor said about a call that failed, whichever of its forms it used. */
export interface VendorProblem {
  code?: string;
  /** The sentence and its details, at most 500 characters. */
  message: string;
  /** What the vendor's support asks for. */
  referenceId?: string;
}

const MAX_MESSAGE = 500;
const MAX_TOKEN = 100;
const MAX_RETRY_AFTER_MS = 86_400_000;

const CODES: Record<number, ProviderErrorCode> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  // A proxy's 408 says that it stopped waiting, which is no refusal of the content.
  408: 'unknown_outcome',
  409: 'conflict',
  413: 'too_large',
  429: 'rate_limited',
};

/**
 * Reads an error body.
 * 8x8 Chat Gateway documentation: `message` with `errors` as a list of objects, a list of strings or one object, or `code` beside `message`,
 * or `validations`; older parts of the API answer with `ErrorCode` and `Error`, or in plain text.
 */
export function readProblem(text: string): VendorProblem {
  const body = parse(text);
  if (!isPlainObject(body)) return { message: cut(plainText(typeof body === 'string' ? body : text)) };
  const entries = [...asList(body.errors), ...asList(body.validations)];
  const details = entries.map(detailOf).filter((detail) => detail !== '');
  const main = firstString(body.message, body.detail, body.title, body.Error) ?? '';
  const code = firstString(body.code, body.ErrorCode, ...entries.map((entry) => isPlainObject(entry) && entry.code));
  const referenceId = firstString(body.referenceId);
  return {
    message: cut([...new Set([main, ...details])].filter((part) => part !== '').join(' ')),
    ...(code === undefined ? {} : { code: code.slice(0, MAX_TOKEN) }),
    ...(referenceId === undefined ? {} : { referenceId: referenceId.slice(0, MAX_TOKEN) }),
  };
}

/** The error of the contract that an answer other than 2xx stands for. `now` is in epoch milliseconds. */
export function errorOf(answer: HttpAnswer, problem: VendorProblem, now: number): ProviderError {
  const said = problem.message === '' ? '' : `: ${problem.message}`;
  const reference = problem.referenceId === undefined ? '' : ` (reference ${problem.referenceId})`;
  return new ProviderError(
    codeOf(answer.status),
    `8x8 answered ${answer.status}${said}${reference}`,
    answer.status === 429 || answer.status >= 500 ? retryAfterMs(answer.headers, now) : undefined,
  );
}

/** What an operator can do about a refusal, beside what the vendor says. */
const ADVICE: Partial<Record<ProviderErrorCode, string>> = {
  unauthorized: 'Check apiKey: it must be the key, not the secret, of an app in the 8x8 Admin Console',
  forbidden: 'Check that the app has the product "Contact Center Chat Gateway", and that tenant is right',
  not_found: 'Check channelId, queueId and tenant: all must belong to the same tenant',
  invalid: 'Check channelId, queueId and jsonProperties',
};

/** A refusal to open a conversation, with what an operator can do about it added to what the vendor says. */
export function withAdvice(error: unknown): unknown {
  const advice = error instanceof ProviderError ? ADVICE[error.code] : undefined;
  if (!(error instanceof ProviderError) || advice === undefined) return error;
  return new ProviderError(error.code, `${error.message.replace(/\.$/, '')}. ${advice}.`, error.retryAfterMs);
}

function codeOf(status: number): ProviderErrorCode {
  return status >= 500 ? 'unknown_outcome' : (CODES[status] ?? 'invalid');
}

/** Milliseconds to wait, from `Retry-After` (seconds or an HTTP date) or else `x-ratelimit-reset` (epoch seconds); at most a day. */
export function retryAfterMs(headers: Record<string, unknown>, now: number): number | undefined {
  const after = headers['retry-after'];
  const reset = headers['x-ratelimit-reset'];
  if (typeof after === 'string') {
    const wait = /^\s*\d+\s*$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - now;
    if (Number.isFinite(wait)) return bounded(wait);
  }
  if (typeof reset === 'string' && /^\s*\d+\s*$/.test(reset)) return bounded(Number(reset) * 1_000 - now);
  return undefined;
}

function bounded(wait: number): number {
  return Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isPlainObject(value) ? [value] : [];
}

/** The sentence in one entry of a list of errors. The refused value itself is left out: it may be what the user wrote. */
function detailOf(entry: unknown): string {
  if (typeof entry === 'string') return entry.trim();
  if (!isPlainObject(entry)) return '';
  const sentence = firstString(entry.message, entry.code) ?? '';
  const field = firstString(entry.field);
  return field === undefined ? sentence : `${field}: ${sentence}`;
}

function firstString(...values: unknown[]): string | undefined {
  return values.find((value): value is string => typeof value === 'string' && value.trim() !== '')?.trim();
}

/** An error page of a proxy says nothing to a person. */
function plainText(text: string): string {
  const trimmed = text.trim();
  return trimmed.startsWith('<') ? '' : trimmed;
}

function cut(text: string): string {
  const clean = wellFormed(text);
  return clean.length <= MAX_MESSAGE ? clean : wellFormed(`${clean.slice(0, MAX_MESSAGE - 1)}…`);
}
