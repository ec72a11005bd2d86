export { Alarms } from './alarms.js';
export * from './bot-deliveries.js';
export { EventHub } from './event-hub.js';
export { Inbox } from './inbox.js';
export * from './inbox-processor.js';
export { ProviderCommands } from './provider-commands.js';
export { Relay, type Executor, type Outcome } from './relay.js';
