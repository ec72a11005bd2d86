import { STATUS_CODES } from 'node:http';
import { isPlainObject, type OutgoingFile, type ProviderErrorCode, type ProviderLog } from '#contract';
import {
  at,
  idAt,
  textAt,
  VendorApi,
  withAdvice,
  type IsOwn,
  type Sequence,
  type Transport,
  type VendorApiOptions,
} from '#provider-kit';

/** An account that was suspended. */
const CODES: Record<number, ProviderErrorCode> = { 402: 'forbidden' };

const ADVICE: Partial<Record<ProviderErrorCode, string>> = {
  unauthorized: 'Check apiAccessToken, and that its user is an agent of the inbox',
  not_found: 'Check baseUrl, accountId, inboxId and queueId',
};

const isNothing = (json: unknown): boolean => isPlainObject(json) && Object.keys(json).length === 0;

/** What Chatwoot's answers look like, so that what a proxy or a page for the time of maintenance answers with 200 is told from them. */
export const ANSWERS = {
  /** One thing, with its id. */
  thing: (json) => idAt(json, 'id') !== null,
  list: (json) => Array.isArray(at(json, 'payload')),
  /** What was saved, or nothing more about it. */
  saved: (json) => isNothing(json) || isPlainObject(at(json, 'payload')) || idAt(json, 'id') !== null,
  /** Chatwoot source: a conversation that was assigned to no team after all is answered null. */
  assigned: (json) => json === null || isNothing(json) || idAt(json, 'id') !== null,
  attributes: (json) => isNothing(json) || isPlainObject(at(json, 'custom_attributes')),
  labels: (json) => isNothing(json) || Array.isArray(at(json, 'payload')),
  /** Chatwoot source: `head :ok`. */
  empty: (json, { text, headers }) => isNothing(json) || (text.trim() === '' && !/html/.test(String(headers['content-type']))), // prettier-ignore
  contactConversations: (json) => Array.isArray(json),
} satisfies Record<string, IsOwn>;

/**
 * Chatwoot source: `error` with a sentence of its own, `message` with the `attributes` it is about, or `errors`. A bare name of the status is
 * what others answer, and with a `status`, `path` or `timestamp` frameworks do.
 */
const isRefusal: IsOwn = (json, { status }) => {
  if (!isPlainObject(json) || ['status', 'path', 'timestamp'].some((key) => key in json)) return false;
  const error = textAt(json, 'error');
  if (error !== null) return error.toLowerCase() !== STATUS_CODES[status]?.toLowerCase();
  if (Array.isArray(json.errors)) return json.errors.length > 0;
  return textAt(json, 'message') !== null && Array.isArray(json.attributes);
};

export interface ClientOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  accountId: string;
  token: string;
  /** Cut out of whatever Chatwoot repeats. */
  secrets: string[];
  /** Ends every call that is still on its way. */
  signal?: AbortSignal;
  /** Epoch milliseconds. */
  now(): number;
  log: ProviderLog;
}

/** Chatwoot's API: JSON in and out. Every method throws a `ProviderError` when the call did not succeed. */
export class ChatwootClient {
  private readonly application: VendorApi;
  private readonly client: VendorApi;

  constructor(
    private readonly transport: Transport,
    private readonly options: ClientOptions,
  ) {
    const { baseUrl, accountId, token, secrets, signal, now, log } = options;
    const api = (path: string, headers: Record<string, string>): VendorApi => {
      const common: Omit<VendorApiOptions, 'baseUrl' | 'headers'> = { vendor: 'Chatwoot', secrets, codes: CODES, isRefusal, signal, now, log }; // prettier-ignore
      return new VendorApi(transport, { ...common, baseUrl: baseUrl + path, headers: { Accept: 'application/json', ...headers } }); // prettier-ignore
    };
    this.application = api(`/api/v1/accounts/${accountId}`, { api_access_token: token });
    this.client = api('/public/api/v1/inboxes', {});
  }

  /** The same for the calls of one sequence, which ends them all in time. */
  during({ signal }: Sequence): ChatwootClient {
    return new ChatwootClient(this.transport, { ...this.options, signal });
  }

  /** A call of the application API, as the user whose token it is; `path` is below the account. */
  account(method: 'GET' | 'POST' | 'PUT', path: string, isAnswer: IsOwn, body?: object): Promise<unknown> {
    return answerOf(this.application.json(method, path, body, isAnswer));
  }

  /** A call of the client API, as the contact; `path` is below the inbox with this identifier. */
  contact(method: 'GET' | 'POST', inbox: string, path: string, isAnswer: IsOwn, body?: object): Promise<unknown> {
    return answerOf(this.client.json(method, `/${encodeURIComponent(inbox)}${path}`, body, isAnswer));
  }

  /** Keeps a file that no message has yet. Resolves to an answer with the id by which a message takes it. */
  upload(file: OutgoingFile): Promise<unknown> {
    return this.application.upload('/upload', file, 'attachment');
  }
}

async function answerOf(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    throw withAdvice(error, ADVICE);
  }
}
