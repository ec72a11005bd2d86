import type { HttpService } from '@nestjs/axios';
import { firstValueFrom } from 'rxjs';
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { ProviderError, type OutgoingFile, type ProviderErrorCode, type ProviderLog } from '#contract';
import { at, textAt } from './json.js';

/** Of one call, so that those of a start or an update, up to six one after the other, end within 30 s. Milliseconds. */
const TIMEOUT_MS = 5_000;
/** A file needs longer: 25 MiB at 3 Mbit/s. */
const UPLOAD_TIMEOUT_MS = 80_000;
const MAX_ANSWER_BYTES = 5 * 1024 * 1024;
const MAX_RETRY_AFTER_MS = 86_400_000;
const CODES: Record<number, ProviderErrorCode> = {
  401: 'unauthorized',
  402: 'forbidden',
  403: 'forbidden',
  404: 'not_found',
  408: 'unknown_outcome',
  409: 'conflict',
  413: 'too_large',
  429: 'rate_limited',
};
const ADVICE: Partial<Record<ProviderErrorCode, string>> = {
  unauthorized: ' Check apiAccessToken, and that its user is an agent of the inbox.',
  not_found: ' Check baseUrl, accountId, inboxId and queueId.',
};
/** The token in a copilot's link. */
const LINK_SECRET = /(URLToken=)[^\s"<>&\\]+/gi;
/** No connection stood, so nothing was sent. After anything else something may have been. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ERR_TLS.*|.*CERT.*)$/;

export interface ClientOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  accountId: string;
  token: string;
  /** Cut out of whatever Chatwoot answers, besides the token. */
  secrets?: string[];
  timeoutMs?: number;
}

/** Chatwoot refused a call; `attributes` are the fields that it named. */
export class Refused extends ProviderError {
  attributes: unknown[] = [];
}

/** Chatwoot's API: JSON in and out, bounded in time and size. Every method throws a `ProviderError` when the call did not succeed. */
export class ChatwootClient {
  constructor(
    private readonly http: HttpService,
    private readonly options: ClientOptions,
    private readonly now: () => number,
    private readonly log: ProviderLog,
  ) {}

  /** A call of the application API, as the user whose token it is; `path` is below the account. */
  account(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
    const url = `/api/v1/accounts/${this.options.accountId}${path}`;
    return this.call(method, url, { api_access_token: this.options.token }, body);
  }

  /** A call of the client API, as the contact; `path` is below the inbox with this identifier. */
  contact(method: 'GET' | 'POST', inbox: string, path: string, body?: object): Promise<unknown> {
    return this.call(method, `/public/api/v1/inboxes/${encodeURIComponent(inbox)}${path}`, {}, body);
  }

  /** Keeps a file that no message has yet. Resolves to the id by which a message takes it. */
  async upload(file: OutgoingFile): Promise<unknown> {
    const boundary = randomUUID();
    // As browsers write a filename into a form: what would end it is percent-encoded.
    const name = file.filename.replace(/["\r\n]/g, encodeURIComponent);
    const head = Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="${name}"\r\n` +
        `Content-Type: ${file.contentType}\r\n\r\n`,
    );
    const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
    const headers = {
      api_access_token: this.options.token,
      'Content-Type': `multipart/form-data; boundary=${boundary}`,
      'Content-Length': String(head.length + file.size + tail.length),
    };
    const body = Readable.from(between(head, file.content(), tail), { objectMode: false });
    return this.call('POST', `/api/v1/accounts/${this.options.accountId}/upload`, headers, body, UPLOAD_TIMEOUT_MS);
  }

  private async call(
    method: string,
    path: string,
    own: Record<string, string>,
    body?: object,
    timeoutMs = this.options.timeoutMs ?? TIMEOUT_MS,
  ): Promise<unknown> {
    const where = { method, path: path.split('?')[0] };
    const request = this.http.request<string>({
      method,
      url: this.options.baseUrl + path,
      headers: { 'User-Agent': 'handover-gateway', Accept: 'application/json', ...own },
      data: body,
      maxRedirects: 0,
      maxContentLength: MAX_ANSWER_BYTES,
      signal: AbortSignal.timeout(timeoutMs),
      responseType: 'text',
      transformResponse: [(text: unknown) => text],
      validateStatus: () => true,
    });
    const { status, headers, data } = await firstValueFrom(request).catch((error: { code?: string }) => {
      const code = error.code ?? 'ERROR';
      this.log.warn({ status: null, code, ...where }, 'Chatwoot gave no answer');
      if (!NOT_SENT.test(code)) throw new ProviderError('unknown_outcome', `Chatwoot gave no usable answer (${code})`);
      throw new ProviderError('unreachable', `Chatwoot could not be reached at ${this.options.baseUrl} (${code})`);
    });
    const answer = parse(data);
    if (status >= 200 && status < 300) return answer;
    this.log.warn({ status, ...where }, 'Chatwoot refused a call');
    throw this.refusal(status, answer, headers['retry-after']);
  }

  /** Chatwoot API documentation: `error`, `message` with the refused `attributes`, or `errors`. */
  private refusal(status: number, answer: unknown, retryAfter: unknown): Refused {
    const code = status >= 500 ? 'unknown_outcome' : (CODES[status] ?? 'invalid');
    const said = textAt(answer, 'error') ?? textAt(answer, 'message') ?? 'no reason given';
    const secrets = [this.options.token, ...(this.options.secrets ?? [])];
    const shown = secrets.reduce((text, secret) => text.replaceAll(secret, '••••'), said);
    const text = shown.replaceAll(LINK_SECRET, '$1••••').slice(0, 300);
    const wait = /^\d+$/.test(String(retryAfter))
      ? Number(retryAfter) * 1_000
      : Date.parse(String(retryAfter)) - this.now();
    const retryAfterMs = Number.isFinite(wait) ? Math.min(Math.max(0, wait), MAX_RETRY_AFTER_MS) : undefined;
    const refused = new Refused(code, `Chatwoot answered ${status}: ${text}.${ADVICE[code] ?? ''}`, retryAfterMs);
    const attributes = at(answer, 'attributes');
    if (Array.isArray(attributes)) refused.attributes = attributes;
    return refused;
  }
}

async function* between(head: Buffer, content: AsyncIterable<Uint8Array>, tail: Buffer): AsyncGenerator<Uint8Array> {
  yield head;
  yield* content;
  yield tail;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
