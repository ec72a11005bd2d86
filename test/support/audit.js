import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';

const GRAVE = ['high', 'critical'];

/**
 * What `npm audit --json` found out: packages with grave vulnerabilities, or why it could not be asked.
 * @param {string} printed
 * @returns {{ found: string[], unknown: string | null }}
 */
export function verdict(printed) {
  let report;
  try {
    report = JSON.parse(printed);
  } catch {
    return { found: [], unknown: 'npm audit printed no report' };
  }
  if (report?.auditReportVersion === undefined)
    return { found: [], unknown: String(report?.message || report?.error?.summary || 'npm audit printed no report') };
  const found = Object.values(report.vulnerabilities ?? {}).filter(({ severity }) => GRAVE.includes(severity));
  return { found: found.map((one) => `${one.name} ${one.range}: ${one.severity}, ${reasonOf(one)}`), unknown: null };
}

/** A package is in the report for an advisory of its own, or for a package that it depends on. */
function reasonOf({ via }) {
  return via
    .map((cause) => (typeof cause === 'string' ? `through ${cause}` : `${cause.title} (${cause.url})`))
    .join('; ');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  // A registry that does not answer must not hold everything up.
  const once = ['--fetch-retries=0', '--fetch-timeout=20000'];
  const { stdout } = spawnSync('npm', ['audit', '--json', ...once], { encoding: 'utf8', timeout: 60_000 });
  const { found, unknown } = verdict(stdout ?? '');
  if (unknown !== null) process.stdout.write(`NOT CHECKED: the registry could not be asked (${unknown})\n`);
  else if (found.length === 0) process.stdout.write('no known vulnerability is high or critical\n');
  else process.stderr.write(`${found.join('\n')}\n`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
