/** What an administrator of 8x8 needs before a gateway runs, and to look after it: used by the command line. */
export type { CheckFinding } from '#contract';
export { whyUnanswered } from '../account-api.js';
export { openAccount, providerType, type Account } from './account.js';
export { ownAddress } from './address.js';
export { SetupRefused } from './objects.js';
export { Receiver } from './receiver.js';
export { setup, type Change, type SetupReport } from './setup.js';
export { smoke, type Witness } from './smoke.js';
export { teardown } from './teardown.js';
export { TransportFailure } from '#provider-kit';
