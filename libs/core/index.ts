export * from './alignment.js';
export * from './availability.js';
export * from './budget.js';
export * from './conversation.js';
export * from './course.js';
export * from './copilot.js';
export * from './attachment-ports.js';
export * from './errors.js';
export * from './handover.js';
export { newId } from './ids.js';
export * from './media-types.js';
export { newLifecycle, type Lifecycle } from './lifecycle.js';
export * from './operator-ports.js';
export * from './ports.js';
export {
  HandoverUnit,
  EVENT_TYPES,
  liveEvent,
  type Command,
  type CommandPayload,
  type HandoverEvent,
  type InboxVerdict,
} from './unit.js';
export * from './use-cases/accept-signal.js';
export * from './use-cases/apply-event.js';
export * from './use-cases/close-handover.js';
export * from './use-cases/expire-timers.js';
export * from './use-cases/incoming-conversation.js';
export * from './use-cases/post-message.js';
export * from './use-cases/reconcile.js';
export * from './use-cases/record-outcome.js';
export * from './use-cases/resend.js';
export * from './use-cases/start-handover.js';
export * from './use-cases/update-handover.js';
export * from './delivery-ports.js';
export * from './inspection-ports.js';
export * from './provider-options.js';
export { Pace } from './pace.js';
export { Rate } from './rate.js';
export { roughSize } from './rough-size.js';
export * from './provider-registry.js';
export * from './half-pairs.js';
