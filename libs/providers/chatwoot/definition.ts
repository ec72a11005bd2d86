import { CONTRACT_VERSION, type ProviderDefinition } from '#contract';
import { ChatwootHandoverSettings, ChatwootSettings } from './settings.js';

/** What Chatwoot is and can do. */
export const definition: ProviderDefinition<ChatwootSettings, ChatwootHandoverSettings> = {
  key: 'chatwoot',
  contractVersion: CONTRACT_VERSION,
  title: 'Chatwoot',
  docsUrl: 'https://developers.chatwoot.com/api-reference/introduction',
  capabilities: [
    'update',
    'findStarted',
    'findSent',
    'convert',
    'upload',
    'typing',
    'read',
    'check',
    'inspect',
    'messagesSince',
  ],
  settings: ChatwootSettings,
  handoverSettings: ChatwootHandoverSettings,
};
