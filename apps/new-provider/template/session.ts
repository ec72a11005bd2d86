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
import { AccountSession, checkHmac, idAt, parseJson, type VendorApi } from '#provider-kit';
import { mapEvent } from './mapping.js';
import type { SampleVendorHandoverSettings, SampleVendorSettings } from './settings.js';

/** One account of Sample Vendor, ready to use. */
export class SampleVendorSession extends AccountSession implements ProviderSession<SampleVendorHandoverSettings> {
  readonly webhookAuthority: string;
  // To do: the account as events name it, where they do.
  readonly tenant = null;

  constructor(
    private readonly settings: SampleVendorSettings,
    protected readonly api: VendorApi,
    private readonly context: ProviderContext,
  ) {
    super(settings);
    this.webhookAuthority = context.name;
  }

  // To do: the limits of Sample Vendor on what starts a conversation, each with a pointer to what is beyond it.
  validate(_request: StartRequest<SampleVendorHandoverSettings>): FieldError[] {
    return [];
  }

  async start(_request: StartRequest<SampleVendorHandoverSettings>): Promise<string> {
    throw toDo('start in session.ts: open a conversation with this.api and return its id');
  }

  async send(_conversation: string, _message: OutboundMessage): Promise<void> {
    throw toDo('send in session.ts: send the message with this.api');
  }

  async end(_conversation: string): Promise<void> {
    throw toDo('end in session.ts: end the conversation with this.api; nullIfGone takes one that is gone for ended');
  }

  // To do: what the connection test of Sample Vendor looks like, where it has one.
  isHandshake(): boolean {
    return false;
  }

  // To do: how Sample Vendor signs its events, and the id by which an event is known again.
  async verify(webhook: RawWebhook): Promise<VerifiedWebhook> {
    const toleranceMs = durationMs(this.settings.webhookTolerance);
    checkHmac(
      webhook,
      this.settings.webhookSecret,
      {
        vendor: 'Sample Vendor',
        header: 'x-signature',
        algorithm: 'sha256',
        encoding: 'hex',
        timestamp: { header: 'x-timestamp', separator: '.', toleranceMs },
      },
      this.context.now(),
    );
    return { key: idAt(parseJson(webhook.body), 'id'), tenant: null, body: webhook.body };
  }

  events(webhook: VerifiedWebhook): ProviderEvent[] {
    return mapEvent(webhook.body);
  }
}

const toDo = (what: string): ProviderError => new ProviderError('unsupported', `to do: ${what}`);
