import http, { type ClientRequest, type RequestOptions } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { HttpService } from '@nestjs/axios';
import { firstValueFrom } from 'rxjs';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PATCH';
  url: string;
  headers: Record<string, string>;
  body?: string;
}

export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, unknown>;
  text: string;
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

/** One HTTP exchange: bounded in time and size, no redirects, every status is an answer. */
export class Transport {
  constructor(
    private readonly http: HttpService,
    private readonly limits: TransportLimits = DEFAULT_LIMITS,
  ) {}

  /** @throws {TransportFailure} */
  async send(request: HttpRequest): Promise<HttpAnswer> {
    const { connectTimeoutMs, responseTimeoutMs, maxResponseBytes } = this.limits;
    const abort = new AbortController();
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
          adapter: 'http',
          transport: watchedTransport(onConnected),
          signal: abort.signal,
          maxContentLength: maxResponseBytes,
          maxBodyLength: Infinity,
          responseType: 'text',
          transformRequest: [(data: unknown) => data],
          transformResponse: [(data: unknown) => data],
          validateStatus: () => true,
        }),
      );
      return { status: answer.status, headers: { ...answer.headers }, text: answer.data ?? '' };
    } catch (error) {
      throw new TransportFailure(connected, abort.signal.aborted ? 'TIMEOUT' : codeOf(error));
    } finally {
      clearTimeout(timer);
    }
  }
}

/**
 * Node's own transport, which follows no redirects, watched for the moment from which bytes may have left. Error codes cannot tell: a reset or a
 * time-out has the same code before and after.
 */
function watchedTransport(onConnected: () => void) {
  return {
    request(options: RequestOptions, onResponse: (answer: http.IncomingMessage) => void): ClientRequest {
      const client = (options.protocol === 'https:' ? https : http).request(options, onResponse);
      client.once('socket', (socket) => whenConnected(client, socket, onConnected));
      return client;
    },
  };
}

function whenConnected(client: ClientRequest, socket: Socket, onConnected: () => void): void {
  const handshaking = (candidate: TLSSocket & { secureConnecting?: boolean }) => candidate.secureConnecting !== false;
  if (client.reusedSocket) onConnected();
  else if (socket instanceof TLSSocket && handshaking(socket)) socket.once('secureConnect', onConnected);
  else if (socket.connecting) socket.once('connect', onConnected);
  else onConnected();
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'ERROR';
}
