import {
  durationMs,
  ProviderError,
  type CheckContext,
  type CheckFinding,
  type ConversationUpdate,
  type ConvertedMessage,
  type FieldError,
  type Inspection,
  type MessageContent,
  type MessageList,
  type OutboundMessage,
  type OutgoingFile,
  type ProviderContext,
  type ProviderEvent,
  type ProviderSession,
  type RawWebhook,
  type VerifiedWebhook,
} from '#contract';
import {
  AccountSession,
  at,
  bytesWithoutLinkSecret,
  findOrGone,
  GONE,
  idAt,
  inSequence,
  listAt,
  listSince,
  nullIfGone,
  readAll,
  READING_BUDGET_MS,
  refuseForeign,
  textAt,
  textOnly,
  VendorRefusal,
  wasSent,
  type IsOwn,
  type Page,
  type Sequence,
} from '#provider-kit';
import { ANSWERS, type ChatwootClient } from './client.js';
import { attributesOf, check, contactOf, settingsOf, transcriptNote, type Request } from './conversation.js';
import { checkAccount } from './doctor.js';
import { inspectionOf, listedAt, listedMessage } from './inspection.js';
import { mapEvent } from './mapping.js';
import { isOurs, isSame, MAX_TEXT, wireOf } from './message.js';
import type { ChatwootHandoverSettings, ChatwootSettings } from './settings.js';
import { checkSignature, identify } from './signature.js';

/** Of a list of messages, 20 each. */
const MAX_PAGES = 500;

/** One Chatwoot account, ready to use. */
export class ChatwootSession extends AccountSession implements ProviderSession<ChatwootHandoverSettings> {
  readonly webhookAuthority: string;
  readonly tenant: string;

  constructor(
    private readonly settings: ChatwootSettings,
    private readonly client: ChatwootClient,
    private readonly context: ProviderContext,
  ) {
    super(settings, settings.accountId);
    // Each account has its own secret, so nobody vouches for another one.
    this.webhookAuthority = context.name;
    this.tenant = settings.accountId;
  }

  validate(request: Request): FieldError[] {
    return check(request);
  }

  start(request: Request): Promise<string> {
    return inSequence((sequence) => this.during(sequence).open(request, sequence));
  }

  /** Contact and conversation; the transcript comes with the latter, as one note in the same transaction. */
  private async open(request: Request, sequence: Sequence): Promise<string> {
    const { inboxId, queueId, assigneeId, labels, priority } = settingsOf(request);
    const [contact] = await Promise.all([this.saveContact(request), this.checkTeam(queueId)]);
    const content = transcriptNote(request);
    const created = await this.client.account('POST', '/conversations', ANSWERS.thing, {
      // Of its own for each handover: an inbox that locks to a single conversation opens a new one all the same.
      source_id: request.handoverId,
      inbox_id: inboxId,
      contact_id: contact,
      team_id: queueId,
      assignee_id: assigneeId,
      status: 'open',
      custom_attributes: attributesOf(request),
      ...(content === undefined ? {} : { message: { content, private: true, message_type: 'outgoing' } }),
    });
    const id = idAt(created, 'id');
    if (id === null)
      throw new ProviderError('unknown_outcome', 'Chatwoot opened a conversation but its answer has no id');
    sequence.tookEffect(`Conversation ${id} is open in Chatwoot`);
    const list = labels?.split(',').map((label) => label.trim()).filter(Boolean); // prettier-ignore
    await Promise.all([
      list?.length && this.decorate(id, 'labels', ANSWERS.labels, { labels: list }),
      priority && this.decorate(id, 'toggle_priority', ANSWERS.empty, { priority }),
    ]);
    return this.prefix + id;
  }

  /** A handover's contact has the handover's id as its source id in the inbox, which the client API finds without a search. */
  async findStarted(handoverId: string): Promise<string | null> {
    const deadline = this.context.now() + READING_BUDGET_MS;
    for (const inbox of listAt(await this.client.account('GET', '/inboxes', ANSWERS.list), 'payload')) {
      const identifier = textAt(inbox, 'inbox_identifier');
      if (identifier === null) continue;
      if (this.context.now() > deadline)
        throw new ProviderError('unknown_outcome', 'the inboxes in Chatwoot are too many to be looked through in time');
      const path = `/contacts/${encodeURIComponent(handoverId)}/conversations`;
      const found = await this.client.contact('GET', identifier, path, ANSWERS.contactConversations).catch(nullIfGone);
      const id = Array.isArray(found) ? idAt(found[0], 'id') : null;
      if (id !== null) return this.prefix + id;
    }
    return null;
  }

