import { CONTRACT_VERSION, type ProviderDefinition } from '#contract';
import { SampleVendorHandoverSettings, SampleVendorSettings } from './settings.js';

/** What Sample Vendor is and can do. */
export const definition: ProviderDefinition<SampleVendorSettings, SampleVendorHandoverSettings> = {
  key: 'sampleVendor',
  contractVersion: CONTRACT_VERSION,
  // To do: as the vendor writes it.
  title: 'Sample Vendor',
  // To do: where the API of Sample Vendor is documented.
  docsUrl: '',
  // To do: each optional method of the session, once it is written. Begin with findStarted and findSent.
  capabilities: [],
  settings: SampleVendorSettings,
  handoverSettings: SampleVendorHandoverSettings,
};
