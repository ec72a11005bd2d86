import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import {
  ContactCentre,
  CONTRACT_VERSION,
  type FieldError,
  type HandoverProvider,
  type ProviderContext,
  type ProviderDefinition,
  type ProviderSession,
} from '#contract';
import { ChatwootClient } from './client.js';
import { ChatwootSession } from './session.js';
import { ChatwootHandoverSettings, ChatwootSettings } from './settings.js';

/** Chatwoot, through an inbox of the channel "API". Remembers nothing. */
@ContactCentre()
@Injectable()
export class ChatwootProvider implements HandoverProvider<ChatwootSettings, ChatwootHandoverSettings> {
  readonly definition: ProviderDefinition<ChatwootSettings, ChatwootHandoverSettings> = {
    key: 'chatwoot',
    contractVersion: CONTRACT_VERSION,
    title: 'Chatwoot',
    docsUrl: 'https://developers.chatwoot.com/api-reference/introduction',
    capabilities: [
      'update',
      'findStarted',
      'findSent',
      'convert',
      'upload',
      'typing',
      'read',
      'check',
      'inspect',
      'messagesSince',
    ],
    settings: ChatwootSettings,
    handoverSettings: ChatwootHandoverSettings,
  };

  constructor(private readonly http: HttpService) {}

  checkSettings(settings: ChatwootSettings, { production }: ProviderContext): FieldError[] {
    const { baseUrl, accountId, apiAccessToken, webhookSecret, webhookToken } = settings;
    const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null;
    const isPlain = url !== null && url.username + url.password + url.search + url.hash === '';
    const isProven = webhookSecret !== undefined || webhookToken !== undefined || !production;
    const rules: [boolean, string, string][] = [
      [isPlain, '/baseUrl', 'must be a URL without credentials, query or fragment'],
      [/^[1-9]\d{0,17}$/.test(accountId), '/accountId', 'must be the number of a Chatwoot account'],
      [/^[!-~]+$/.test(apiAccessToken), '/apiAccessToken', 'must be printable ASCII characters without blanks'],
      [isProven, '/webhookSecret', 'is missing: in production set it, or webhookToken, so that events can be trusted'],
    ];
    return rules.flatMap(([isRight, pointer, detail]) => (isRight ? [] : [{ pointer, detail }]));
  }

  open(settings: ChatwootSettings, context: ProviderContext): ProviderSession<ChatwootHandoverSettings> {
    const { baseUrl, accountId, apiAccessToken, webhookSecret, webhookToken } = settings;
    if (webhookSecret === undefined && webhookToken === undefined)
      context.log.warn(
        { provider: context.name },
        'no webhookSecret, no webhookToken: anybody may send events for this provider',
      );
    const { origin, pathname } = new URL(baseUrl);
    const address = `${origin}${pathname}`.replace(/\/+$/, '');
    const options = { baseUrl: address, accountId, token: apiAccessToken };
    const client = new ChatwootClient(this.http, options, () => context.now(), context.log);
    return new ChatwootSession(settings, client, context);
  }
}