  convert(message: MessageContent): ConvertedMessage {
    return textOnly(message, { vendor: 'Chatwoot', maxText: MAX_TEXT });
  }

  async send(conversation: string, message: OutboundMessage): Promise<void> {
    await this.client.account('POST', `${this.pathOf(conversation)}/messages`, ANSWERS.thing, wireOf(message));
  }

  findSent(conversation: string, message: OutboundMessage, identicalBefore: number): Promise<boolean> {
    const wanted = wireOf(message);
    const bounds = { vendor: 'Chatwoot', maxPages: MAX_PAGES, now: () => this.context.now() };
    return wasSent(readAll(this.messages(conversation), bounds), {
      isOurs,
      isSame: (item) => isSame(item, wanted),
      isUnique: wanted.attachments !== undefined,
      identicalBefore,
    });
  }

  /** A file that no message has is seen by nobody. */
  async upload(_conversation: string, file: OutgoingFile): Promise<string> {
    const id = textAt(await this.client.upload(file), 'blob_id');
    if (id === null) throw new ProviderError('unknown_outcome', 'Chatwoot took the file but its answer has no id');
    return id;
  }

  async end(conversation: string): Promise<void> {
    const closing = this.settings.resolveOnClose
      ? this.client.account('POST', `${this.pathOf(conversation)}/toggle_status`, ANSWERS.saved, { status: 'resolved' })
      : this.send(conversation, {
          author: 'bot',
          text: 'The handover is over: nobody reads on here.',
          cards: [],
          attachments: [],
        });
    await closing.catch(nullIfGone);
  }

  update(conversation: string, change: ConversationUpdate<ChatwootHandoverSettings>): Promise<void> {
    return inSequence((sequence) => this.during(sequence).change(conversation, change));
  }

  private async change(conversation: string, change: ConversationUpdate<ChatwootHandoverSettings>): Promise<void> {
    const { queueId, userChanged, request } = change;
    if (queueId !== undefined) {
      await this.checkTeam(queueId);
      await this.client.account('POST', `${this.pathOf(conversation)}/assignments`, ANSWERS.assigned, {
        team_id: queueId,
      });
    }
    if (!userChanged) return;
    const current = await this.client.account('GET', this.pathOf(conversation), ANSWERS.thing);
    await this.saveContact(request, idAt(current, 'meta', 'sender', 'id'));
    // What agents have noted stays: the call replaces all that there is.
    const custom_attributes = { ...(at(current, 'custom_attributes') as object), ...attributesOf(request) };
    await this.client.account('POST', `${this.pathOf(conversation)}/custom_attributes`, ANSWERS.attributes, {
      custom_attributes,
    });
  }

  async inspect(conversation: string): Promise<Inspection> {
    const found = await findOrGone(
      () => this.client.account('GET', this.pathOf(conversation), ANSWERS.thing),
      () => this.client.account('GET', '/inboxes', ANSWERS.list),
    );
    return found === null ? GONE : inspectionOf(found);
  }

  messagesSince(conversation: string, since: number | null): Promise<MessageList> {
    return listSince(this.messages(conversation), since, {
      messageOf: (item) => listedMessage(item, this.settings.systemMessages),
      timeOf: listedAt,
      precisionMs: 1_000,
      maxPages: MAX_PAGES,
      now: () => this.context.now(),
    });
  }

  /** As the contact: by the application API it would be the owner of the token who types. */
  async typing(conversation: string): Promise<void> {
    await this.asContact(conversation, 'toggle_typing', { typing_status: 'on' });
  }

  /** Chatwoot takes the time of the call for the time of reading. */
  async read(conversation: string): Promise<void> {
    await this.asContact(conversation, 'update_last_seen', {});
  }

  check(context: CheckContext<ChatwootHandoverSettings>): Promise<CheckFinding[]> {
    return checkAccount(this.client, context);
  }

  async verify(webhook: RawWebhook): Promise<VerifiedWebhook> {
    const { webhookSecret, webhookTolerance } = this.settings;
    if (webhookSecret !== undefined)
      checkSignature(webhook, webhookSecret, durationMs(webhookTolerance), this.context.now());
    const verified = identify(bytesWithoutLinkSecret(webhook.body));
    if (verified.tenant !== null) refuseForeign(verified.tenant, this.tenant);
    return verified;
  }

