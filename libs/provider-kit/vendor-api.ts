import { Readable } from 'node:stream';
import {
  isPlainObject,
  ProviderError,
  type IncomingFile,
  type OutgoingFile,
  type ProviderErrorCode,
  type ProviderLog,
} from '#contract';
import { parseJson } from './json.js';
import { withoutLinkSecret } from './link-secret.js';
import { hasDotSegment } from './path.js';
import { isVerdict, noAnswerOf, readProblem, refusalOf, strangerOf, type IsOwn } from './refusal.js';
import type { Sequence } from './sequence.js';
import { TransportFailure, type HttpAnswer, type HttpRequest, type OpenAnswer, type Transport } from './transport.js';
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
  /**
   * What the vendor's own refusals look like; left out, any JSON object is one. Whatever else comes with 3xx or 4xx is no verdict: something
   * in front of the vendor answered, and the call is tried again.
   */
  isRefusal?: IsOwn;
  /** Epoch milliseconds. */
  now(): number;
  log: ProviderLog;
}

type Method = HttpRequest['method'];

/** A file needs longer than other calls: 25 MiB at 3 Mbit/s. Milliseconds. */
const UPLOAD_TIMEOUT_MS = 80_000;
/** No body at all, or JSON. */
const isEmptyOrJson: IsOwn = (json, { text, headers }) =>
  json !== undefined || (text.trim() === '' && !/html/i.test(String(headers['content-type'])));
const isJson: IsOwn = (json) => json !== undefined;

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

  /**
   * A call with the body as JSON, where there is one. A 2xx that is not the vendor's, such as a page for the time of maintenance, is an
   * unknown outcome.
   * @param isAnswer what the vendor's answer looks like; left out, an empty one or any JSON
   */
  async call(method: Method, path: string, body?: object, isAnswer: IsOwn = isEmptyOrJson): Promise<HttpAnswer> {
    return (await this.exchange(method, path, isAnswer, contentOf(body))).answer;
  }

  /** The same, and the JSON of its answer; undefined where it is empty. Left out, `isAnswer` takes any JSON. */
  async json(method: Method, path: string, body?: object, isAnswer: IsOwn = isJson): Promise<unknown> {
    return (await this.exchange(method, path, isAnswer, contentOf(body))).json;
  }

  /** A form of fields (`application/x-www-form-urlencoded`), and the JSON of its answer. */
  async form(path: string, fields: Record<string, string>, isAnswer: IsOwn = isJson): Promise<unknown> {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const content = { headers, body: String(new URLSearchParams(fields)) };
    return (await this.exchange('POST', path, isAnswer, content)).json;
  }

  /**
   * Sends a file as a form, in pieces, within 80 s.
   * @param name of the form's part that is the file
   * @param fields what else is in the form
   */
  async upload(path: string, file: OutgoingFile, name: string, fields?: Record<string, string>): Promise<unknown> {
    const form = uploadForm(file, name, fields);
    return (await this.exchange('POST', path, isJson, { ...form, responseTimeoutMs: UPLOAD_TIMEOUT_MS })).json;
  }

  /**
   * Opens a file that may be large: what is read of it afterwards is bounded by whoever reads.
   * @param isFile by its headers, whether it is the vendor's; left out, any is
   */
  async download(
    path: string,
    signal: AbortSignal,
    isFile: (headers: OpenAnswer['headers']) => boolean = () => true,
  ): Promise<IncomingFile> {
    const { baseUrl, headers: own } = this.options;
    const where = { method: 'GET', path };
    this.refuseDots(path);
    const request = { url: baseUrl + path, headers: { ...own, Accept: '*/*' } };
    const { status, headers, body } = await this.transport.open(request, signal).catch((failure: unknown) => {
      throw this.unanswered(failure, where);
    });
    if (!isSuccess(status)) throw this.refused({ status, headers, text: await startOf(body) }, where);
    if (!isFile(headers)) {
      body.on('error', () => undefined).destroy();
      throw this.mistaken({ status, headers }, where);
    }
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
    isAnswer: IsOwn,
    { headers, ...content }: Content,
  ): Promise<{ answer: HttpAnswer; json: unknown }> {
    const { baseUrl, headers: own, signal } = this.options;
    const where = { method, path: path.split('?')[0] };
    this.refuseDots(path);
    const answer = await this.transport
      .send({ method, url: baseUrl + path, headers: { ...own, ...headers }, signal, ...content })
      .catch((failure: unknown) => {
        throw this.unanswered(failure, where);
      });
    if (!isSuccess(answer.status)) throw this.refused(answer, where);
    const json = answer.text === '' ? undefined : parseJson(answer.text);
    if (!isAnswer(json, answer)) throw this.mistaken(answer, where);
    return { answer, json };
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

  /** An answer 2xx that is not the vendor's. */
  private mistaken(answer: Omit<HttpAnswer, 'text'>, where: object): ProviderError {
    const { vendor, log } = this.options;
    log.warn({ status: answer.status, code: null, referenceId: null, ...where }, `something in front of ${vendor} answered`); // prettier-ignore
    return noAnswerOf(vendor, answer);
  }

  private refused(answer: HttpAnswer, where: object): ProviderError {
    const { vendor, baseUrl, secrets, codes = {}, isRefusal = isPlainObject, now, log } = this.options;
    const masked = secrets.filter(Boolean).reduce((text, secret) => text.replaceAll(secret, MASK), answer.text);
    const text = withoutLinkSecret(masked);
    const problem = readProblem(text);
    const { code = null, referenceId = null } = problem;
    const isOwn = isVerdict(answer, isRefusal);
    const what = isOwn ? `${vendor} refused a call` : `something in front of ${vendor} answered`;
    log.warn({ status: answer.status, code, referenceId, ...where }, what);
    if (!isOwn) return strangerOf(vendor, { ...answer, text }, { baseUrl, now: now() });
    return refusalOf(vendor, { ...answer, text }, problem, codes, now());
  }
}

type Content = Partial<Pick<HttpRequest, 'headers' | 'body' | 'responseTimeoutMs'>>;

function contentOf(body: object | undefined): Content {
  if (body === undefined) return {};
  return { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
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
