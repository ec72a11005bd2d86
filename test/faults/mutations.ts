/**
 * The mechanisms that keep the promises, and how each is switched off in a copy of the build. The one file to adapt when the inside of
 * the gateway changes. Each `find` must be in its file exactly once.
 */
export interface Mutation {
  /** Below `dist/libs`. */
  replacements: { file: string; find: string; replace: string }[];
  /** Run on the database once it is migrated. */
  sql?: string[];
}

export const MUTATIONS = {
  /** A replica that was silent for too long works on, although another one has taken its lanes over. */
  'no lease check': {
    replacements: [
      {
        file: 'delivery/relay.js',
        find: 'return !this.stopped && performance.now() - this.lastHeartbeat < TRUST_OWN_LEASE_MS;',
        replace: 'return !this.stopped;',
      },
    ],
  },
  /** An event of 8x8's that is known already is taken in again. */
  'no dedupe of webhooks': {
    replacements: [
      { file: 'persistence/stores/inbox-store.js', find: ' ON CONFLICT (source, key) DO NOTHING', replace: '' },
    ],
    sql: ['ALTER TABLE inbox DROP CONSTRAINT inbox_source_key_key'],
  },
  /** What waits for another try lets the later ones pass. */
  'no head of line': {
    replacements: [
      {
        file: 'persistence/stores/outbox-store.js',
        find: `status = 'pending' ORDER BY id LIMIT 1`,
        replace: `status = 'pending' ORDER BY next_attempt_at, id LIMIT 1`,
      },
    ],
  },
  /** A call whose outcome is not known is simply made again. */
  'no read-back': {
    replacements: [
      {
        file: 'delivery/provider-commands.js',
        find: 'if (!conversation && item.uncertain && session.findStarted)',
        replace: 'if (false)',
      },
      {
        file: 'delivery/provider-commands.js',
        find: 'const there = item.uncertain &&',
        replace: 'const there = false &&',
      },
    ],
  },
} satisfies Record<string, Mutation>;

export type MutationName = keyof typeof MUTATIONS;
