import type { OutgoingFile, ProviderErrorCode, ProviderLog } from '#contract';
import { parseJson, VendorApi, withAdvice, type Sequence, type Transport, type VendorApiOptions } from '#provider-kit';

/** An account that was suspended. */
const CODES: Record<number, ProviderErrorCode> = { 402: 'forbidden' };

const ADVICE: Partial<Record<ProviderErrorCode, string>> = {
  unauthorized: 'Check apiAccessToken, and that its user is an agent of the inbox',
  not_found: 'Check baseUrl, accountId, inboxId and queueId',
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
      const common: Omit<VendorApiOptions, 'baseUrl' | 'headers'> = { vendor: 'Chatwoot', secrets, codes: CODES, signal, now, log }; // prettier-ignore
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
  account(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
    return answerOf(this.application, method, path, body);
  }

  /** A call of the client API, as the contact; `path` is below the inbox with this identifier. */
  contact(method: 'GET' | 'POST', inbox: string, path: string, body?: object): Promise<unknown> {
    return answerOf(this.client, method, `/${encodeURIComponent(inbox)}${path}`, body);
  }

  /** Keeps a file that no message has yet. Resolves to an answer with the id by which a message takes it. */
  upload(file: OutgoingFile): Promise<unknown> {
    return this.application.upload('/upload', file, 'attachment');
  }
}

/** Some changes are answered with nothing at all; what is read must be JSON. */
async function answerOf(api: VendorApi, method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<unknown> {
  try {
    return method === 'GET' ? await api.json(method, path) : parseJson((await api.call(method, path, body)).text);
  } catch (error) {
    throw withAdvice(error, ADVICE);
  }
}
