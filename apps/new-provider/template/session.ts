import {
  durationMs,
  ProviderError,
  type FieldError,
  type OutboundMessage,
  type ProviderContext,
  type ProviderEvent,
  type ProviderSession,
  type RawWebhook,
  type StartRequest,
  type VerifiedWebhook,
} from '#contract';
import { AccountSession, bytesWithoutLinkSecret, checkHmac, idAt, parseJson, type VendorApi } from '#provider-kit';
import { definition } from './definition.js';
import { mapEvent } from './mapping.js';
import type { SampleVendorHandoverSettings, SampleVendorSettings } from './settings.js';

/** One account of Sample Vendor, ready to use. */
export class SampleVendorSession extends AccountSession implements ProviderSession<SampleVendorHandoverSettings> {
  readonly webhookAuthority: string;
  // To do: the account as events name it, where they do; then verify compares it.
  readonly tenant = null;

  constructor(
    private readonly settings: SampleVendorSettings,
    protected readonly api: VendorApi,
    private readonly context: ProviderContext,
  ) {
    // To do: where ids of conversations are plain numbers or count within an account, super(settings, <what they count within>): then
    // this.prefix goes before each id, in start, findStarted and mapEvent alike, and this.vendorId(conversation) takes it away again.
    super(settings);
    this.webhookAuthority = context.name;
  }

  // To do: the limits of Sample Vendor on what starts a conversation, each with a pointer to what is beyond it, such as
  // /settings/queueId. What counts is { ...request.defaults, ...request.settings }; the defaults may be empty.
  validate(_request: StartRequest<SampleVendorHandoverSettings>): FieldError[] {
    return [];
  }

  async start(_request: StartRequest<SampleVendorHandoverSettings>): Promise<string> {
    throw toDo(
      'start in session.ts: open a conversation with this.api.json and return its id; an answer without one is an unknown_outcome',
    );
  }

  async send(_conversation: string, _message: OutboundMessage): Promise<void> {
    throw toDo('send in session.ts: send the message with this.api.call (or json, where the answer matters)');
  }

  async end(_conversation: string): Promise<void> {
    throw toDo(
      'end in session.ts: end the conversation with this.api.call; nullIfGone takes one that is gone for ended',
    );
  }

  // To do: how Sample Vendor signs its events, and the id by which an event is known again; isHandshake, where it has a connection test.
  // Where it signs nothing: declare webhookToken anew as required in place of webhookSecret, and return key and body only.
  async verify(webhook: RawWebhook): Promise<VerifiedWebhook> {
    const toleranceMs = durationMs(this.settings.webhookTolerance);
    checkHmac(
      webhook,
      this.settings.webhookSecret,
      {
        vendor: definition.title,
        header: 'x-signature',
        algorithm: 'sha256',
        encoding: 'hex',
        prefix: '',
        timestamp: { header: 'x-timestamp', separator: '.', toleranceMs },
      },
      this.context.now(),
    );
    // Vendors repeat what they were given, the copilot's link as well.
    const body = bytesWithoutLinkSecret(webhook.body);
    // To do: refuseForeign(<the account that the event names>, this.tenant), where it names one.
    return { key: idAt(parseJson(body), 'id'), tenant: this.tenant, body };
  }

  events(webhook: VerifiedWebhook): ProviderEvent[] {
    return mapEvent(webhook.body, this.prefix);
  }
}

const toDo = (what: string): ProviderError => new ProviderError('unsupported', `to do: ${what}`);
