import { HttpService } from '@nestjs/axios';
import { Injectable } from '@nestjs/common';
import {
  ContactCentre,
  type FieldError,
  type HandoverProvider,
  type ProviderContext,
  type ProviderSession,
} from '#contract';
import { accountFlaws, addressOf, secretsOf, Transport, VendorApi } from '#provider-kit';
import { definition } from './definition.js';
import { SampleVendorSession } from './session.js';
import { SampleVendorSettings, type SampleVendorHandoverSettings } from './settings.js';

/** Sample Vendor. Remembers nothing. */
@ContactCentre()
@Injectable()
export class SampleVendorProvider implements HandoverProvider<SampleVendorSettings, SampleVendorHandoverSettings> {
  readonly definition = definition;
  private readonly transport: Transport;

  constructor(http: HttpService) {
    this.transport = new Transport(http);
  }

  checkSettings(settings: SampleVendorSettings): FieldError[] {
    return accountFlaws(settings, ['apiKey']);
  }

  open(settings: SampleVendorSettings, context: ProviderContext): ProviderSession<SampleVendorHandoverSettings> {
    const api = new VendorApi(this.transport, {
      vendor: 'Sample Vendor',
      baseUrl: addressOf(settings),
      // To do: the header in which Sample Vendor wants the key.
      headers: { Accept: 'application/json', Authorization: `Bearer ${settings.apiKey}` },
      secrets: secretsOf(SampleVendorSettings, settings),
      now: () => context.now(),
      log: context.log,
    });
    return new SampleVendorSession(settings, api, context);
  }
}
