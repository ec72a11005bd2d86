import type { Readable } from 'node:stream';
import type { HttpService } from '@nestjs/axios';
import { AxiosHeaders, type AxiosAdapter } from 'axios';
import { firstValueFrom } from 'rxjs';
import { request as get, type Agent, type Dispatcher } from 'undici';
import { outbound } from './outbound.js';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  body?: string | Readable;
  /** In place of the limit of every call: from the connection to the last byte of the answer, in milliseconds. */
  responseTimeoutMs?: number;
  /** Ends the call before that, as one that gave no answer. */
  signal?: AbortSignal;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, unknown>;
  text: string;
}

/** An answer whose body is still to come. Whoever takes it reads the body to its end or destroys it. */
export interface OpenAnswer {
  status: number;
  headers: Record<string, unknown>;
  body: Readable;
}

export interface TransportLimits {
  /** Until a connection stands, TLS included, waiting for a free one included. Milliseconds. */
  connectTimeoutMs: number;
  /** From the connection to the last byte of the answer. Milliseconds. */
  responseTimeoutMs: number;
  maxResponseBytes: number;
}

export const DEFAULT_LIMITS: TransportLimits = {
  connectTimeoutMs: 5_000,
  responseTimeoutMs: 10_000,
  maxResponseBytes: 5 * 1024 * 1024,
};

/** No usable answer came back. Carries neither headers nor bodies, so it is safe to log. */
export class TransportFailure extends Error {
  /**
   * @param mayHaveBeenSent false when no connection ever stood, so that the other side cannot have seen the request
   * @param reason a short code such as `ECONNREFUSED` or `TIMEOUT`
   */
  constructor(
    readonly mayHaveBeenSent: boolean,
    readonly reason: string,
  ) {
    super(`no answer: ${reason}`);
    this.name = 'TransportFailure';
  }
}

/** Calls to one host at the same time. */
const MAX_CONNECTIONS = 64;

/** One HTTP exchange: bounded in time and size, no redirects, every status is an answer. */
export class Transport {
  private readonly dispatcher: Dispatcher;
  /** For answers that are handed on as they come, and bounded by whoever reads them. */
  private readonly streaming: Dispatcher;

  /** @param connections how connections are made, where not in the usual way */
  constructor(
    private readonly http: HttpService,
    private readonly limits: TransportLimits = DEFAULT_LIMITS,
    { connect, ...connections }: Agent.Options = {},
  ) {
    const common = {
      connections: MAX_CONNECTIONS,
      connect: { timeout: limits.connectTimeoutMs, ...(connect as object) },
    };
    this.dispatcher = outbound({
      ...common,
      maxResponseSize: limits.maxResponseBytes,
      // The one clock for an answer is `responseTimeoutMs`.
      headersTimeout: 0,
      bodyTimeout: 0,
      ...connections,
    });
    const silence = { headersTimeout: limits.responseTimeoutMs, bodyTimeout: limits.responseTimeoutMs };
    this.streaming = outbound({ ...common, ...silence, ...connections });
  }

  /** Lets go of all connections. */
  async close(): Promise<void> {
    await Promise.all([this.dispatcher.destroy(), this.streaming.destroy()]);
  }

  /**
   * Gets something that may be large: the answer is here before its body. Between two parts of it the limit of a call holds.
   * @throws {TransportFailure}
   */
  async open({ url, headers }: Pick<HttpRequest, 'url' | 'headers'>, signal: AbortSignal): Promise<OpenAnswer> {
    try {
      const all = { 'User-Agent': 'handover-gateway', ...headers };
      const answer = await get(url, { dispatcher: this.streaming, headers: all, signal });
      return { status: answer.statusCode, headers: answer.headers, body: answer.body };
    } catch (error) {
      // Reading can be repeated, whatever the other side has seen of it.
      throw new TransportFailure(false, signal.aborted ? 'TIMEOUT' : codeOf(error));
    }
  }

  /** @throws {TransportFailure} */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { connectTimeoutMs } = this.limits;
    const { responseTimeoutMs = this.limits.responseTimeoutMs } = request;
    const abort = new AbortController();
    const end = (): void => abort.abort();
    if (request.signal?.aborted) throw new TransportFailure(false, 'TIMEOUT');
    request.signal?.addEventListener('abort', end);
    const expireAfter = (milliseconds: number) => setTimeout(() => abort.abort(), milliseconds);
    let connected = false;
    let timer = expireAfter(connectTimeoutMs);
    const onConnected = () => {
      connected = true;
      clearTimeout(timer);
      timer = expireAfter(responseTimeoutMs);
    };
    try {
      const answer = await firstValueFrom(
        this.http.request<string>({
          method: request.method,
          url: request.url,
          headers: { 'User-Agent': 'handover-gateway', ...request.headers },
          data: request.body,
          adapter: adapterOver(this.dispatcher, onConnected),
          signal: abort.signal,
          transformRequest: [(data: unknown) => data],
          transformResponse: [(data: unknown) => data],
        }),
      );
      return { status: answer.status, headers: { ...answer.headers }, text: answer.data ?? '' };
    } catch (error) {
      throw new TransportFailure(connected, abort.signal.aborted ? 'TIMEOUT' : codeOf(error));
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', end);
    }
  }
}

/**
 * Carries axios' requests over pooled connections, at half of what its own adapter costs, and tells the moment from which
 * bytes may have left. Error codes cannot tell: a reset or a time-out has the same code before and after.
 */
function adapterOver(dispatcher: Dispatcher, onConnected: () => void): AxiosAdapter {
  return (config) =>
    new Promise((resolve, reject) => {
      const { origin, pathname, search } = new URL(config.url!);
      const parts: Buffer[] = [];
      let status = 0;
      let headers = new AxiosHeaders();
      dispatcher.dispatch(
        {
          origin,
          path: pathname + search,
          method: config.method!.toUpperCase() as Dispatcher.HttpMethod,
          headers: { ...config.headers.toJSON() } as Record<string, string>,
          body: (config.data as HttpRequest['body']) ?? null,
        },
        {
          onRequestStart(controller) {
            onConnected();
            watch(config.signal as AbortSignal, controller, reject);
          },
          onResponseStart(_controller, statusCode, answered) {
            status = statusCode;
            headers = new AxiosHeaders(answered as Record<string, string>);
          },
          onResponseData: (_controller, part) => void parts.push(part),
          onResponseEnd: () =>
            resolve({ data: Buffer.concat(parts).toString('utf8'), status, statusText: '', headers, config }),
          onResponseError: (_controller, error) => reject(error),
        },
      );
      // Before there is a connection there is nothing to abort; whoever waits is let go.
      config.signal?.addEventListener?.('abort', () => reject(new Error('aborted')), { once: true } as never);
    });
}

function watch(signal: AbortSignal, controller: Dispatcher.DispatchController, reject: (error: Error) => void): void {
  const stop = (): void => {
    const error = new Error('aborted');
    controller.abort(error);
    reject(error);
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'ERROR';
}
