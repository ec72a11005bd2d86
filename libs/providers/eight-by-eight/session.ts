import {
  isPlainObject,
  ProviderError,
  type CheckContext,
  type CheckFinding,
  type ConversationUpdate,
  type ConvertedMessage,
  type FieldError,
  type IncomingFile,
  type Inspection,
  type MessageList,
  type OutboundMessage,
  type OutgoingFile,
  type ProviderEvent,
  type ProviderSession,
  type QueueReading,
  type RawWebhook,
  type DownloadableAttachment,
  type StartRequest,
  type VerifiedWebhook,
} from '#contract';
import {
  AccountSession,
  bytesWithoutLinkSecret,
  findOrGone,
  GONE,
  idAt,
  inSequence,
  listSince,
  nullIfGone,
  readAll,
  wasSent,
  withAdvice,
  type Page,
} from '#provider-kit';
import type { AccountApi } from './account-api.js';
import { ADVICE, type EightByEightClient } from './client.js';
import { readQueue, type AvailabilitySources } from './availability.js';
import { convertMessage } from './convert.js';
import { createBody, queueOf } from './create-body.js';
import { inspectionOf, listedAt, listedMessage } from './inspection.js';
import { examine } from './doctor/doctor.js';
import { isConnectionTest, mapEvent } from './mapping.js';
import { messageBody } from './message-body.js';
import { ownsTenant } from './owns-tenant.js';
import type { EightByEightHandoverSettings, EightByEightSettings } from './settings.js';
import { overCurrent } from './reassign-body.js';
import { propertyEntries } from './text.js';
import type { CreateConversation, WireUser } from './wire.js';

type Request = StartRequest<EightByEightHandoverSettings>;
type Item = Record<string, unknown>;
/** Reads one page of a list, from 0 on. */
type ReadPage = (page: number) => Promise<Page>;

/** How a session proves its webhooks; sessions with the same `authority` do it alike. */
export interface WebhookVerification {
  authority: string;
  verify(webhook: RawWebhook): Promise<VerifiedWebhook>;
}

const CONVERSATIONS_PER_PAGE = 100;
const MAX_CONVERSATION_PAGES = 500;
const MESSAGES_PER_PAGE = 50;
const MAX_MESSAGE_PAGES = 40;
const MAX_PARTICIPANT_PAGES = 10;

/** One 8x8 account, ready to use. */
export class EightByEightSession extends AccountSession implements ProviderSession<EightByEightHandoverSettings> {
  readonly webhookAuthority: string;
  readonly tenant: string | null;

  constructor(
    private readonly settings: EightByEightSettings,
    private readonly client: EightByEightClient,
    private readonly verification: WebhookVerification,
    private readonly now: () => number,
    private readonly sources: AvailabilitySources,
    private readonly account: AccountApi,
  ) {
    super(settings);
    this.webhookAuthority = verification.authority;
    this.tenant = settings.webhookTenant ?? settings.tenant ?? null;
  }

  validate(request: Request): FieldError[] {
    return createBody(request, this.settings.maxTextLength).errors;
  }

  async start(request: Request): Promise<string> {
    return this.client.createConversation(this.sendable(request)).catch((error: unknown) => {
      throw withAdvice(error, ADVICE);
    });
  }

  /** The vendor has no search by additional property that could be relied on, so all conversations are read, highest id first. */
  async findStarted(handoverId: string): Promise<string | null> {
    for await (const conversation of this.allOf(
      (page) => this.client.conversations(page, CONVERSATIONS_PER_PAGE),
      MAX_CONVERSATION_PAGES,
    )) {
      const id = conversation.id ?? conversation.conversationId;
      if (typeof id === 'string' && belongsTo(conversation, handoverId)) return id;
    }
    return null;
  }

  convert(message: OutboundMessage): ConvertedMessage {
    return convertMessage(message, this.settings.maxTextLength);
  }

  async send(conversation: string, message: OutboundMessage): Promise<void> {
    await this.client.sendMessage(conversation, messageBody(message));
  }

