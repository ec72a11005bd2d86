/** What the vendors of contact centres have in common, for the providers. Knows no vendor. */
export * from './account.js';
export * from './facts.js';
export * from './gone.js';
export * from './hmac.js';
export * from './html.js';
export * from './json.js';
export * from './link-secret.js';
export * from './outbound.js';
export * from './path.js';
export * from './provider-module.js';
export * from './reading.js';
export {
  isVerdict,
  nullIfGone,
  readProblem,
  StrangerAnswered,
  VendorRefusal,
  withAdvice,
  type IsOwn,
  type VendorProblem,
} from './refusal.js';
export * from './sequence.js';
export * from './text-only.js';
export * from './transcript-text.js';
export * from './transport.js';
export * from './vendor-api.js';
export * from './webhook-controller.js';
