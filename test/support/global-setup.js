import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, startEmbeddedPostgres } from '../../dist/libs/persistence/index.js';

/** No test cuts the power, which is what fsync is for; and every worker runs gateways, each with a pool of its own. */
const SETTINGS = { fsync: 'off', full_page_writes: 'off', max_connections: '500' };

/** One PostgreSQL for the whole run, with a migrated template from which every test file gets a database of its own. */
export default async function setup() {
  const dataDir = mkdtempSync(join(tmpdir(), 'handover-e2e-'));
  const postgres = await startEmbeddedPostgres({ dataDir, log: () => undefined, extraSettings: SETTINGS });
  const template = await openDatabase(postgres.url, 2);
  await template.destroy();
  process.env.TEST_DATABASE_URL = postgres.url;
  globalThis.handoverTestPostgres = { postgres, dataDir };
}
