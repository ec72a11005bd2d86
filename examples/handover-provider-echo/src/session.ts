import {
  durationMs,
  ProviderError,
  type ConvertedMessage,
  type FieldError,
  type Inspection,
  type MessageContent,
  type MessageList,
  type OutboundMessage,
  type ProviderContext,
  type ProviderEvent,
  type ProviderSession,
  type RawWebhook,
  type StartRequest,
  type VerifiedWebhook,
} from 'handover-gateway/contract';
import {
  AccountSession,
  at,
  bytesWithoutLinkSecret,
  checkHmac,
  GONE,
  idAt,
  listAt,
  listed,
  namedAt,
  nullIfGone,
  parseJson,
  refuseForeign,
  textOnly,
  timeOf,
  type VendorApi,
} from 'handover-gateway/provider-kit';
import { mapEvent, messageOf } from './mapping.js';
import type { EchoHandoverSettings, EchoSettings } from './settings.js';

/** Of one message, in UTF-16 code units. */
const MAX_TEXT = 4_000;
/** Of what was said before, Echo Desk takes so many lines. */
const MAX_HISTORY = 100;

/** One account of Echo Desk, ready to use. */
export class EchoSession extends AccountSession implements ProviderSession<EchoHandoverSettings> {
  readonly webhookAuthority: string;
  readonly tenant: string;
  private readonly api: VendorApi;

  /** @param connect gives the API that never repeats these secrets, nor those of the account */
  constructor(
    private readonly settings: EchoSettings,
    private readonly connect: (...secrets: string[]) => VendorApi,
    private readonly context: ProviderContext,
  ) {
    super(settings);
    this.api = connect();
    // Each account has its own secret, so nobody vouches for another one.
    this.webhookAuthority = context.name;
    this.tenant = settings.account;
  }

  validate({ settings }: StartRequest<EchoHandoverSettings>): FieldError[] {
    const isQueue = settings.queueId === undefined || /^[a-z0-9-]{1,64}$/.test(settings.queueId);
    return isQueue ? [] : [{ pointer: '/settings/queueId', detail: 'must be small letters, digits and hyphens' }];
  }

  /** Echo Desk opens one chat for a `reference`, and refuses a second one. */
  async start(request: StartRequest<EchoHandoverSettings>): Promise<string> {
    const { user, userId, transcript, copilotUrl, handoverId, defaults, settings } = request;
    const chat = await this.connect(copilotUrl ?? '').json('POST', '/chats', {
      reference: handoverId,
      queue: settings.queueId ?? defaults.queueId,
      customer: { id: user.customerId ?? userId, name: user.name, email: user.email, link: copilotUrl ?? undefined },
      history: transcript.slice(-MAX_HISTORY).map(({ author, text }) => ({ author, text: text.slice(0, MAX_TEXT) })),
    });
    const id = idAt(chat, 'id');
    if (id === null) throw new ProviderError('unknown_outcome', 'Echo Desk opened a chat but its answer has no id');
    return id;
  }

  async findStarted(handoverId: string): Promise<string | null> {
    const found = await this.api.json('GET', `/chats?reference=${encodeURIComponent(handoverId)}`);
    return idAt(listAt(found, 'chats')[0], 'id');
  }

  convert(message: MessageContent): ConvertedMessage {
    return textOnly(message, { vendor: 'Echo Desk', maxText: MAX_TEXT });
  }

  async send(conversation: string, { author, text }: OutboundMessage): Promise<void> {
    await this.api.call('POST', `${pathOf(conversation)}/messages`, { author, text });
  }

  /** Echo Desk lists messages as they were sent, so the last ones of ours tell. */
  async findSent(conversation: string, message: OutboundMessage, identicalBefore: number): Promise<boolean> {
    const list = listAt(await this.api.json('GET', `${pathOf(conversation)}/messages`), 'messages');
    const ours = list.filter(({ author }) => author === 'user' || author === 'bot').reverse();
    const other = ours.findIndex(({ author, text }) => author !== message.author || text !== message.text);
    return (other < 0 ? ours.length : other) > identicalBefore;
  }

  async end(conversation: string): Promise<void> {
    await this.api.call('POST', `${pathOf(conversation)}/close`).catch(nullIfGone);
  }

  /** A path that leads nowhere is a 404 too: that the address is right shows another call. */
  async inspect(conversation: string): Promise<Inspection> {
    const chat = await this.api.json('GET', pathOf(conversation)).catch(nullIfGone);
    if (chat === null) {
      await this.findStarted('none');
      return GONE;
    }
    const agents = listAt(chat, 'agents').flatMap((agent) => namedAt(agent) ?? []);
    const state = at(chat, 'state') === 'closed' ? 'ended' : 'open';
    return { state, agents, queue: namedAt(chat, 'queue'), hasUserLeft: false, at: timeOf(at(chat, 'now')) };
  }

  async messagesSince(conversation: string, since: number | null): Promise<MessageList> {
    const list = listAt(await this.api.json('GET', `${pathOf(conversation)}/messages`), 'messages');
    const messages = list.flatMap((item) => listed(messageOf(item), idAt(item, 'id'), timeOf(item.at)));
    return { messages: messages.filter((message) => since === null || message.at >= since), from: null };
  }

  async verify(webhook: RawWebhook): Promise<VerifiedWebhook> {
    const toleranceMs = durationMs(this.settings.webhookTolerance);
    checkHmac(
      webhook,
      this.settings.webhookSecret,
      {
        vendor: 'Echo Desk',
        header: 'echo-signature',
        algorithm: 'sha256',
        encoding: 'hex',
        timestamp: { header: 'echo-timestamp', separator: '.', toleranceMs },
      },
      this.context.now(),
    );
    const event = parseJson(webhook.body);
    const [key, tenant] = [idAt(event, 'id'), idAt(event, 'account')];
    refuseForeign(tenant, this.tenant);
    // Echo Desk repeats what it was given, the copilot's link as well.
    return { key, tenant, body: bytesWithoutLinkSecret(webhook.body) };
  }

  events({ body }: VerifiedWebhook): ProviderEvent[] {
    return mapEvent(body);
  }
}

const pathOf = (conversation: string): string => `/chats/${encodeURIComponent(conversation)}`;
