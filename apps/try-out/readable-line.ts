const SHOWN: Record<string, string> = { warn: 'Gateway warning', error: 'Gateway error', fatal: 'Gateway error' };
const UNINTERESTING = new Set(['level', 'time', 'msg', 'context', 'pid', 'hostname', 'err', 'error', 'stack']);
const MAX_LENGTH = 400;

/**
 * What a person should see of one line of the gateway's output: warnings and errors in short, text that is no log entry
 * as it is, and null for the rest, which only the log file keeps.
 */
export function readableLine(line: string): string | null {
  const entry = parseEntry(line);
  if (!entry) return line;
  const label = SHOWN[String(entry.level)];
  if (!label) return null;
  const cause = entry.err ?? entry.error;
  const because = typeof cause === 'object' && cause !== null ? (cause as { message?: unknown }).message : cause;
  const details = Object.entries(entry)
    .filter(([name, value]) => !UNINTERESTING.has(name) && typeof value !== 'object')
    .map(([name, value]) => `${name} ${String(value)}`);
  if (because) details.push(String(because));
  const text = `${label}: ${String(entry.msg)}${details.length > 0 ? ` (${details.join(', ')})` : ''}`;
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)} …` : text;
}

/** True for a line that is an entry of the log, not text meant for whoever watches. */
export function isLogEntry(line: string): boolean {
  return parseEntry(line) !== null;
}

function parseEntry(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    return 'level' in entry ? entry : null;
  } catch {
    return null;
  }
}
