import { Setting } from '#contract';
import { AccountSettings } from '#provider-kit';

/** One account of Sample Vendor. To do: what tells accounts apart, and what proves who asks and who sends. */
export class SampleVendorSettings extends AccountSettings {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where the API of Sample Vendor is.', required: true })
  override baseUrl: string;
  @Setting({ type: 'string', title: 'API key', help: 'What proves who asks.', required: true, secret: true })
  apiKey: string;
  @Setting({ type: 'string', title: 'Webhook secret', help: 'What signs the events.', required: true, secret: true })
  webhookSecret: string;
}

/** What a handover may set for itself, over the account's defaults. */
export class SampleVendorHandoverSettings {
  @Setting({ type: 'string', title: 'Queue id', help: 'The queue to wait in.' })
  queueId?: string;
}
