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
import { AccountApi } from './account-api.js';
import type { AvailabilitySources } from './availability.js';
import { EightByEightClient } from './client.js';
import { ContactCenterApi } from './contact-center-api.js';
import { definition } from './definition.js';
import { KeyStore } from './key-store.js';
import { RealtimeApi } from './realtime-api.js';
import { EightByEightSession, type WebhookVerification } from './session.js';
import type { EightByEightHandoverSettings, EightByEightSettings } from './settings.js';
import { SignatureVerifier, withoutVerification } from './signature.js';
import { DEFAULT_LIMITS, Transport } from './transport.js';

/** A bot waits while it is looked whether somebody is there. */
const QUICK = { ...DEFAULT_LIMITS, connectTimeoutMs: 1_500, responseTimeoutMs: 3_000 };
const HEADER_VALUE = /^[!-~]([ -~]*[!-~])?$/;

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
    const errors: FieldError[] = [];
    if (settings.webhookVerification === 'off' && context.production) {
      errors.push({ pointer: '/webhookVerification', detail: 'must be "required" in production' });
    }
    if (!isPlainAddress(settings.baseUrl)) {
      errors.push({ pointer: '/baseUrl', detail: 'must be a URL without credentials, query or fragment' });
    }
    for (const name of ['apiKey', 'tenant'] as const) {
      const value = settings[name];
      if (value !== undefined && !HEADER_VALUE.test(value)) {
        errors.push({ pointer: `/${name}`, detail: 'must be printable ASCII characters, without blanks around them' });
      }
    }
    for (const name of ['realtimeKey', 'realtimeSecret'] as const) {
      if (settings.statistics === 'realtime' && settings[name] === undefined)
        errors.push({ pointer: `/${name}`, detail: 'is missing: statistics: realtime needs it' });
    }
    return errors;
  }

  open(settings: EightByEightSettings, context: ProviderContext): ProviderSession<EightByEightHandoverSettings> {
    const baseUrl = normalised(settings.baseUrl);
    const now = () => context.now();
    const { apiKey, tenant } = settings;
    const client = new EightByEightClient(this.transport, { baseUrl, apiKey, tenant, now, log: context.log });
    const verification = this.verification(baseUrl, settings, context);
    const sources = this.availability(baseUrl, settings, context);
    const account = accountApi(this.transport, settings, now);
    return new EightByEightSession(settings, client, verification, now, sources, account);
  }

  private availability(baseUrl: string, settings: EightByEightSettings, context: ProviderContext): AvailabilitySources {
    const { apiKey, tenant, scheduleId, statistics } = settings;
    const reader = { transport: this.quickTransport, now: () => context.now(), log: context.log };
    const contactCenter = new ContactCenterApi(reader, { baseUrl, apiKey, tenant });
    const { realtimeRegion: region, realtimeKey: key = '', realtimeSecret: secret = '' } = settings;
    const api = {
      off: null,
      contactCenter,
      realtime: new RealtimeApi(reader, { baseUrl, tenant, region, key, secret }),
    }[statistics];
    return {
      isOpen: scheduleId === undefined ? null : () => contactCenter.isOpen(scheduleId),
      queue: api && ((queueId) => api.queue(queueId)),
    };
  }

  private verification(baseUrl: string, settings: EightByEightSettings, context: ProviderContext): WebhookVerification {
    if (settings.webhookVerification === 'off') {
      context.log.warn(
        { provider: context.name },
        'webhook verification is off: anybody may send events for this provider',
      );
      return { authority: `${baseUrl}#off`, verify: async (webhook) => withoutVerification(webhook) };
    }
    const now = () => context.now();
    const toleranceMs = durationMs(settings.webhookTolerance);
    const verifier = new SignatureVerifier(this.keyStore(baseUrl, now), toleranceMs, now);
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
  const { baseUrl, apiKey, tenant, webhookToken = '' } = settings;
  const secrets = [webhookToken, encodeURIComponent(webhookToken)];
  return new AccountApi(transport, { baseUrl: normalised(baseUrl), apiKey, tenant, secrets, now });
}

function normalised(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
}
