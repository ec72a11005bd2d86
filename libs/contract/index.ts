/** All that the author of a provider needs. Nothing in here knows a vendor. */
export * from './adaptive-card.js';
export * from './check.js';
export * from './duration.js';
export * from './errors.js';
export * from './events.js';
export * from './files.js';
export * from './inspection.js';
export * from './provider.js';
export * from './registration.js';
export * from './settings.js';
export * from './split-text.js';
export * from './validation.js';
export * from './within.js';
