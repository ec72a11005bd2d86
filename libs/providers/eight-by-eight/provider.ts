import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import {
  ContactCentre,
  durationMs,
  type FieldError,
  type HandoverProvider,
  type ProviderContext,
  type ProviderSession,
} from '#contract';
import { accountFlaws, addressOf, DEFAULT_LIMITS, secretsOf, Transport } from '#provider-kit';
import { AccountApi } from './account-api.js';
import type { AvailabilitySources } from './availability.js';
import { EightByEightClient, type ClientOptions } from './client.js';
import { ContactCenterApi } from './contact-center-api.js';
import { definition } from './definition.js';
import { KeyStore } from './key-store.js';
import { RealtimeApi } from './realtime-api.js';
import { EightByEightSession, type WebhookVerification } from './session.js';
import { EightByEightSettings, type EightByEightHandoverSettings } from './settings.js';
import { SignatureVerifier, withoutVerification } from './signature.js';

/** Where an account is, and what opens it. */
type Access = ClientOptions;

/** A bot waits while it is looked whether somebody is there. */
const QUICK = { ...DEFAULT_LIMITS, connectTimeoutMs: 1_500, responseTimeoutMs: 3_000 };

/** 8x8 Contact Center behind the Chat Gateway v1.0. Remembers nothing but the public keys of 8x8. */
@ContactCentre()
@Injectable()
export class EightByEightProvider implements HandoverProvider<EightByEightSettings, EightByEightHandoverSettings> {
  readonly definition = definition;
  private readonly transport: Transport;
  private readonly quickTransport: Transport;
  private readonly keyStores = new Map<string, KeyStore>();

  constructor(http: HttpService) {
    this.transport = new Transport(http);
    this.quickTransport = new Transport(http, QUICK);
  }

  checkSettings(settings: EightByEightSettings, context: ProviderContext): FieldError[] {
    const errors = accountFlaws(settings, ['apiKey', 'tenant']);
    if (settings.webhookVerification === 'off' && context.production) {
      errors.push({ pointer: '/webhookVerification', detail: 'must be "required" in production' });
    }
    for (const name of ['realtimeKey', 'realtimeSecret'] as const) {
      if (settings.statistics === 'realtime' && settings[name] === undefined)
        errors.push({ pointer: `/${name}`, detail: 'is missing: statistics: realtime needs it' });
    }
    return errors;
  }

  open(settings: EightByEightSettings, context: ProviderContext): ProviderSession<EightByEightHandoverSettings> {
    const { apiKey, tenant } = settings;
    const access: Access = {
      baseUrl: addressOf(settings),
      apiKey,
      tenant,
      secrets: secretsOf(EightByEightSettings, settings),
      now: () => context.now(),
      log: context.log,
    };
    return new EightByEightSession(
      settings,
      new EightByEightClient(this.transport, access),
      this.verification(access, settings, context),
      access.now,
      this.availability(access, settings),
      new AccountApi(this.transport, access),
    );
  }

  private availability(access: Access, settings: EightByEightSettings): AvailabilitySources {
    const {
      scheduleId,
      statistics,
      realtimeRegion: region,
      realtimeKey: key = '',
      realtimeSecret: secret = '',
    } = settings;
    const contactCenter = new ContactCenterApi(this.quickTransport, access);
    const api = {
      off: null,
      contactCenter,
      realtime: new RealtimeApi(this.quickTransport, { ...access, region, key, secret }),
    }[statistics];
    return {
      isOpen: scheduleId === undefined ? null : () => contactCenter.isOpen(scheduleId),
      queue: api && ((queueId) => api.queue(queueId)),
    };
  }

  private verification(
    { baseUrl, now }: Access,
    settings: EightByEightSettings,
    context: ProviderContext,
  ): WebhookVerification {
    if (settings.webhookVerification === 'off') {
      context.log.warn(
        { provider: context.name },
        'webhook verification is off: anybody may send events for this provider',
      );
      return { authority: `${baseUrl}#off`, verify: async (webhook) => withoutVerification(webhook) };
    }
    const toleranceMs = durationMs(settings.webhookTolerance);
    const keys = this.keyStore(baseUrl, now);
    const tenant = settings.webhookTenant ?? settings.tenant;
    if (tenant !== undefined) keys.expect(tenant);
    const verifier = new SignatureVerifier(keys, toleranceMs, now);
    return { authority: `${baseUrl}#required,${toleranceMs}`, verify: (webhook) => verifier.verify(webhook) };
  }

  /** Accounts at the same address share the keys: they are 8x8's, not the customer's. */
  private keyStore(baseUrl: string, now: () => number): KeyStore {
    const known = this.keyStores.get(baseUrl) ?? new KeyStore(this.transport, { baseUrl, now });
    this.keyStores.set(baseUrl, known);
    return known;
  }
}

/** The administrator's side of an account. */
export function accountApi(transport: Transport, settings: EightByEightSettings, now: () => number): AccountApi {
  const { apiKey, tenant } = settings;
  return new AccountApi(transport, {
    baseUrl: addressOf(settings),
    apiKey,
    tenant,
    secrets: secretsOf(EightByEightSettings, settings),
    now,
  });
}
