import { Setting } from 'handover-gateway/contract';
import { AccountSettings } from 'handover-gateway/provider-kit';

/** One account of Echo Desk. */
export class EchoSettings extends AccountSettings {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where the API is.', default: 'https://api.echo-desk.example' })
  override baseUrl: string;
  @Setting({ type: 'string', title: 'Account', help: 'Its id, from "Account" in the menu.', required: true })
  account: string;
  @Setting({ type: 'string', title: 'API key', help: 'From "Keys" in the menu.', required: true, secret: true })
  apiKey: string;
  @Setting({ type: 'string', title: 'Webhook secret', help: 'Signs the events.', required: true, secret: true })
  webhookSecret: string;
}

/** What a handover may set for itself. */
export class EchoHandoverSettings {
  @Setting({ type: 'string', title: 'Queue id', help: "The queue to wait in; without it the account's first one." })
  queueId?: string;
}
