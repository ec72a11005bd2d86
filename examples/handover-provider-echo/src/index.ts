import { providerModule, webhookController } from 'handover-gateway/provider-kit';
import { EchoProvider } from './provider.js';

/** Ids of chats are unique over all accounts of Echo Desk, yet each account signs with its own secret, so each has its own address. */
export default providerModule(EchoProvider, webhookController('echo', { isShared: false }));
