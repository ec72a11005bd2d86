export * from './bot.entity.js';
export * from './event.entity.js';
export * from './handover.entity.js';
export * from './message.entity.js';
export * from './provider.entity.js';
