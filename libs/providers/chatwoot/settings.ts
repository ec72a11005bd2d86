import { Setting } from '#contract';
import { AccountSettings } from '#provider-kit';

/** An account of one Chatwoot installation. */
export class ChatwootSettings extends AccountSettings {
  @Setting({
    type: 'url',
    title: 'Base URL',
    help: 'Where Chatwoot is: its address, without /api.',
    default: 'https://app.chatwoot.com',
  })
  override baseUrl: string;
  @Setting({
    type: 'string',
    title: 'Account id',
    help: "The number after /accounts/ in the addresses of Chatwoot's dashboard.",
    required: true,
  })
  accountId: string;
  @Setting({
    type: 'string',
    title: 'API access token',
    help: 'From Profile Settings, Access Token, of a user who is an agent of the inbox.',
    required: true,
    secret: true,
  })
  apiAccessToken: string;
  @Setting({
    type: 'string',
    title: 'Webhook secret',
    help: 'What the inbox signs its events with, from Chatwoot 4.13 on: shown in the settings of the inbox.',
    secret: true,
  })
  webhookSecret?: string;
  @Setting({
    type: 'boolean',
    title: 'Resolve on close',
    help: 'Whether a conversation that the bot closes is resolved. Otherwise it stays open, with a note.',
    default: true,
  })
  resolveOnClose: boolean;
}

/** What a handover may set for itself, over the account's defaults. */
export class ChatwootHandoverSettings {
  @Setting({
    type: 'string',
    title: 'Inbox id',
    help: 'The inbox to open conversations in; its channel is API. The number after /inbox/ in its address.',
  })
  inboxId?: string;
  @Setting({
    type: 'string',
    title: 'Queue id',
    help: 'The id of the team to wait for, after /team/ in its address. Left out, the whole inbox.',
  })
  queueId?: string;
  @Setting({ type: 'string', title: 'Assignee id', help: 'The id of the agent to give the conversation to.' })
  assigneeId?: string;
  @Setting({ type: 'string', title: 'Labels', help: 'Labels of the conversation, with commas between them.' })
  labels?: string;
  @Setting({
    type: 'choice',
    title: 'Priority',
    help: 'How urgent the conversation is.',
    choices: ['low', 'medium', 'high', 'urgent'],
  })
  priority?: string;
  @Setting({ type: 'object', title: 'Custom attributes', help: 'More custom attributes of the conversation.' })
  customAttributes?: Record<string, unknown>;
}
