import { isPlainObject, ProviderError, type ProviderErrorCode } from '#contract';
import { parseJson, wellFormed } from './json.js';
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

/** What a status means; any other below 500 is `invalid`, and from 500 on nobody knows what took effect. */
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

/** What says the same whoever answers: too late, too large, too many. From 500 on nobody knows who it was, nor what took effect. */
const SAID_BY_ALL = [408, 413, 429];

/** Whether the JSON of an answer is the vendor's own; undefined where its body is empty or no JSON. */
export type IsOwn = (json: unknown, answer: HttpAnswer) => boolean;

/** Something in front of the vendor answered, a proxy or a page for a while: no verdict of the vendor's. */
export class StrangerAnswered extends ProviderError {}

/** The vendor answered a call with something other than 2xx. */
export class VendorRefusal extends ProviderError {
  // No property of the error itself: whoever logs an error logs those as well.
  readonly #body: unknown;

  constructor(code: ProviderErrorCode, message: string, retryAfterMs: number | undefined, body: unknown) {
    super(code, message, retryAfterMs);
    this.#body = body;
  }

  /** The JSON of the answer, for a provider that has to know more than the code; never for a log, since it may repeat a message. */
  get body(): unknown {
    return this.#body;
  }
}

/**
 * Reads an error body: `message`, `detail`, `title`, `error`, `error.message` or `Error`, with `errors` or `validations` as a list of objects, a list
 * of strings or one object, and `code`, `error.code` or `ErrorCode`; or plain text. What is refused is left out of it: it may be what the user wrote.
 */
export function readProblem(text: string): VendorProblem {
  const body = parseJson(text);
  if (!isPlainObject(body)) return { message: cut(plainText(typeof body === 'string' ? body : text)) };
  const entries = [...asList(body.errors), ...asList(body.validations)];
  const details = entries.map(detailOf).filter((detail) => detail !== '');
  const inner = isPlainObject(body.error) ? body.error : {};
  const main = firstString(body.message, body.detail, body.title, body.Error, body.error, inner.message) ?? '';
  const code = firstString(
    body.code,
    body.ErrorCode,
    inner.code,
    ...entries.map((entry) => isPlainObject(entry) && entry.code),
  );
  const referenceId = firstString(body.referenceId);
  return {
    message: cut([...new Set([main, ...details])].filter((part) => part !== '').join(' ')),
    ...(code === undefined ? {} : { code: code.slice(0, MAX_TOKEN) }),
    ...(referenceId === undefined ? {} : { referenceId: referenceId.slice(0, MAX_TOKEN) }),
  };
}

/**
 * The error of the contract that an answer other than 2xx stands for.
 * @param codes what a status means at this vendor, where it is not what it means elsewhere
 * @param now epoch milliseconds
 */
export function refusalOf(
  vendor: string,
  answer: HttpAnswer,
  problem: VendorProblem,
  codes: Record<number, ProviderErrorCode>,
  now: number,
): VendorRefusal {
  const { status, headers, text } = answer;
  const said = problem.message === '' ? '' : `: ${problem.message}`;
  const reference = problem.referenceId === undefined ? '' : ` (reference ${problem.referenceId})`;
  return new VendorRefusal(
    codes[status] ?? (status >= 500 ? 'unknown_outcome' : (CODES[status] ?? 'invalid')),
    `${vendor} answered ${status}${said}${reference}`,
    status === 429 || status >= 500 ? retryAfterMs(headers, now) : undefined,
    parseJson(text),
  );
}

/** Whether an answer other than 2xx may be taken for the vendor's. */
export function isVerdict(answer: HttpAnswer, isOwn: IsOwn): boolean {
  const { status, text } = answer;
  return status >= 500 || SAID_BY_ALL.includes(status) || (status >= 400 && isOwn(parseJson(text), answer));
}

/**
 * The error for an answer that is not the vendor's. While a container restarts, its proxy answers 404 in its place: nobody knows what took
 * effect, so it is looked up and tried again. A way to https at the same host is another matter: waiting does not help there.
 * @param baseUrl where the vendor's API is said to be
 */
export function strangerOf(
  vendor: string,
  { status, headers, text }: HttpAnswer,
  { baseUrl, now }: { baseUrl: string; now: number },
): StrangerAnswered {
  const { location } = headers;
  const isRedirect = status >= 300 && status <= 399;
  const to = isRedirect && typeof location === 'string' && URL.canParse(location, baseUrl) ? new URL(location, baseUrl) : null; // prettier-ignore
  const here = new URL(baseUrl);
  if (to && to.protocol === 'https:' && here.protocol === 'http:' && to.hostname === here.hostname)
    return new StrangerAnswered('invalid', `${vendor} answered ${status}, a redirect to https: use https in baseUrl`);
  const said = isRedirect ? '' : readProblem(text).message;
  const what = to ? `, a redirect to ${to.origin}` : said === '' ? '' : `: ${said.replace(/\.$/, '')}`;
  const message = `Something in front of ${vendor} answered ${status}${what}. If that goes on, check baseUrl and what is in between`;
  return new StrangerAnswered('unknown_outcome', message, retryAfterMs(headers, now));
}

/** The same for an answer 2xx. Says nothing of its content. */
export function noAnswerOf(vendor: string, { status, headers }: Omit<HttpAnswer, 'text'>): StrangerAnswered {
  const type = typeof headers['content-type'] === 'string' ? ` (${headers['content-type'].slice(0, MAX_TOKEN)})` : '';
  const message = `${vendor} did not answer: what came with ${status} is not its answer${type}. If that goes on, check baseUrl and what is in between`;
  return new StrangerAnswered('unknown_outcome', message);
}

/** A refusal with what an operator can do about it, by its code, added to what the vendor says; any other error as it is. */
export function withAdvice(error: unknown, advice: Partial<Record<ProviderErrorCode, string>>): unknown {
  const sentence = error instanceof ProviderError ? advice[error.code] : undefined;
  if (!(error instanceof ProviderError) || error instanceof StrangerAnswered || sentence === undefined) return error;
  const message = `${error.message.replace(/\.$/, '')}. ${sentence}.`;
  return error instanceof VendorRefusal
    ? new VendorRefusal(error.code, message, error.retryAfterMs, error.body)
    : new ProviderError(error.code, message, error.retryAfterMs);
}

/**
 * For a call on something that may be gone: its being gone is no failure. A wrong address is a 404 as well, so before anybody is told that
 * a conversation is gone, or was never opened, another call has to show that the account works.
 */
export function nullIfGone(error: unknown): null {
  if (error instanceof ProviderError && error.code === 'not_found') return null;
  throw error;
}

/** Milliseconds to wait, from `Retry-After` (seconds or an HTTP date) or else `x-ratelimit-reset` (epoch seconds); at most a day. */
function retryAfterMs(headers: Record<string, unknown>, now: number): number | undefined {
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
