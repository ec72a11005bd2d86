import { Setting } from '#contract';
import { AccountSettings } from '#provider-kit';

/** An account of one Chatwoot installation. */
export class ChatwootSettings extends AccountSettings {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where Chatwoot is.', default: 'https://app.chatwoot.com' })
  override baseUrl: string;
  @Setting({ type: 'string', title: 'Account id', help: "After /accounts/ in Chatwoot's addresses.", required: true })
  accountId: string;
  @Setting({ type: 'string', title: 'API access token', help: "Of the inbox's agent.", required: true, secret: true })
  apiAccessToken: string;
  @Setting({ type: 'string', title: 'Webhook secret', help: 'What the inbox signs its events with.', secret: true })
  webhookSecret?: string;
  @Setting({ type: 'boolean', title: 'Resolve on close', help: 'Or only note what is over.', default: true })
  resolveOnClose: boolean;
}

/** What a handover may set for itself, over the account's defaults. */
export class ChatwootHandoverSettings {
  @Setting({ type: 'string', title: 'Inbox id', help: 'The inbox to open conversations in; its channel is API.' })
  inboxId?: string;
  @Setting({ type: 'string', title: 'Queue id', help: 'The id of the team to wait for; else the whole inbox.' })
  queueId?: string;
  @Setting({ type: 'string', title: 'Assignee id', help: 'The id of the agent to give the conversation to.' })
  assigneeId?: string;
  @Setting({ type: 'string', title: 'Labels', help: 'Labels of the conversation, with commas between them.' })
  labels?: string;
  @Setting({ type: 'choice', title: 'Priority', help: 'Its urgency.', choices: ['low', 'medium', 'high', 'urgent'] })
  priority?: string;
  @Setting({ type: 'object', title: 'Custom attributes', help: 'More custom attributes of the conversation.' })
  customAttributes?: Record<string, unknown>;
}
