import type { Readable } from 'node:stream';
import { isPlainObject, ProviderError, type IncomingFile, type OutgoingFile, type ProviderLog } from '#contract';
import { errorOf, readProblem } from './api-error.js';
import { withoutLinkSecret } from './link-secret.js';
import { TransportFailure, type HttpAnswer, type HttpRequest, type Transport } from './transport.js';
import { uploadBody } from './upload-body.js';
import type { CreateConversation, HalPage, PatchConversation, WireMessage, WireSignal } from './wire.js';

export interface ClientOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey: string;
  tenant?: string;
  /** Cut out of whatever 8x8 answers, besides the key. */
  secrets?: string[];
  /** Epoch milliseconds. */
  now(): number;
  log: ProviderLog;
}

const ACCEPT = 'application/hal+json, application/problem+json, application/json';
const MAX_ID = 255;
/** A file needs longer than other calls: 25 MiB at 3 Mbit/s. Milliseconds. */
const UPLOAD_TIMEOUT_MS = 80_000;
/** Of an answer that explains a refusal, in bytes. */
const MAX_REFUSAL_BYTES = 65_536;

/** The calls of the Chat Gateway API that a handover needs. Each throws a `ProviderError` when it did not succeed. */
export class EightByEightClient {
  constructor(
    private readonly transport: Transport,
    private readonly options: ClientOptions,
  ) {}

  /** Opens a conversation and returns its id. */
  async createConversation(body: CreateConversation): Promise<string> {
    const answer = await this.json('POST', '/conversations', body);
    const id = answer.conversationId ?? answer.id;
    if (typeof id === 'string' && id !== '' && id.length <= MAX_ID) return id;
    throw new ProviderError('unknown_outcome', '8x8 accepted the conversation but its answer has no id');
  }

  /** One page of all conversations of the tenant, highest id first. */
  async conversations(page: number, size: number): Promise<HalList> {
    return readList(await this.json('GET', `/conversations?page=${page}&size=${size}&sort=id:desc`), 'conversations');
  }

  /** Changes only what the body names. */
  async patchConversation(id: string, body: PatchConversation): Promise<void> {
    await this.call('PATCH', `/conversations/${encodeURIComponent(id)}`, body);
  }

  /** 8x8 Chat Gateway documentation: the answer to a message has neither a body nor an id. */
  async sendMessage(conversation: string, body: WireMessage): Promise<void> {
    await this.call('POST', `/conversations/${encodeURIComponent(conversation)}/messages`, body);
  }

  /** One page of a conversation's messages, newest first. */
  async messages(conversation: string, page: number, size: number): Promise<HalList> {
    const path = `/conversations/${encodeURIComponent(conversation)}/messages?page=${page}&size=${size}&sort=createdAt:desc`;
    return readList(await this.json('GET', path), 'messages');
  }

  /** A conversation, and when it was so by 8x8's clock to the second. */
  async conversationNow(id: string): Promise<{ conversation: Record<string, unknown>; at: number | null }> {
    const answer = await this.call('GET', `/conversations/${encodeURIComponent(id)}`);
    const date = Date.parse(String(answer.headers.date));
    return { conversation: jsonOf(answer), at: Number.isNaN(date) ? null : date };
  }

  /** One page of those who take part in a conversation, or did. */
  async participants(conversation: string, page: number, size: number): Promise<HalList> {
    const path = `/conversations/${encodeURIComponent(conversation)}/participants?page=${page}&size=${size}`;
    return readList(await this.json('GET', path), 'participants');
  }

  /** Takes the user out, which ends the conversation. */
  async removeUser(conversation: string): Promise<void> {
    const path = `/conversations/${encodeURIComponent(conversation)}/participants/user`;
    await this.call('PATCH', path, { removed: true });
  }

  /** A signal that is shown for a moment and kept nowhere. */
  async signal(conversation: string, name: 'typing' | 'thinking' | 'read-receipt', body: WireSignal): Promise<void> {
    await this.call('POST', `/conversations/${encodeURIComponent(conversation)}/${name}`, body);
  }

  /** 8x8 Chat Gateway documentation: a file is uploaded to its conversation, and named in a message by the id in the answer. */
  async upload(conversation: string, file: OutgoingFile): Promise<string> {
    const { headers, body } = uploadBody(file);
    const path = `/conversations/${encodeURIComponent(conversation)}/attachments`;
    const answer = await this.exchange('POST', path, { headers, body, responseTimeoutMs: UPLOAD_TIMEOUT_MS });
    const id = parseObject(answer.text)?.id;
    if (typeof id === 'string' && id !== '' && id.length <= MAX_ID) return id;
    throw new ProviderError('unknown_outcome', '8x8 accepted the file but its answer has no id');
  }

