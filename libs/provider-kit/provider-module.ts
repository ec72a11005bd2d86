import { HttpModule } from '@nestjs/axios';
import { Module, type Type } from '@nestjs/common';
import type { HandoverProvider, ProviderModule } from '#contract';
import type { WebhookControllerClass } from './webhook-controller.js';

/**
 * The module that a provider's `index.ts` exports: the contact centre's class, which is given the `HttpService` that a `Transport`
 * needs, and the controller of its webhooks, which needs the gateway's `WEBHOOK_RECEIVER`.
 * @param controller what `webhookController` makes, or a class that extends it
 */
export function providerModule(
  provider: Type<HandoverProvider>,
  controller: Type<unknown> & Partial<Pick<WebhookControllerClass, 'head'>>,
): ProviderModule {
  const controllers = controller.head ? [controller.head, controller] : [controller];
  @Module({ imports: [HttpModule], controllers, providers: [provider], exports: [provider] })
  class VendorModule {}
  return VendorModule;
}
