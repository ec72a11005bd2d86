import { readEnvironment } from '#config';
import { readKeptAdminKey } from '../gateway/runtime/keys.js';
import { UsageError } from './usage-error.js';

/** Where the gateway is and the key that opens it: what was given, else what the gateway itself would use. @throws {UsageError} */
export function accessOf(
  given: { url?: string; adminKey?: string },
  env: NodeJS.ProcessEnv,
  cwd: string,
): { url: string; adminKey: string } {
  const { url, adminKey } = given;
  if (url !== undefined && adminKey !== undefined) return { url, adminKey };
  // Only what is needed here: the other variables may be set on the gateway's machine alone.
  const { PORT, PUBLIC_URL, DATA_DIR, HANDOVER_ADMIN_KEY } = env;
  const environment = readEnvironment({ PORT, PUBLIC_URL, DATA_DIR, HANDOVER_ADMIN_KEY }, cwd);
  const key = adminKey ?? environment.adminKey ?? readKeptAdminKey(environment.dataDir);
  if (key === null)
    throw new UsageError(
      `There is no admin key: set --admin-key or HANDOVER_ADMIN_KEY, or DATA_DIR to the folder that the gateway keeps it in (${environment.dataDir} has none).`,
    );
  return { url: url ?? environment.publicUrl, adminKey: key };
}