  /** The bytes of a file of either side. 8x8 Chat Gateway documentation: `application/octet-stream`, whatever it is. */
  async content(conversation: string, attachment: string, signal: AbortSignal): Promise<IncomingFile> {
    const path = `/conversations/${encodeURIComponent(conversation)}/attachments/${encodeURIComponent(attachment)}/content`;
    const where = { method: 'GET', path };
    const request = { url: this.urlOf(path), headers: { ...this.headers(), Accept: '*/*' } };
    const { status, headers, body } = await this.transport.open(request, signal).catch((failure: unknown) => {
      throw this.unanswered(failure, where);
    });
    if (status < 200 || status > 299) throw this.refused({ status, headers, text: await startOf(body) }, where);
    const length = Number(headers['content-length'] ?? NaN);
    return {
      contentType: typeof headers['content-type'] === 'string' ? headers['content-type'] : null,
      size: Number.isSafeInteger(length) ? length : null,
      content: body,
    };
  }

  private async json(method: HttpRequest['method'], path: string, body?: object): Promise<Record<string, unknown>> {
    return jsonOf(await this.call(method, path, body));
  }

  private call(method: HttpRequest['method'], path: string, body?: object): Promise<HttpAnswer> {
    if (body === undefined) return this.exchange(method, path);
    return this.exchange(method, path, {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  private async exchange(
    method: HttpRequest['method'],
    path: string,
    { headers, ...content }: Partial<Pick<HttpRequest, 'headers' | 'body' | 'responseTimeoutMs'>> = {},
  ): Promise<HttpAnswer> {
    const where = { method, path: path.split('?')[0] };
    const answer = await this.transport
      .send({ method, url: this.urlOf(path), headers: { ...this.headers(), ...headers }, ...content })
      .catch((failure: unknown) => {
        throw this.unanswered(failure, where);
      });
    if (answer.status < 200 || answer.status > 299) throw this.refused(answer, where);
    return answer;
  }

  private urlOf(path: string): string {
    return `${this.options.baseUrl}/chat-gateway/v1${path}`;
  }

  private headers(): Record<string, string> {
    const { apiKey, tenant } = this.options;
    return { Accept: ACCEPT, 'x-api-key': apiKey, ...(tenant === undefined ? {} : { 'X-8x8-Tenant': tenant }) };
  }

  private unanswered(failure: unknown, where: object): Error {
    if (!(failure instanceof TransportFailure)) return failure as Error;
    this.options.log.warn({ status: null, code: failure.reason, referenceId: null, ...where }, '8x8 gave no answer');
    return failure.mayHaveBeenSent
      ? new ProviderError('unknown_outcome', `8x8 gave no usable answer (${failure.reason})`)
      : new ProviderError('unreachable', `8x8 could not be reached at ${this.options.baseUrl} (${failure.reason})`);
  }

  private refused(answer: HttpAnswer, where: object): ProviderError {
    // Some gateways repeat the key that they refuse.
    const secrets = [this.options.apiKey, ...(this.options.secrets ?? [])];
    const shown = secrets.reduce((text, secret) => text.replaceAll(secret, '••••'), answer.text);
    const problem = readProblem(withoutLinkSecret(shown));
    const { code = null, referenceId = null } = problem;
    this.options.log.warn({ status: answer.status, code, referenceId, ...where }, '8x8 refused a call');
    return errorOf(answer, problem, this.options.now());
  }
}

/** One page of a list. */
export interface HalList {
  items: Record<string, unknown>[];
  isLast: boolean;
}

/** 8x8 Chat Gateway documentation: pages count from 0; an empty list may come without its members. */
function readList(body: Record<string, unknown>, name: string): HalList {
  const { _embedded, page } = body as HalPage;
  const items = isPlainObject(_embedded) ? _embedded[name] : undefined;
  const { number = 0, totalPages = 0 } = isPlainObject(page) ? (page as { number?: number; totalPages?: number }) : {};
  return {
    items: Array.isArray(items) ? items.filter(isPlainObject) : [],
    isLast: !(number + 1 < totalPages),
  };
}

function jsonOf(answer: HttpAnswer): Record<string, unknown> {
  const parsed = parseObject(answer.text);
  if (parsed) return parsed;
  throw new ProviderError(
    'unknown_outcome',
    `8x8 answered ${answer.status}, but with something that is no JSON object`,
  );
}

/** The start of a body, as text; the rest is not read. What breaks off is as good as none. */
async function startOf(body: Readable): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      parts.push(part);
      size += part.length;
      if (size > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    return '';
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isPlainObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