  /**
   * Counts the unbroken run of equal messages at the newest end, passing over what others said. A message with files is known by them:
   * they were uploaded for it alone.
   */
  async findSent(
    conversation: string,
    message: OutboundMessage,
    identicalBefore: number,
    ours: readonly OutboundMessage['author'][] = ['user', 'bot'],
  ): Promise<boolean> {
    const wanted = messageBody(message);
    const [file] = message.attachments;
    const authorOf = ({ author }: Item): unknown => (isPlainObject(author) ? author.type : undefined);
    const isText = (item: Item): boolean =>
      authorOf(item) === wanted.authorType && attachmentsOf(item).length === 0 && sameText(item.text, wanted.text);
    return wasSent(this.allOf(this.messages(conversation), MAX_MESSAGE_PAGES), {
      isOurs: (item) => ours.some((one) => one === authorOf(item)),
      isSame: file ? (item) => attachmentsOf(item).includes(file.id) : isText,
      isUnique: file !== undefined,
      identicalBefore,
    });
  }

  async end(conversation: string): Promise<void> {
    await this.client.removeUser(conversation).catch(nullIfGone);
  }

  upload(conversation: string, file: OutgoingFile): Promise<string> {
    return this.client.upload(conversation, file);
  }

  download(conversation: string, { id }: DownloadableAttachment, signal: AbortSignal): Promise<IncomingFile> {
    return this.client.content(conversation, id, signal);
  }

  update(conversation: string, change: ConversationUpdate<EightByEightHandoverSettings>): Promise<void> {
    return this.inSequence((session) => session.change(conversation, change));
  }

  /** 8x8 Chat Gateway documentation does not say whether additional properties are merged or replaced: the full list is sent. */
  private async change(conversation: string, change: ConversationUpdate<EightByEightHandoverSettings>): Promise<void> {
    const { queueId, userChanged, request } = change;
    if (!userChanged && queueId === undefined) return;
    await this.client.patchConversation(conversation, {
      ...(queueId === undefined ? {} : { assignment: { type: 'queue', id: queueId.trim() } }),
      ...(userChanged ? { user: await this.userOf(request, this.sendable(request)) } : {}),
    });
  }

  reassign(conversation: string, request: Request): Promise<void> {
    return this.inSequence((session) => session.move(conversation, request));
  }

  private async move(conversation: string, request: Request): Promise<void> {
    const { assignment, user } = this.sendable(request);
    const current = await this.client.conversation(conversation);
    if (belongsTo(current, request.handoverId)) return;
    await this.client
      .patchConversation(conversation, { assignment, user: overCurrent(current.user, user) })
      .catch((error: unknown) => {
        throw withAdvice(error, ADVICE);
      });
  }

  handBack(conversation: string): Promise<void> {
    return this.inSequence((session) => session.askBack(conversation));
  }

