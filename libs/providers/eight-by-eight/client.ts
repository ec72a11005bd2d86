import {
  isPlainObject,
  ProviderError,
  type IncomingFile,
  type OutgoingFile,
  type ProviderErrorCode,
  type ProviderLog,
} from '#contract';
import { idAt, listAt, parseJson, timeOf, VendorApi, type Page, type Sequence, type Transport } from '#provider-kit';
import { ANSWERS, isFile, isRefusal } from './answers.js';
import type { CreateConversation, PatchConversation, WireMessage, WireSignal } from './wire.js';

export interface ClientOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey: string;
  tenant?: string;
  /** Cut out of whatever 8x8 repeats. */
  secrets: string[];
  /** Ends every call that is still on its way. */
  signal?: AbortSignal;
  /** Epoch milliseconds. */
  now(): number;
  log: ProviderLog;
}

/** What an operator can do about a refusal, beside what the vendor says. */
export const ADVICE: Partial<Record<ProviderErrorCode, string>> = {
  unauthorized: 'Check apiKey: it must be the key, not the secret, of an app in the 8x8 Admin Console',
  forbidden: 'Check that the app has the product "Contact Center Chat Gateway", and that tenant is right',
  not_found: 'Check channelId, queueId and tenant: all must belong to the same tenant',
  invalid: 'Check channelId, queueId and jsonProperties',
};

/** What goes with every call of 8x8's API. */
export function headersOf({ apiKey, tenant }: Pick<ClientOptions, 'apiKey' | 'tenant'>): Record<string, string> {
  const accept = 'application/hal+json, application/problem+json, application/json';
  return { Accept: accept, 'x-api-key': apiKey, ...(tenant === undefined ? {} : { 'X-8x8-Tenant': tenant }) };
}

/** The calls of the Chat Gateway API that a handover needs. Each throws a `ProviderError` when it did not succeed. */
export class EightByEightClient {
  private readonly api: VendorApi;

  constructor(
    private readonly transport: Transport,
    private readonly options: ClientOptions,
  ) {
    const { baseUrl, secrets, signal, now, log } = options;
    const common = { vendor: '8x8', headers: headersOf(options), secrets, isRefusal, signal, now, log };
    this.api = new VendorApi(transport, { ...common, baseUrl: `${baseUrl}/chat-gateway/v1` });
  }

  /** The same for the calls of one sequence, which ends them all in time. */
  during({ signal }: Sequence): EightByEightClient {
    return new EightByEightClient(this.transport, { ...this.options, signal });
  }

  /** Opens a conversation and returns its id. */
  async createConversation(body: CreateConversation): Promise<string> {
    const answer = await this.api.json('POST', '/conversations', body, ANSWERS.created);
    const id = idAt(answer, 'conversationId') ?? idAt(answer, 'id');
    if (id !== null) return id;
    throw new ProviderError('unknown_outcome', '8x8 accepted the conversation but its answer has no id');
  }

  /** One page of all conversations of the tenant, highest id first. */
  async conversations(page: number, size: number): Promise<Page> {
    return readList(
      await this.api.json('GET', `/conversations?page=${page}&size=${size}&sort=id:desc`, undefined, ANSWERS.list),
      'conversations',
    );
  }

  /** One conversation, as 8x8 shows it. */
  async conversation(id: string): Promise<Record<string, unknown>> {
    return objectOf(
      await this.api.json('GET', `/conversations/${encodeURIComponent(id)}`, undefined, ANSWERS.conversation),
    );
  }

  /** One channel, as 8x8 shows it. */
  async channel(id: string): Promise<Record<string, unknown>> {
    return objectOf(await this.api.json('GET', `/channels/${encodeURIComponent(id)}`, undefined, ANSWERS.channel));
  }

  /** 8x8 Chat Gateway documentation: names the webhook that gets the conversation after its agent; a second time it is a 400. */
  async assignAfterAgent(conversation: string, webhookId: string): Promise<void> {
    const path = `/conversations/${encodeURIComponent(conversation)}/post-agent-assignment`;
    await this.api.call('POST', path, { type: 'webhook', id: webhookId }, ANSWERS.done);
  }

