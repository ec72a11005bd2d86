import { ProviderError, within, type ProviderErrorCode, type ProviderLog } from '#contract';

const TIMEOUT_MS = 10_000;
const NOT_SENT = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH'];

export interface ClientOptions {
  baseUrl: string;
  apiKey: string;
  now(): number;
  log: ProviderLog;
}

/** Parley's API: JSON in and out. */
export class ParleyClient {
  readonly codes: Record<number, ProviderErrorCode> = {
    401: 'unauthorized',
    403: 'forbidden',
    404: 'not_found',
    409: 'conflict',
    413: 'too_large',
    429: 'rate_limited',
  };

  constructor(readonly options: ClientOptions) {}

  async json(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await this.call(method, path, content);
    return (await answer.json().catch(() => ({}))) as Record<string, unknown>;
  }

  /** @throws {ProviderError} for any answer but 2xx */
  async call(method: string, path: string, init: RequestInit = {}): Promise<Response> {
    const { baseUrl, apiKey, log } = this.options;
    const headers = { authorization: `Bearer ${apiKey}`, ...(init.headers as Record<string, string>) };
    const signal = this.limit(init.signal ?? null);
    const answer = await fetch(baseUrl + path, { redirect: 'manual', ...init, method, headers, signal }).catch(
      (error: unknown) => {
        throw this.unanswered(error, init.signal ?? null);
      },
    );
    if (answer.ok) return answer;
    log.warn({ status: answer.status, method, path: path.split('?')[0] }, 'Parley refused a call');
    await answer.text().catch(() => '');
    throw this.refused(answer);
  }

  limit(signal: AbortSignal | null): AbortSignal {
    return within(TIMEOUT_MS, ...(signal ? [signal] : []));
  }

  refused({ status, headers }: Response): ProviderError {
    const code = status >= 500 ? 'unknown_outcome' : (this.codes[status] ?? 'invalid');
    return new ProviderError(code, `Parley answered ${status}.`, this.retryAfterMs(headers.get('retry-after')));
  }

  retryAfterMs(after: string | null): number | undefined {
    if (after === null) return undefined;
    const wait = /^\d+$/.test(after) ? Number(after) * 1_000 : Date.parse(after) - this.options.now();
    return Number.isFinite(wait) ? Math.max(0, wait) : undefined;
  }

  unanswered(error: unknown, signal: AbortSignal | null): ProviderError {
    if (signal?.aborted) return new ProviderError('cancelled', 'The gateway stopped waiting.');
    const code = (error as { cause?: { code?: string } }).cause?.code ?? 'TIMEOUT';
    const isSent = !NOT_SENT.includes(code);
    return new ProviderError(isSent ? 'unknown_outcome' : 'unreachable', `Parley gave no answer (${code}).`);
  }
}