  /** The webhook that gets it back is the setting `webhookId`, or that of the conversation's channel: its events come here already. */
  private async askBack(conversation: string): Promise<void> {
    try {
      await this.client.assignAfterAgent(conversation, this.settings.webhookId ?? (await this.webhookOf(conversation)));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  inspect(conversation: string): Promise<Inspection> {
    return this.inSequence((session) => session.standing(conversation));
  }

  private async standing(conversation: string): Promise<Inspection> {
    // 8x8 Chat Gateway documentation: a tenant that is wrong is a 404 too. Whether the account is in order shows another call.
    const found = await findOrGone(
      () => this.client.conversationNow(conversation),
      () => this.client.conversations(0, 1),
    );
    if (found === null) return GONE;
    const read = (page: number): Promise<Page> => this.client.participants(conversation, page);
    const participants: Record<string, unknown>[] = [];
    for await (const participant of this.allOf(read, MAX_PARTICIPANT_PAGES)) participants.push(participant);
    return inspectionOf(found.conversation, participants, found.at);
  }

  /** 8x8 Chat Gateway documentation: messages are listed newest first, so reading ends where it meets known ground. */
  messagesSince(conversation: string, since: number | null): Promise<MessageList> {
    return listSince(pageAfterPage(this.messages(conversation)), since, {
      messageOf: (item) => listedMessage(item, this.settings),
      timeOf: listedAt,
      precisionMs: 1,
      maxPages: MAX_MESSAGE_PAGES,
      now: this.now,
    });
  }

  async typing(conversation: string, author: 'user' | 'bot'): Promise<void> {
    await this.client.signal(conversation, 'typing', { authorType: author });
  }

  async thinking(conversation: string, maxSeconds: number): Promise<void> {
    await this.client.signal(conversation, 'thinking', { authorType: 'bot', maxThinkingTimeSeconds: maxSeconds });
  }

  async read(conversation: string, at: Date): Promise<void> {
    await this.client.signal(conversation, 'read-receipt', { authorType: 'user', readAt: at.getTime() });
  }

  availability(queueId: string | null): Promise<QueueReading> {
    return readQueue(this.sources, queueId);
  }

  queueOf(request: Pick<Request, 'defaults' | 'settings'>): string | null {
    return queueOf(request);
  }

  check(context: CheckContext<EightByEightHandoverSettings>): Promise<CheckFinding[]> {
    return examine(this.account, this.settings, context, this.now);
  }

  ownsTenant(tenant: string): Promise<boolean | null> {
    return ownsTenant(this.account, tenant);
  }

  /** Several calls of this account in one time. */
  private inSequence<T>(work: (session: EightByEightSession) => Promise<T>): Promise<T> {
    const { settings, client, verification, now, sources, account } = this;
    return inSequence((sequence) =>
      work(new EightByEightSession(settings, client.during(sequence), verification, now, sources, account)),
    );
  }

  private async webhookOf(conversation: string): Promise<string> {
    const { channelId } = await this.client.conversation(conversation);
    const channel = typeof channelId === 'string' ? await this.client.channel(channelId) : {};
    const id = idAt(channel.webHookId ?? channel.webhookId);
    if (id !== null) return id;
    throw new ProviderError('invalid', "8x8 does not say which webhook the conversation's channel has; set webhookId");
  }

  private async userOf({ conversation }: Request, { user }: CreateConversation): Promise<WireUser> {
    if (conversation === undefined) return user;
    return overCurrent((await this.client.conversation(conversation)).user, user);
  }

  override isHandshake(webhook: RawWebhook): boolean {
    return isConnectionTest(webhook.body);
  }

  async verify(webhook: RawWebhook): Promise<VerifiedWebhook> {
    const verified = await this.verification.verify(webhook);
    return { ...verified, body: bytesWithoutLinkSecret(verified.body) };
  }

  events(webhook: VerifiedWebhook): ProviderEvent[] {
    return mapEvent(webhook.body, { systemMessages: this.settings.systemMessages });
  }

  /** The body of a request that the vendor's schema allows. @throws {ProviderError} `invalid` for any other */
  private sendable(request: Request): CreateConversation {
    const { body, errors } = createBody(request, this.settings.maxTextLength);
    if (errors.length === 0) return body;
    const reasons = errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ');
    throw new ProviderError('invalid', reasons.slice(0, 500));
  }

  private messages(conversation: string): ReadPage {
    return (page) => this.client.messages(conversation, page, MESSAGES_PER_PAGE);
  }

  private allOf(read: ReadPage, maxPages: number): AsyncGenerator<Item> {
    return readAll(pageAfterPage(read), { vendor: '8x8', maxPages, now: this.now });
  }
}

function pageAfterPage(read: ReadPage): () => Promise<Page> {
  let page = 0;
  return () => read(page++);
}

function belongsTo(conversation: Record<string, unknown>, handoverId: string): boolean {
  const properties = isPlainObject(conversation.user) ? conversation.user.additionalProperties : undefined;
  return (propertyEntries(properties) ?? []).some(([key, value]) => key === 'handoverId' && value === handoverId);
}

/** 8x8 Chat Gateway documentation: a conversation that is assigned for after its agent already is refused with these words. */
function isDuplicate(error: unknown): boolean {
  return error instanceof ProviderError && error.code === 'invalid' && /already exists/i.test(error.message);
}

/** The ids of a message's files at 8x8. */
function attachmentsOf({ attachments }: Record<string, unknown>): unknown[] {
  return Array.isArray(attachments) ? attachments.filter(isPlainObject).map(({ id }) => id) : [];
}

/** Ends of lines and blanks at the ends may change on the way. */
function sameText(theirs: unknown, ours: string): boolean {
  const plain = (text: string) => text.replaceAll('\r\n', '\n').trim();
  return typeof theirs === 'string' && plain(theirs) === plain(ours);
}
