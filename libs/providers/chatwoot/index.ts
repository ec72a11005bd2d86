import { providerModule, webhookController } from '#provider-kit';
import { ChatwootProvider } from './provider.js';

/** Ids of conversations count within an account, so there is no address that serves several. */
export default providerModule(ChatwootProvider, webhookController('chatwoot', { isShared: false }));
