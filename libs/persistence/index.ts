export { openDatabase } from './database.js';
export { hashKey, SecretBox } from './secrets.js';
export * from './stores/account-store.js';
export { PgHandoverStore } from './stores/handover-store.js';
export { PgInboxStore } from './stores/inbox-store.js';
export { PgOutboxStore } from './stores/outbox-store.js';
export type { DataSource } from 'typeorm';
export { isDatabaseAway } from './away.js';
export { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres/index.js';
