import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import {
  ContactCentre,
  type FieldError,
  type HandoverProvider,
  type ProviderContext,
  type ProviderSession,
} from '#contract';
import { accountFlaws, addressOf, DEFAULT_LIMITS, secretsOf, Transport } from '#provider-kit';
import { ChatwootClient } from './client.js';
import { definition } from './definition.js';
import { ChatwootSession } from './session.js';
import { ChatwootSettings, type ChatwootHandoverSettings } from './settings.js';

/** Of one call, so that three one after the other end within 30 s. Those of a start or an update, which are more, have one time for all. */
const LIMITS = { ...DEFAULT_LIMITS, connectTimeoutMs: 2_000, responseTimeoutMs: 8_000 };

/** Chatwoot, through an inbox of the channel "API". Remembers nothing. */
@ContactCentre()
@Injectable()
export class ChatwootProvider implements HandoverProvider<ChatwootSettings, ChatwootHandoverSettings> {
  readonly definition = definition;

  private readonly transport: Transport;

  constructor(http: HttpService) {
    this.transport = new Transport(http, LIMITS);
  }

  checkSettings(settings: ChatwootSettings, { production }: ProviderContext): FieldError[] {
    const { accountId, webhookSecret, webhookToken } = settings;
    const isProven = webhookSecret !== undefined || webhookToken !== undefined || !production;
    const rules: [boolean, string, string][] = [
      [/^[1-9]\d{0,17}$/.test(accountId), '/accountId', 'must be the number of a Chatwoot account'],
      [isProven, '/webhookSecret', 'is missing: in production set it, or webhookToken, so that events can be trusted'],
    ];
    const flaws = rules.flatMap(([isRight, pointer, detail]) => (isRight ? [] : [{ pointer, detail }]));
    return [...accountFlaws(settings, ['apiAccessToken']), ...flaws];
  }

  open(settings: ChatwootSettings, context: ProviderContext): ProviderSession<ChatwootHandoverSettings> {
    const { accountId, apiAccessToken: token, webhookSecret, webhookToken } = settings;
    if (webhookSecret === undefined && webhookToken === undefined)
      context.log.warn(
        { provider: context.name },
        'no webhookSecret, no webhookToken: anybody may send events for this provider',
      );
    const secrets = secretsOf(ChatwootSettings, settings);
    const where = { baseUrl: addressOf(settings), accountId, token, secrets };
    const client = new ChatwootClient(this.transport, { ...where, now: () => context.now(), log: context.log });
    return new ChatwootSession(settings, client, context);
  }
}
