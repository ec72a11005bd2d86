import {
  durationMs,
  ProviderError,
  splitText,
  WebhookRejected,
  type CheckContext,
  type CheckFinding,
  type ConversationUpdate,
  type ConvertedMessage,
  type FieldError,
  type IncomingFile,
  type Inspection,
  type ListedMessage,
  type MessageContent,
  type MessageList,
  type OutboundMessage,
  type OutgoingFile,
  type ProviderEvent,
  type ProviderSession,
  type QueueReading,
  type RawWebhook,
  type DownloadableAttachment,
  type StartRequest,
  type TranscriptEntry,
  type VerifiedWebhook,
} from '#contract';
import { Readable } from 'node:stream';
import type { ParleyClient } from './client.js';
import { agentOf, checkSignature, filesOf, mapEvent, readEvent } from './mapping.js';
import type { ParleyHandoverSettings, ParleySettings } from './settings.js';

type Request = StartRequest<ParleyHandoverSettings>;
type Json = Record<string, unknown>;

/** Of one message, in characters. */
const MAX_TEXT = 1_000;
/** Of what was said before, in entries. */
const MAX_TRANSCRIPT = 100;

/** One account of Parley. Chats are counted within an account, so that its name goes before their ids. */
export class ParleySession implements ProviderSession<ParleyHandoverSettings> {
  readonly webhookAuthority: string;
  readonly tenant: string;
  readonly webhookToken = null;
  readonly endGraceMs: number;
  readonly prefix: string;
  readonly giveUpAfterMs = 86_400_000;
  readonly reconcileMs = 60_000;

  constructor(
    readonly settings: ParleySettings,
    readonly client: ParleyClient,
    readonly now: () => number,
  ) {
    this.webhookAuthority = settings.account;
    this.tenant = settings.account;
    this.prefix = `${settings.account}/`;
    this.endGraceMs = durationMs(settings.endGrace);
  }

  validate(_request: Request): FieldError[] {
    return [];
  }

  async start(request: Request): Promise<string> {
    const { handoverId: ref, user, copilotUrl: link, defaults, settings } = request;
    const transcript = this.newest(request.transcript);
    const { queueId: queue } = { ...defaults, ...settings };
    const { id } = await this.client.json('POST', '/chats', { ref, user, transcript, link, queue });
    if (typeof id === 'string') return this.prefix + id;
    throw new ProviderError('unknown_outcome', 'Parley opened a chat but its answer has no id');
  }

  newest(transcript: TranscriptEntry[]): TranscriptEntry[] {
    return transcript.slice(-MAX_TRANSCRIPT);
  }

  async findStarted(handoverId: string): Promise<string | null> {
    const { chats } = await this.client.json('GET', `/chats?ref=${encodeURIComponent(handoverId)}`);
    const [chat] = chats as { id: unknown }[];
    return chat ? this.prefix + String(chat.id) : null;
  }

  convert(message: MessageContent): ConvertedMessage {
    const { author, text, cards } = message;
    if (cards.length === 0 && (text ?? '').length <= MAX_TEXT) return { parts: [message], losses: [], errors: [] };
    const losses = cards.map((_, index) => ({ pointer: `/cards/${index}`, detail: 'is left out' }));
    const pieces = splitText(text ?? '', MAX_TEXT);
    if (pieces.length === 0) return { parts: [message], losses: [], errors: losses };
    return { parts: pieces.map((piece) => ({ author, text: piece, cards: [] })), losses, errors: [] };
  }

  async send(conversation: string, { author, text, attachments }: OutboundMessage): Promise<void> {
    const files = attachments.map(({ id }) => id);
    await this.client.json('POST', `${pathOf(conversation)}/messages`, { from: author, text: text ?? '', files });
  }

  async findSent(conversation: string, { author, text }: OutboundMessage, identicalBefore: number): Promise<boolean> {
    const { messages } = await this.client.json('GET', `${pathOf(conversation)}/messages`);
    const ours = (messages as Json[]).filter(({ from }) => from !== 'agent').reverse();
    const end = ours.findIndex((one) => one.from !== author || one.text !== (text ?? ''));
    return (end < 0 ? ours.length : end) > identicalBefore;
  }

  async end(conversation: string): Promise<void> {
    await this.client.json('POST', `${pathOf(conversation)}/close`, {}).catch(noneIfGone);
  }

  async update(conversation: string, change: ConversationUpdate<ParleyHandoverSettings>): Promise<void> {
    const { queueId: queue, userChanged, request } = change;
    const user = userChanged ? { user: request.user } : {};
    await this.client.json('PATCH', pathOf(conversation), { ...user, ...(queue === undefined ? {} : { queue }) });
  }

  async reassign(conversation: string, { handoverId: ref, user, defaults, settings }: Request): Promise<void> {
    const chat = await this.client.json('GET', pathOf(conversation));
    if (chat.ref === ref) return;
    const { queueId: queue } = { ...defaults, ...settings };
    await this.client.json('PATCH', pathOf(conversation), { ref, user, queue });
  }

