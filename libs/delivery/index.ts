export { Alarms } from './alarms.js';
export * from './bot-deliveries.js';
export { EventHub } from './event-hub.js';
export { Housekeeping } from './housekeeping.js';
export { Inbox } from './inbox.js';
export * from './inbox-processor.js';
export { InboxReplay } from './inbox-replay.js';
export { ProviderCommands } from './provider-commands.js';
export { Relay, type Executor, type Outcome } from './relay.js';
