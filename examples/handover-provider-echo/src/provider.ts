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
} from 'handover-gateway/contract';
import { accountFlaws, addressOf, secretsOf, Transport, VendorApi } from 'handover-gateway/provider-kit';
import { EchoSession } from './session.js';
import { EchoHandoverSettings, EchoSettings } from './settings.js';

/** Echo Desk, a contact centre that does not exist. */
@ContactCentre()
@Injectable()
export class EchoProvider implements HandoverProvider<EchoSettings, EchoHandoverSettings> {
  readonly definition: ProviderDefinition<EchoSettings, EchoHandoverSettings> = {
    key: 'echo',
    contractVersion: CONTRACT_VERSION,
    title: 'Echo Desk',
    docsUrl: 'https://docs.echo-desk.example',
    capabilities: ['findStarted', 'findSent', 'convert', 'inspect', 'messagesSince'],
    settings: EchoSettings,
    handoverSettings: EchoHandoverSettings,
  };
  private readonly transport: Transport;

  constructor(http: HttpService) {
    this.transport = new Transport(http);
  }

  checkSettings(settings: EchoSettings): FieldError[] {
    return accountFlaws(settings, ['apiKey', 'account']);
  }

  open(settings: EchoSettings, context: ProviderContext): ProviderSession<EchoHandoverSettings> {
    const connect = (...secrets: string[]): VendorApi =>
      new VendorApi(this.transport, {
        vendor: 'Echo Desk',
        baseUrl: addressOf(settings),
        headers: { Accept: 'application/json', Authorization: `Bearer ${settings.apiKey}` },
        secrets: [...secretsOf(EchoSettings, settings), ...secrets],
        now: () => context.now(),
        log: context.log,
      });
    return new EchoSession(settings, connect, context);
  }
}
