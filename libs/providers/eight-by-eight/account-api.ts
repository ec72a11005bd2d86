import { isPlainObject } from '#contract';
import {
  hasDotSegment,
  isVerdict,
  parseJson,
  readProblem,
  timeOf,
  TransportFailure,
  type HttpRequest,
  type IsOwn,
  type Transport,
  type VendorProblem,
} from '#provider-kit';
import { ANSWERS, isRefusal } from './answers.js';
import { headersOf } from './client.js';

export interface AccountApiOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey: string;
  tenant?: string;
  /** Cut out of whatever 8x8 answers: some gateways repeat what they refuse. */
  secrets: string[];
  /** Epoch milliseconds. */
  now(): number;
}

/** An answer, whatever its status. */
export interface ApiAnswer {
  status: number;
  /** 8x8's own answer to a call that succeeded. */
  isOk: boolean;
  /** It is from 8x8. Where it is not, something in front of it answered: then its status says nothing about the account. */
  isOwn: boolean;
  /** null when it is no JSON object. */
  body: Record<string, unknown> | null;
  /** What 8x8 says about a refusal; empty for a success. */
  problem: VendorProblem;
  /** The server's clock, epoch milliseconds; null where the answer has no date. */
  serverTime: number | null;
}

/** All of a list, or the answer that kept it from being read. */
export type Listing = ApiAnswer & { items: Record<string, unknown>[] };

const NOTHING: ApiAnswer = {
  status: 404,
  isOk: false,
  isOwn: true,
  body: null,
  problem: { message: 'Nothing has the id "." or "..".' },
  serverTime: null,
};

const PAGE_SIZE = 100;
const MAX_PAGES = 50;
/** After this no further page of a list is asked for. */
const READING_BUDGET_MS = 10_000;

/** A list did not end within the bounds: its pages were answered, but what is not on them may be on the rest. */
export class ListTooLong extends TransportFailure {
  constructor() {
    super(true, 'LIST_TOO_LONG');
    this.name = 'ListTooLong';
  }
}

/** Why nothing came of a call, as a sentence. */
export function whyUnanswered(failure: TransportFailure): string {
  return failure instanceof ListTooLong
    ? `8x8's list has no end within ${MAX_PAGES} pages and ${READING_BUDGET_MS / 1_000} s (${failure.reason}).`
    : `8x8 gave no answer (${failure.reason}).`;
}

/**
 * The administrator's side of 8x8's API: webhooks, channels, queues. Unlike the client that carries messages it hands every
 * answer to the caller, because what was refused, and how, is what the doctor wants to know. Calls take 10 s at the most.
 */
export class AccountApi {
  constructor(
    private readonly transport: Transport,
    private readonly options: AccountApiOptions,
  ) {}

  /** The same account, asked as one of another tenant. */
  ofTenant(tenant: string): AccountApi {
    return new AccountApi(this.transport, { ...this.options, tenant });
  }

  get baseUrl(): string {
    return this.options.baseUrl;
  }

  /**
   * Nothing has the id `.` or `..`: 404, without a call.
   * @param isAnswer what 8x8's answer to a success looks like
   * @throws {TransportFailure} when no answer came
   */
  async call(method: HttpRequest['method'], path: string, isAnswer: IsOwn, body?: object): Promise<ApiAnswer> {
    if (hasDotSegment(path)) return NOTHING;
    const { baseUrl } = this.options;
    const answer = await this.transport.send({
      method,
      url: baseUrl + path,
      headers: {
        ...headersOf(this.options),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { status, headers, text } = answer;
    const json = parseJson(text);
    const isOk = status >= 200 && status <= 299 && isAnswer(json, answer);
    return {
      status,
      isOk,
      isOwn: isOk || (status >= 300 && isVerdict(answer, isRefusal)),
      body: isPlainObject(json) ? json : null,
      problem: isOk ? { message: '' } : readProblem(this.withoutSecrets(text)),
      serverTime: timeOf(headers.date),
    };
  }

  /**
   * Reads a list to its end. 8x8 Chat Gateway documentation: pages count from 0, and an empty list may come without its members.
   * @throws {TransportFailure} `ListTooLong` when it does not end within the bounds
   */
  async list(path: string, name: string): Promise<Listing> {
    const items: Record<string, unknown>[] = [];
    const deadline = this.options.now() + READING_BUDGET_MS;
    for (let page = 0; page < MAX_PAGES && this.options.now() <= deadline; page += 1) {
      const answer = await this.call('GET', `${path}?page=${page}&size=${PAGE_SIZE}`, ANSWERS.list);
      if (!answer.isOk || answer.body === null) return { ...answer, items };
      const { _embedded: embedded, page: place } = answer.body;
      const found = isPlainObject(embedded) ? embedded[name] : undefined;
      if (Array.isArray(found)) items.push(...found.filter(isPlainObject));
      const total = isPlainObject(place) ? Number(place.totalPages) : 0;
      if (!(page + 1 < total)) return { ...answer, items };
    }
    throw new ListTooLong();
  }

  /**
   * Asks an address that 8x8 is to call what it answers to 8x8's connection test. Only for the gateway's own address, as its
   * operator gave it: whatever is called here is called from inside.
   * @throws {TransportFailure}
   */
  async knock(url: string, body: object): Promise<{ status: number; location: string | null }> {
    const { status, headers } = await this.transport.send({
      method: 'POST',
      url,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status, location: typeof headers.location === 'string' ? originOf(headers.location) : null };
  }

  withoutSecrets(text: string): string {
    const secrets = [this.options.apiKey, ...this.options.secrets].filter((secret) => secret !== '');
    return secrets.reduce((shown, secret) => shown.replaceAll(secret, '••••'), text);
  }
}

/** Where a redirect leads, without the path: that may hold a secret. */
function originOf(location: string): string {
  return URL.canParse(location) ? new URL(location).origin : 'another path';
}
