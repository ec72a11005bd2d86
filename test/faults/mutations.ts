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
  /** A note does not tell whose the lane is: whoever lost it goes on. */
  'no fencing': {
    replacements: [
      {
        file: 'delivery/relay.js',
        find: 'this.doubt(held);\n    }\n    async putOff',
        replace: 'void 0;\n    }\n    async putOff',
      },
    ],
  },
  /** Whoever looks for the dead goes by the database's clock and not by a clock that is never set. */
  'no monotonic clock': {
    replacements: [
      {
        file: 'persistence/stores/lane-store.js',
        find: 'SELECT id, xmin::text FROM replica WHERE id <> $1',
        replace: `SELECT id, CASE WHEN seen_at < now() - interval '7 s' THEN 'dead' ELSE xmin::text END FROM replica WHERE id <> $1`,
      },
      { file: 'persistence/stores/lane-store.js', find: `') = d.sign\``, replace: `') = d.sign OR d.sign = 'dead'\`` },
      {
        file: 'delivery/replicas.js',
        find: 'function isDead({ since, until }) {\n    return until - since >= STALE_REPLICA_MS;',
        replace: `function isDead({ sign }) {\n    return sign === 'dead';`,
      },
    ],
  },
  /** A lane that is given back is what its row says, and that says nothing of the call that was under way. */
  'no uncertainty by default': {
    replacements: [
      {
        file: 'persistence/stores/lane-store.js',
        find: 'uncertain = NOT (l.direction || l.handover_id = ANY($2::text[]))',
        replace: 'uncertain = l.uncertain OR $2::text[] IS NULL',
      },
    ],
  },
  /** What got into the way of other work is refused. */
  'no second try': {
    replacements: [
      {
        file: 'persistence/conflict.js',
        find: 'const CONFLICT = /^(40P01|40001)$/',
        replace: 'const CONFLICT = /^none$/',
      },
    ],
  },
  /** The database is taken for the one that it was. */
  'no look at the timeline': {
    replacements: [
      {
        file: 'persistence/history.js',
        find: 'return now.timeline !== before.timeline || now.bytes < before.bytes;',
        replace: 'return false;',
      },
    ],
  },
  /** What the client has given up goes on in the server. */
  'no time-outs in the server': {
    replacements: [
      {
        file: 'persistence/session.js',
        find: 'statement_timeout: String(limits.statementMs)',
        replace: `statement_timeout: '0'`,
      },
      { file: 'persistence/session.js', find: 'lock_timeout: String(limits.lockMs)', replace: `lock_timeout: '0'` },
      { file: 'persistence/session.js', find: 'String(CLIENT_CHECK_MS)', replace: `'0'` },
    ],
  },
  /** An event of 8x8's that is known already is taken in again. */
  'no dedupe of webhooks': {
    replacements: [{ file: 'persistence/stores/inbox-store.js', find: ' ON CONFLICT DO NOTHING', replace: '' }],
    sql: ['ALTER TABLE inbox DROP CONSTRAINT inbox_source_key_key'],
  },
  /** What has to be tried again lets the next ones pass. */
  'no head of line': {
    replacements: [
      {
        file: 'delivery/relay.js',
        find: 'return this.putOff(held, outcome);',
        replace:
          'if (held.items.length > 1) held.items.push(held.items.shift()); else return this.putOff(held, outcome);',
      },
    ],
  },
  /** A call whose outcome is not known is simply made again. */
  'no read-back': {
    replacements: [
      {
        file: 'delivery/provider-commands.js',
        find: 'if (!conversation && uncertain && session.findStarted)',
        replace: 'if (false)',
      },
      { file: 'delivery/provider-commands.js', find: 'const there = uncertain &&', replace: 'const there = false &&' },
    ],
  },
} satisfies Record<string, Mutation>;

/** A version to come, whose schema has grown in every table that a handover goes through. */
export const NEXT_VERSION: Mutation = {
  replacements: [
    {
      file: 'persistence/database.js',
      find: 'const MIGRATIONS = [',
      replace: `class Next {
  name = 'Next9999999999999';
  async up(runner) {
    for (const table of ['handover', 'message', 'event', 'command', 'lane', 'inbox', 'replica', 'bot', 'provider'])
      await runner.query('ALTER TABLE ' + table + " ADD COLUMN next text NOT NULL DEFAULT 'next'");
  }
  async down() {}
}
const MIGRATIONS = [Next, `,
    },
  ],
};

export type MutationName = keyof typeof MUTATIONS;
