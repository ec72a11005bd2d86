import { providerModule, webhookController } from '#provider-kit';
import { definition } from './definition.js';
import { EightByEightProvider } from './provider.js';

export { definition, EightByEightProvider };

/** The ids of 8x8's conversations are unique over all of its customers, so one address may serve all accounts. */
export default providerModule(EightByEightProvider, webhookController(definition.key, { isShared: true }));
