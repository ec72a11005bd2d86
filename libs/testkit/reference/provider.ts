import {
  CONTRACT_VERSION,
  type FieldError,
  type HandoverProvider,
  type ProviderContext,
  type ProviderDefinition,
} from '#contract';
import { ParleyClient } from './client.js';
import { ParleySession } from './session.js';
import { ParleyHandoverSettings, ParleySettings } from './settings.js';

/** A provider that does everything right, for an invented vendor: what the suite itself is tested with. */
export class ParleyProvider implements HandoverProvider<ParleySettings, ParleyHandoverSettings> {
  definition: ProviderDefinition<ParleySettings, ParleyHandoverSettings> = {
    key: 'parley',
    contractVersion: CONTRACT_VERSION,
    title: 'Parley',
    docsUrl: 'https://parley.example/docs',
    capabilities: [
      'update',
      'findStarted',
      'findSent',
      'convert',
      'upload',
      'download',
      'typing',
      'thinking',
      'read',
      'availability',
      'queueOf',
      'check',
      'reassign',
      'handBack',
      'inspect',
      'messagesSince',
    ],
    settings: ParleySettings,
    handoverSettings: ParleyHandoverSettings,
  };

  checkSettings({ baseUrl, account }: ParleySettings): FieldError[] {
    const { username, password } = new URL(baseUrl);
    return [
      ...(username + password === '' ? [] : [{ pointer: '/baseUrl', detail: 'must have no credentials in it' }]),
      ...(/^[a-z]+$/.test(account) ? [] : [{ pointer: '/account', detail: 'must be lower-case letters' }]),
    ];
  }

  open(settings: ParleySettings, context: ProviderContext): ParleySession {
    const { baseUrl, apiKey } = settings;
    const now = (): number => context.now();
    return new ParleySession(settings, new ParleyClient({ baseUrl, apiKey, now, log: context.log }), now);
  }
}
