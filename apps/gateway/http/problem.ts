import { STATUS_CODES } from 'node:http';
import { WebhookRejected, type FieldError } from '#contract';
import { Refusal, type RefusalKind } from '#core';
import { isDatabaseAway } from '#persistence';
import { HttpException } from '@nestjs/common';

/** What every answer of the API has: it is for its caller alone, and what it says it is. */
export const API_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** An error answer as RFC 9457 has it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: FieldError[];
  [member: string]: unknown;
}

/** Asks to try again after this many seconds. */
const RETRY_AFTER_S = 2;

const STATUS_OF: Record<RefusalKind | WebhookRejected['reason'], number> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  wrong_type: 415,
  too_slow: 408,
  key_reused: 422,
  over_budget: 429,
  unavailable: 503,
};

/** Fastify's own refusals, in words that help. */
const FASTIFY_ERRORS: Record<string, { status: number; detail: string }> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, detail: 'The body is larger than 1 MiB.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, detail: 'The body is not as long as Content-Length says.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { status: 415, detail: 'Send the body as application/json.' },
};

/** Turns whatever was thrown into the problem to answer with. Anything unforeseen is a 500 that tells nothing. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Refusal) return problem(STATUS_OF[error.kind], error.message, error.errors, error.members);
  if (error instanceof WebhookRejected) return problem(STATUS_OF[error.reason], error.message);
  if (isDatabaseAway(error)) return problem(503, 'The database is away for the moment. Try again.');
  const known = FASTIFY_ERRORS[(error as { code?: string } | null)?.code ?? ''];
  if (known) return problem(known.status, known.detail);
  if (error instanceof HttpException) return problem(error.getStatus(), detailOf(error));
  const status = (error as { statusCode?: number } | null)?.statusCode;
  if (status !== undefined && status >= 400 && status < 500) return problem(status, (error as Error).message);
  return problem(500, 'Something went wrong in the gateway. Its log says what.');
}

export function problem(status: number, detail: string, errors: FieldError[] = [], members: object = {}): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail,
    ...(errors.length > 0 ? { errors } : {}),
    ...members,
  };
}

/** The headers that go with it. */
export function problemHeaders({ status }: Problem): Record<string, string> {
  return {
    'content-type': 'application/problem+json; charset=utf-8',
    ...API_HEADERS,
    ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    ...(status === 429 || status === 503 ? { 'retry-after': String(RETRY_AFTER_S) } : {}),
  };
}

function detailOf(error: HttpException): string {
  return error.getStatus() === 404 ? 'There is nothing at this address. The API reference is at /docs.' : error.message;
}
