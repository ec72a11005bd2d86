import { SetMetadata, type Type } from '@nestjs/common';
import type { RawWebhook } from './provider.js';

/** Metadata key under which the gateway discovers contact centres among all Nest providers. */
export const CONTACT_CENTRE = 'handover:contact-centre';

/**
 * This copy of the contract, as `@ContactCentre()` leaves it on a class. Errors, settings and the receiver of one copy mean nothing to
 * another one, so a gateway takes only contact centres that were written with its own.
 */
export const CONTRACT_COPY = Symbol('contract');

/**
 * Marks an injectable class that implements `HandoverProvider`. A provider's folder exports, as default of its `index.ts`,
 * a Nest module that provides such a class and its webhook controller; nothing else has to know the folder. A package exports the same.
 */
export const ContactCentre = (): ClassDecorator => SetMetadata(CONTACT_CENTRE, CONTRACT_COPY);

/** What a provider folder's `index.ts` exports as default. */
export type ProviderModule = Type<unknown>;

/** Injection token of the `WebhookReceiver`. */
export const WEBHOOK_RECEIVER = Symbol('WebhookReceiver');

/** Where a webhook controller puts what arrived. */
export interface WebhookReceiver {
  /**
   * Verifies and stores a webhook. Resolves once it is committed (or needs no commit) and 2xx may be answered.
   * Rejects with an error that the gateway's error filter answers with 400, 401, 404 or 503.
   * @param type the provider's key
   * @param name the provider named in the path, if any
   * @param token the secret in the path, if any
   */
  receive(webhook: RawWebhook & { type: string; name?: string; token?: string }): Promise<void>;
  /**
   * Whether webhooks are taken at this address, for a vendor that asks before it uses one. Changes and notes nothing.
   * Throws what `receive` would reject with for the address alone, answered with 401 or 404.
   */
  confirm(address: { type: string; name?: string; token?: string }): void;
}
