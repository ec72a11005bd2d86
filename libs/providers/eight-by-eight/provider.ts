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
import { EightByEightClient } from './client.js';
import { definition } from './definition.js';
import { KeyStore } from './key-store.js';
import { EightByEightSession, type WebhookVerification } from './session.js';
import type { EightByEightHandoverSettings, EightByEightSettings } from './settings.js';
import { SignatureVerifier, withoutVerification } from './signature.js';
import { Transport } from './transport.js';

const HEADER_VALUE = /^[!-~]([ -~]*[!-~])?$/;

/** 8x8 Contact Center behind the Chat Gateway v1.0. Remembers nothing but the public keys of 8x8. */
@ContactCentre()
@Injectable()
export class EightByEightProvider implements HandoverProvider<EightByEightSettings, EightByEightHandoverSettings> {
  readonly definition = definition;
  private readonly transport: Transport;
  private readonly keyStores = new Map<string, KeyStore>();

  constructor(http: HttpService) {
    this.transport = new Transport(http);
  }

  checkSettings(settings: EightByEightSettings, context: ProviderContext): FieldError[] {
    const errors: FieldError[] = [];
    if (settings.webhookVerification === 'off' && context.production) {
      errors.push({ pointer: '/webhookVerification', detail: 'must be "required" in production' });
    }
    if (!isPlainAddress(settings.baseUrl)) {
      errors.push({ pointer: '/baseUrl', detail: 'must be a URL without credentials, query or fragment' });
    }
    if (settings.reconcile !== 'off' && !isInterval(durationMs(settings.reconcile))) {
      errors.push({ pointer: '/reconcile', detail: 'must be 1s to 24h, or off' });
    }
    for (const name of ['apiKey', 'tenant'] as const) {
      const value = settings[name];
      if (value !== undefined && !HEADER_VALUE.test(value)) {
        errors.push({ pointer: `/${name}`, detail: 'must be printable ASCII characters, without blanks around them' });
      }
    }
    return errors;
  }

  open(settings: EightByEightSettings, context: ProviderContext): ProviderSession<EightByEightHandoverSettings> {
    const baseUrl = normalised(settings.baseUrl);
    const now = () => context.now();
    const { apiKey, tenant } = settings;
    const client = new EightByEightClient(this.transport, { baseUrl, apiKey, tenant, now, log: context.log });
    return new EightByEightSession(settings, client, this.verification(baseUrl, settings, context), now);
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

function normalised(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname}`.replace(/\/+$/, '');
}

function isInterval(milliseconds: number): boolean {
  return milliseconds >= 1_000 && milliseconds <= 86_400_000;
}

function isPlainAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return username === '' && password === '' && search === '' && hash === '';
}