  events(webhook: VerifiedWebhook): ProviderEvent[] {
    return mapEvent(webhook.body, this.prefix, this.settings);
  }

  private during(sequence: Sequence): ChatwootSession {
    return new ChatwootSession(this.settings, this.client.during(sequence), this.context);
  }

  /** A call of the client API. The contact has the handover's id as its source id, which the conversation repeats. */
  private async asContact(conversation: string, what: string, body: object): Promise<void> {
    const current = await this.client.account('GET', this.pathOf(conversation), ANSWERS.thing);
    const inbox = await this.client.account('GET', `/inboxes/${idAt(current, 'inbox_id')}`, ANSWERS.thing);
    const [identifier, source] = [
      textAt(inbox, 'inbox_identifier'),
      textAt(current, 'custom_attributes', 'handoverId'),
    ];
    if (identifier === null || source === null)
      throw new ProviderError('unsupported', 'this conversation has no contact');
    await this.client.contact(
      'POST',
      identifier,
      `/contacts/${encodeURIComponent(source)}${this.pathOf(conversation)}/${what}`,
      ANSWERS.empty,
      body,
    );
  }

  /** Reads page after page, the newest message first. Chatwoot source: a page is in the order of the ids; behind the last one is an empty one. */
  private messages(conversation: string): () => Promise<Page> {
    let query = '';
    return async () => {
      const page = listAt(
        await this.client.account('GET', `${this.pathOf(conversation)}/messages${query}`, ANSWERS.list),
        'payload',
      );
      const oldest = idAt(page[0], 'id');
      query = `?before=${oldest}`;
      return { items: page.toReversed(), isLast: oldest === null };
    };
  }

  private pathOf(conversation: string): string {
    return `/conversations/${encodeURIComponent(this.vendorId(conversation))}`;
  }

  /**
   * Finds the contact by its identifier or creates it, and returns its id. An e-mail address or phone number that Chatwoot refuses is
   * left out: it may be another contact's, and nobody becomes that contact by naming it.
   */
  private async saveContact(request: Request, known: string | null = null): Promise<string> {
    const { identifier, ...fields } = contactOf(request);
    const id = known ?? (await this.findContact(identifier));
    if (id === null) fields.name ??= request.userId;
    const save = (details: object): Promise<unknown> =>
      id === null
        ? this.client.account('POST', '/contacts', ANSWERS.saved, { identifier, ...details })
        : this.client.account('PUT', `/contacts/${id}`, ANSWERS.saved, details);
    const saved = await save(fields).catch(async (error: unknown) => {
      const attributes = error instanceof VendorRefusal ? at(error.body, 'attributes') : [];
      const refused: unknown[] = Array.isArray(attributes) ? attributes : [];
      // Another handover of the same user has created it since it was looked for.
      if (refused.includes('identifier')) return { payload: { contact: { id: await this.findContact(identifier) } } };
      if (!refused.some((name) => name === 'email' || name === 'phone_number')) throw error;
      return save({ ...fields, ...Object.fromEntries(refused.map((name) => [name, undefined])) });
    });
    const found = id ?? idAt(saved, 'payload', 'contact', 'id');
    if (found === null) throw new ProviderError('unknown_outcome', 'Chatwoot saved a contact but its answer has no id');
    return found;
  }

  private async findContact(identifier: string): Promise<string | null> {
    const condition = {
      attribute_key: 'identifier',
      filter_operator: 'equal_to',
      values: [identifier],
      query_operator: null,
    };
    const found = await this.client.account('POST', '/contacts/filter', ANSWERS.list, { payload: [condition] });
    return idAt(
      listAt(found, 'payload').find((contact) => contact.identifier === identifier),
      'id',
    );
  }

  /** Chatwoot takes a team that does not exist for none. */
  private async checkTeam(queueId: string | undefined): Promise<void> {
    if (queueId !== undefined) await this.client.account('GET', `/teams/${encodeURIComponent(queueId)}`, ANSWERS.saved);
  }

  /** What a conversation can do without: it exists, and nobody would look again for what failed here. */
  private async decorate(conversation: string, what: string, isAnswer: IsOwn, body: object): Promise<void> {
    await this.client
      .account('POST', `/conversations/${conversation}/${what}`, isAnswer, body)
      .catch((error: Error) => {
        this.context.log.warn(
          { provider: this.context.name, conversation, what, err: error.message },
          'not set in Chatwoot',
        );
      });
  }
}
