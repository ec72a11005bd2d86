import { HttpModule } from '@nestjs/axios';
import { Module, type Type } from '@nestjs/common';
import type { HandoverProvider, ProviderModule } from '#contract';

/**
 * The module that a provider's `index.ts` exports: the contact centre's class, which is given the `HttpService` that a `Transport`
 * needs, and the controller of its webhooks, which needs the gateway's `WEBHOOK_RECEIVER`.
 */
export function providerModule(provider: Type<HandoverProvider>, controller: Type<unknown>): ProviderModule {
  @Module({ imports: [HttpModule], controllers: [controller], providers: [provider], exports: [provider] })
  class VendorModule {}
  return VendorModule;
}
