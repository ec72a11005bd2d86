import { providerModule, webhookController } from '#provider-kit';
import { SampleVendorProvider } from './provider.js';

export default providerModule(SampleVendorProvider, webhookController('sampleVendor', { isShared: false }));
