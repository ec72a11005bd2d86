import { Readable } from 'node:stream';
import {
  ProviderError,
  type IncomingFile,
  type OutgoingFile,
  type ProviderErrorCode,
  type ProviderLog,
} from '#contract';
import { parseJson } from './json.js';
import { withoutLinkSecret } from './link-secret.js';
import { hasDotSegment } from './path.js';
import { readProblem, refusalOf } from './refusal.js';
import type { Sequence } from './sequence.js';
import { TransportFailure, type HttpAnswer, type HttpRequest, type Transport } from './transport.js';
import { uploadForm } from './upload-form.js';

export interface VendorApiOptions {
  /** What people call the contact centre; with it errors and log lines begin. */
  vendor: string;
  /** Where the API is, without a slash at its end. */
  baseUrl: string;
  /** Go with every call: what is accepted, and what proves who asks. */
  headers: Record<string, string>;
  /** Cut out of whatever the vendor repeats: some gateways repeat what they refuse. */
  secrets: string[];
  /** What a status means at this vendor, where it is not what it means elsewhere. */
  codes?: Record<number, ProviderErrorCode>;
  /** Ends every call that is still on its way, as one that gave no answer. */
  signal?: AbortSignal;
  /** Epoch milliseconds. */
  now(): number;
  log: ProviderLog;
}

type Method = HttpRequest['method'];

/** A file needs longer than other calls: 25 MiB at 3 Mbit/s. Milliseconds. */
const UPLOAD_TIMEOUT_MS = 80_000;
/** Of an answer that explains a refusal, in bytes. */
const MAX_REFUSAL_BYTES = 65_536;
const MASK = '••••';

/**
 * The calls of one vendor's API: bounded in time and size, and each with an outcome that the core can act on. Every method throws a
 * `ProviderError` when the call did not succeed; one line of the log says which, without query, secret or content.
 * A path is below the base URL; ids in it are encoded by whoever puts them there. Nothing has the id `.` or `..`: `not_found`, without a
 * call.
 */
export class VendorApi {
  constructor(
    private readonly transport: Transport,
    private readonly options: VendorApiOptions,
  ) {}

  /** The same API for the calls of one sequence, which ends them all in time. */
  during({ signal }: Sequence): VendorApi {
    return new VendorApi(this.transport, { ...this.options, signal });
  }

  /** A call with the body as JSON, where there is one. Resolves to the answer whatever is in it. */
  call(method: Method, path: string, body?: object): Promise<HttpAnswer> {
    if (body === undefined) return this.exchange(method, path);
    return this.exchange(method, path, {
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** The same, and the JSON of its answer. An answer that is no JSON is an unknown outcome: it came from somebody else. */
  async json(method: Method, path: string, body?: object): Promise<unknown> {
    return this.jsonOf(await this.call(method, path, body));
  }

  /** A form of fields (`application/x-www-form-urlencoded`), and the JSON of its answer. */
  async form(path: string, fields: Record<string, string>): Promise<unknown> {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return this.jsonOf(await this.exchange('POST', path, { headers, body: String(new URLSearchParams(fields)) }));
  }

  /**
   * Sends a file as a form, in pieces, within 80 s.
   * @param name of the form's part that is the file
   * @param fields what else is in the form
   */
  async upload(path: string, file: OutgoingFile, name: string, fields?: Record<string, string>): Promise<unknown> {
    const form = uploadForm(file, name, fields);
    return this.jsonOf(await this.exchange('POST', path, { ...form, responseTimeoutMs: UPLOAD_TIMEOUT_MS }));
  }

  /** Opens a file that may be large: what is read of it afterwards is bounded by whoever reads. */
  async download(path: string, signal: AbortSignal): Promise<IncomingFile> {
    const { baseUrl, headers: own } = this.options;
    const where = { method: 'GET', path };
    this.refuseDots(path);
    const request = { url: baseUrl + path, headers: { ...own, Accept: '*/*' } };
    const { status, headers, body } = await this.transport.open(request, signal).catch((failure: unknown) => {
      throw this.unanswered(failure, where);
    });
    if (!isSuccess(status)) throw this.refused({ status, headers, text: await startOf(body) }, where);
    const length = Number(headers['content-length'] ?? NaN);
    return {
      contentType: typeof headers['content-type'] === 'string' ? headers['content-type'] : null,
      size: Number.isSafeInteger(length) ? length : null,
      content: body,
    };
  }

  private async exchange(
    method: Method,
    path: string,
    { headers, ...content }: Partial<Pick<HttpRequest, 'headers' | 'body' | 'responseTimeoutMs'>> = {},
  ): Promise<HttpAnswer> {
    const { baseUrl, headers: own, signal } = this.options;
    const where = { method, path: path.split('?')[0] };
    this.refuseDots(path);
    const answer = await this.transport
      .send({ method, url: baseUrl + path, headers: { ...own, ...headers }, signal, ...content })
      .catch((failure: unknown) => {
        throw this.unanswered(failure, where);
      });
    if (!isSuccess(answer.status)) throw this.refused(answer, where);
    return answer;
  }

  private jsonOf({ status, text }: HttpAnswer): unknown {
    const parsed = parseJson(text);
    if (parsed !== undefined) return parsed;
    const what = `${this.options.vendor} answered ${status}, but with something that is no JSON`;
    throw new ProviderError('unknown_outcome', what);
  }

  private refuseDots(path: string): void {
    if (hasDotSegment(path))
      throw new ProviderError('not_found', `${this.options.vendor} has nothing with the id "." or ".."`);
  }

  private unanswered(failure: unknown, where: object): Error {
    if (!(failure instanceof TransportFailure)) return failure as Error;
    const { vendor, baseUrl, log } = this.options;
    const { reason, mayHaveBeenSent } = failure;
    log.warn({ status: null, code: reason, referenceId: null, ...where }, `${vendor} gave no answer`);
    return mayHaveBeenSent
      ? new ProviderError('unknown_outcome', `${vendor} gave no usable answer (${reason})`)
      : new ProviderError('unreachable', `${vendor} could not be reached at ${new URL(baseUrl).origin} (${reason})`);
  }

  private refused(answer: HttpAnswer, where: object): ProviderError {
    const { vendor, secrets, codes = {}, now, log } = this.options;
    const masked = secrets.filter(Boolean).reduce((text, secret) => text.replaceAll(secret, MASK), answer.text);
    const text = withoutLinkSecret(masked);
    const problem = readProblem(text);
    const { code = null, referenceId = null } = problem;
    log.warn({ status: answer.status, code, referenceId, ...where }, `${vendor} refused a call`);
    return refusalOf(vendor, { ...answer, text }, problem, codes, now());
  }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
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
