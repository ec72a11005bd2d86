import { Setting } from '#contract';

/** An account of one Chatwoot installation. */
export class ChatwootSettings {
  @Setting({ type: 'url', title: 'Base URL', help: 'Where Chatwoot is.', default: 'https://app.chatwoot.com' })
  baseUrl: string;
  @Setting({ type: 'string', title: 'Account id', help: "After /accounts/ in Chatwoot's addresses.", required: true })
  accountId: string;
  @Setting({ type: 'string', title: 'API access token', help: "Of the inbox's agent.", required: true, secret: true })
  apiAccessToken: string;
  @Setting({ type: 'string', title: 'Webhook secret', help: 'What the inbox signs its events with.', secret: true })
  webhookSecret?: string;
  @Setting({ type: 'string', title: 'Webhook token', help: "Your own: ends the webhook's address.", secret: true })
  webhookToken?: string;
  @Setting({ type: 'duration', title: 'Webhook tolerance', help: 'How far from now it was signed.', default: '5m' })
  webhookTolerance: string;
  @Setting({ type: 'duration', title: 'End grace', help: 'How long a leaving may be a transfer.', default: '10s' })
  endGrace: string;
  @Setting({ type: 'duration', title: 'Give up after', help: 'How long failures are tried again.', default: '24h' })
  giveUpAfter: string;
  @Setting({
    type: 'duration',
    title: 'Reconcile',
    help: 'How often open conversations are compared with Chatwoot, which sends each event once.',
    canBeOff: true,
    min: '1s',
    max: '24h',
    default: '60s',
  })
  reconcile: string;
  @Setting({ type: 'boolean', title: 'System messages', help: 'Pass on what bots there say.', default: false })
  systemMessages: boolean;
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