  async handBack(conversation: string): Promise<void> {
    await this.client.json('POST', `${pathOf(conversation)}/return`, {});
  }

  async upload(conversation: string, file: OutgoingFile): Promise<string> {
    const parts: Uint8Array[] = [];
    for await (const part of file.content()) parts.push(part);
    const answer = await this.client.call('POST', `${pathOf(conversation)}/files`, { body: Buffer.concat(parts) });
    return String(((await answer.json()) as Json).id);
  }

  async download(_conversation: string, { id }: DownloadableAttachment, signal: AbortSignal): Promise<IncomingFile> {
    const answer = await this.client.call('GET', `/files/${id}`, { signal });
    const content = Readable.from([Buffer.from(await answer.arrayBuffer())]);
    return { contentType: answer.headers.get('content-type'), size: null, content };
  }

  typing(conversation: string): Promise<void> {
    return this.signal(conversation, 'typing');
  }

  thinking(conversation: string): Promise<void> {
    return this.signal(conversation, 'thinking');
  }

  read(conversation: string): Promise<void> {
    return this.signal(conversation, 'read');
  }

  async signal(conversation: string, name: string): Promise<void> {
    await this.client.json('POST', `${pathOf(conversation)}/${name}`, {});
  }

  async availability(queueId: string | null): Promise<QueueReading> {
    const nothing = {
      open: null,
      agentsEnabled: null,
      agentsAvailable: null,
      queueSize: null,
      longestWaitSeconds: null,
    };
    try {
      const { queues } = await this.client.json('GET', '/queues');
      const queue = this.queueIn(queues as Json[], queueId ?? 'main');
      if (!queue) return { ...nothing, gap: 'Parley knows no such queue.' };
      const { open, waiting, free } = queue as { open: boolean; waiting: number; free: number };
      return { ...nothing, open, queueSize: waiting, agentsAvailable: free, gap: null };
    } catch (error) {
      if (error instanceof ProviderError) return { ...nothing, gap: error.message };
      throw error;
    }
  }

  queueIn(queues: Json[], queueId: string): Json | undefined {
    return queues.find(({ id }) => String(id) === queueId);
  }

  queueOf({ defaults, settings }: Pick<Request, 'defaults' | 'settings'>): string | null {
    return settings.queueId ?? defaults.queueId ?? null;
  }

  async check(_context: CheckContext<ParleyHandoverSettings>): Promise<CheckFinding[]> {
    const failure = await this.client.json('GET', '/account').then(() => null, (error: Error) => error); // prettier-ignore
    if (!failure) return [{ level: 'ok', check: 'account', message: 'The account is in order.', action: null }];
    return [{ level: 'error', check: 'account', message: failure.message, action: 'Check baseUrl and apiKey.' }];
  }

  async inspect(conversation: string): Promise<Inspection> {
    const chat = await this.client.json('GET', pathOf(conversation)).catch(noneIfGone);
    const nothing = { queue: null, hasUserLeft: false, at: null };
    if (!chat) {
      // A path that leads nowhere is a 404 too.
      await this.client.json('GET', '/account');
      return { state: 'gone', agents: null, ...nothing };
    }
    const agents = (chat.agents as Json[]).flatMap((agent) => agentOf(agent) ?? []);
    return { state: chat.open === true ? 'open' : 'ended', agents, ...nothing };
  }

  async messagesSince(conversation: string, since: number | null): Promise<MessageList> {
    const { messages } = await this.client.json('GET', `${pathOf(conversation)}/messages`);
    const said = (messages as Json[]).filter(({ from, at }) => from === 'agent' && Number(at) >= (since ?? 0));
    const list = said.map(({ id, at, text, agent, shared }): ListedMessage => {
      const about = { id: String(id), at: Number(at), agent: agentOf(agent), text: String(text) };
      return { type: 'message', author: 'agent', cards: [], attachments: filesOf(shared), ...about };
    });
    return { messages: list, from: since };
  }

  isHandshake({ body }: RawWebhook): boolean {
    return body.toString() === '{"type":"hello"}';
  }

  async verify(webhook: RawWebhook): Promise<VerifiedWebhook> {
    checkSignature(webhook, this.settings.signingKey, this.now());
    const { id, account } = readEvent(webhook.body);
    const tenant = typeof account === 'string' ? account : null;
    if (tenant !== null && tenant !== this.tenant)
      throw new WebhookRejected('unauthorized', 'it is of another account');
    return { key: String(id), tenant, body: this.masked(webhook.body) };
  }

  /** Parley repeats what it was given, the link of the copilot as well. */
  masked(body: Buffer): Buffer {
    return Buffer.from(body.toString().replaceAll(/(?<=URLToken=)[^"&\s]+/g, '...'));
  }

  events(webhook: VerifiedWebhook): ProviderEvent[] {
    return mapEvent(webhook.body, this.prefix);
  }
}

/** Where a chat is. */
export const pathOf = (conversation: string): string => `/chats/${conversation.slice(conversation.indexOf('/') + 1)}`;

function noneIfGone(error: unknown): null {
  if (error instanceof ProviderError && error.code === 'not_found') return null;
  throw error;
}
