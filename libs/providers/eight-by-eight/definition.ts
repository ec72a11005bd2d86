import { CONTRACT_VERSION, type ProviderDefinition } from '#contract';
import { EightByEightHandoverSettings, EightByEightSettings } from './settings.js';

/** 8x8 Contact Center, through the Chat Gateway v1.0. */
export const definition: ProviderDefinition<EightByEightSettings, EightByEightHandoverSettings> = {
  key: 'eightByEight',
  contractVersion: CONTRACT_VERSION,
  title: '8x8 Contact Center',
  docsUrl: 'https://developer.8x8.com/actions-events/docs/chat-workflow',
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
    'ownsTenant',
  ],
  settings: EightByEightSettings,
  handoverSettings: EightByEightHandoverSettings,
};
