import { Setting } from '#contract';
import { AccountSettings } from '#provider-kit';
import { REALTIME_REGIONS } from './realtime-api.js';

/** An account: one tenant of one 8x8 Contact Center. */
export class EightByEightSettings extends AccountSettings {
  @Setting({
    type: 'url',
    title: 'Base URL',
    help: 'Where the Chat Gateway API is. Change it only to talk to something else, such as the simulator.',
    default: 'https://api.8x8.com',
  })
  override baseUrl: string;

  @Setting({
    type: 'string',
    title: 'API key',
    help: 'From the 8x8 Admin Console, API Keys: the key of an app with the product "Contact Center Chat Gateway". The app\'s secret is not needed.',
    required: true,
    secret: true,
  })
  apiKey: string;

  @Setting({
    type: 'string',
    title: 'Tenant',
    help: 'Sent as X-8x8-Tenant, exactly as written here. Needed when the customer owns more than one Contact Center tenant.',
    maxLength: 255,
  })
  tenant?: string;

  @Setting({
    type: 'string',
    title: 'Tenant of the webhooks',
    help: 'The Tenant Label that events carry in x-8x8-tenant-id, where it differs from the tenant above. See Configuration Manager, Home, Profile.',
    maxLength: 255,
  })
  webhookTenant?: string;

  @Setting({
    type: 'choice',
    title: 'Webhook verification',
    help: 'Whether events must carry a valid signature of 8x8. Off is for development only and refused in production.',
    choices: ['required', 'off'],
    default: 'required',
  })
  webhookVerification: 'required' | 'off';

  @Setting({
    type: 'string',
    title: 'Webhook token',
    help: "A secret of your own choosing. When set, only webhooks to /handover/eightByEight/{name}/{token} are taken. 8x8's signature covers little more than a checksum of the body, so this is worth having.",
    secret: true,
    maxLength: 255,
  })
  override webhookToken?: string;

  @Setting({
    type: 'string',
    title: 'Webhook id',
    help: "8x8's id of the webhook that gets conversations back from the agents. Left out, it is that of the conversation's channel.",
    maxLength: 255,
  })
  webhookId?: string;

  @Setting({
    type: 'number',
    title: 'Longest text',
    help: 'Texts with more characters (UTF-16 code units), also those of the transcript, are sent in parts, one after the other. 8x8 documents no limit of its own.',
    default: 4_000,
    min: 100,
    max: 100_000,
  })
  maxTextLength: number;

  @Setting({
    type: 'string',
    title: 'Schedule id',
    help: 'The schedule with the opening hours, for telling bots whether anybody is there. The key needs the product "Contact Center Schedule".',
    maxLength: 255,
  })
  scheduleId?: string;

  @Setting({
    type: 'choice',
    title: 'Statistics',
    help: 'Where the statistics of queues come from, for telling bots whether anybody is there. contactCenter: with the API key above, which needs the product "Analytics for Contact Center". realtime: with the key and secret of an app with the product "analytics realtime-api".',
    choices: ['off', 'contactCenter', 'realtime'],
    default: 'off',
  })
  statistics: 'off' | 'contactCenter' | 'realtime';

  @Setting({
    type: 'choice',
    title: 'Region of the real-time statistics',
    help: 'Where the Contact Center tenant is. Only for statistics: realtime.',
    choices: REALTIME_REGIONS,
    default: 'us',
  })
  realtimeRegion: (typeof REALTIME_REGIONS)[number];

  @Setting({
    type: 'string',
    title: 'Key of the real-time statistics',
    help: 'The key of the app, only for statistics: realtime.',
    secret: true,
  })
  realtimeKey?: string;

  @Setting({
    type: 'string',
    title: 'Secret of the real-time statistics',
    help: 'The secret of the same app.',
    secret: true,
  })
  realtimeSecret?: string;
}

/** What a handover may set for itself, over the account's defaults. */
export class EightByEightHandoverSettings {
  @Setting({
    type: 'string',
    title: 'Channel id',
    help: 'The Chat API channel that conversations are opened on: Configuration Manager, Channels, Chat API.',
    maxLength: 255,
  })
  channelId?: string;

  @Setting({
    type: 'string',
    title: 'Queue id',
    help: "The chat queue to wait in. Left out, the channel's own queue is used.",
    maxLength: 255,
  })
  queueId?: string;

  @Setting({
    type: 'object',
    title: 'JSON properties',
    help: 'Laid over the request that creates the conversation: objects merge key by key, user.additionalProperties by their key, everything else replaces.',
  })
  jsonProperties?: Record<string, unknown>;
}
