import { readEnvironment } from '#config';
import { CommandFailed } from './command-failed.js';
import type { Command } from './commands.js';
import { EXIT } from './exit.js';
import { UsageError } from './usage-error.js';

/** For deployments that change the database in a step of its own, before new replicas start. */
export const migrate: Command = {
  name: 'migrate',
  summary: 'bring the schema of the database at DATABASE_URL up to date, as a starting gateway would',
  usage: '',
  options: {},
  help: {},
  ids: { min: 0, max: 0 },
  run: async ({ env, cwd }) => {
    const { DATABASE_URL, DATABASE_PASSWORD } = env;
    const { databaseUrl } = readEnvironment({ DATABASE_URL, DATABASE_PASSWORD }, cwd);
    if (databaseUrl === null)
      throw new UsageError('DATABASE_URL is not set. The embedded database is migrated by the gateway when it starts.');
    // Loaded here: no other command needs a database.
    const { migrateDatabase, StartError } = await import('#persistence');
    const { before, after, known } = await migrateDatabase(databaseUrl).catch((error: unknown) => {
      if (!(error instanceof StartError)) throw error;
      throw new CommandFailed(error.message, error.cause === undefined ? EXIT.failed : EXIT.unreachable);
    });
    return { text: said(before, after, known), json: { before, after, known } };
  },
};

function said(before: number, after: number, known: number): string {
  if (after > known)
    return `The schema is at version ${after}, newer than this gateway knows (${known}), and can be worked with.`;
  return before === after
    ? `The schema is up to date: version ${after}.`
    : `The schema was brought from version ${before} to version ${after}.`;
}
