import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Stops the PostgreSQL of a gateway that was killed before it could do so itself; does nothing where none was left. */
export async function stopOrphanedPostgres(dataDir: string): Promise<void> {
  if (!existsSync(join(dataDir, 'postgres', 'postmaster.pid'))) return;
  const { startEmbeddedPostgres } = await import('#persistence');
  // Starting takes over the server that runs, and the last one to use it stops it.
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => {} });
  await postgres.stop();
}
