/**
 * SQLSTATEs that speak of the server and not of the statement: connection, log-in, resources, a server that was made read-only, time-outs,
 * operator intervention, shutdown.
 */
const AWAY_STATES = /^(08|28|3D|53|55000|57014|57P|58|25006|25P0[34]|40001|40P01|55P03)/;
const AWAY_NODE_CODES = /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENOENT)$/;
const AWAY_MESSAGES =
  /connection terminated|timeout exceeded|query read timeout|connection ended|not queryable|driver not connected|pool after calling end/i;

/** Whether an error says that the database is away, or too busy, for now: trying again later can help. */
export function isDatabaseAway(error: unknown): boolean {
  for (
    let current = error as { code?: unknown; message?: unknown; driverError?: unknown; cause?: unknown } | undefined;
    current;
  ) {
    if (typeof current.code === 'string' && (AWAY_STATES.test(current.code) || AWAY_NODE_CODES.test(current.code)))
      return true;
    if (typeof current.message === 'string' && AWAY_MESSAGES.test(current.message)) return true;
    current = (current.driverError ?? current.cause) as typeof current;
  }
  return false;
}