  /** Changes only what the body names. */
  async patchConversation(id: string, body: PatchConversation): Promise<void> {
    await this.api.call('PATCH', `/conversations/${encodeURIComponent(id)}`, body, ANSWERS.changed);
  }

  /** 8x8 Chat Gateway documentation: the answer to a message has neither a body nor an id. */
  async sendMessage(conversation: string, body: WireMessage): Promise<void> {
    await this.api.call('POST', `/conversations/${encodeURIComponent(conversation)}/messages`, body, ANSWERS.done);
  }

  /** One page of a conversation's messages, newest first. */
  async messages(conversation: string, page: number, size: number): Promise<Page> {
    const path = `/conversations/${encodeURIComponent(conversation)}/messages?page=${page}&size=${size}&sort=createdAt:desc`;
    return readList(await this.api.json('GET', path, undefined, ANSWERS.list), 'messages');
  }

  /** A conversation, and when it was so by 8x8's clock to the second. */
  async conversationNow(id: string): Promise<{ conversation: Record<string, unknown>; at: number | null }> {
    const { headers, text } = await this.api.call(
      'GET',
      `/conversations/${encodeURIComponent(id)}`,
      undefined,
      ANSWERS.conversation,
    );
    return { conversation: objectOf(parseJson(text)), at: timeOf(headers.date) };
  }

  /**
   * One page of those who take part in a conversation, or did.
   * 8x8 Chat Gateway documentation: the call has no parameters, and its answer may have pages all the same. So the first is asked for by
   * none, and only where it says that there are more a further one by its number.
   */
  async participants(conversation: string, page: number): Promise<Page> {
    const query = page === 0 ? '' : `?page=${page}`;
    const path = `/conversations/${encodeURIComponent(conversation)}/participants${query}`;
    return readList(await this.api.json('GET', path, undefined, ANSWERS.list), 'participants');
  }

  /** Takes the user out, which ends the conversation. */
  async removeUser(conversation: string): Promise<void> {
    const path = `/conversations/${encodeURIComponent(conversation)}/participants/user`;
    await this.api.call('PATCH', path, { removed: true }, ANSWERS.done);
  }

  /** A signal that is shown for a moment and kept nowhere. */
  async signal(conversation: string, name: 'typing' | 'thinking' | 'read-receipt', body: WireSignal): Promise<void> {
    await this.api.call('POST', `/conversations/${encodeURIComponent(conversation)}/${name}`, body, ANSWERS.done);
  }

  /** 8x8 Chat Gateway documentation: a file is uploaded to its conversation, and named in a message by the id in the answer. */
  async upload(conversation: string, file: OutgoingFile): Promise<string> {
    const path = `/conversations/${encodeURIComponent(conversation)}/attachments`;
    const id = idAt(await this.api.upload(path, file, 'attachment', { authorType: file.author }), 'id');
    if (id !== null) return id;
    throw new ProviderError('unknown_outcome', '8x8 accepted the file but its answer has no id');
  }

  /** The bytes of a file of either side. 8x8 Chat Gateway documentation: `application/octet-stream`, whatever it is. */
  content(conversation: string, attachment: string, signal: AbortSignal): Promise<IncomingFile> {
    const path = `/conversations/${encodeURIComponent(conversation)}/attachments/${encodeURIComponent(attachment)}/content`;
    return this.api.download(path, signal, isFile);
  }
}

/** 8x8 Chat Gateway documentation: pages count from 0; an empty list may come without its members. */
function readList(answer: unknown, name: string): Page {
  const { page } = objectOf(answer);
  const { number = 0, totalPages = 0 } = isPlainObject(page) ? (page as { number?: number; totalPages?: number }) : {};
  return { items: listAt(answer, '_embedded', name), isLast: !(number + 1 < totalPages) };
}

function objectOf(answer: unknown): Record<string, unknown> {
  if (isPlainObject(answer)) return answer;
  throw new ProviderError('unknown_outcome', '8x8 answered with something that is no JSON object');
}
