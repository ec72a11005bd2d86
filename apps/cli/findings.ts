import type { Api } from './api.js';
import { cell } from './output.js';

/** What a check found, as the API and the checks themselves give it. */
export interface Finding {
  level: 'ok' | 'warning' | 'error';
  check: string;
  message: string;
  action: string | null;
}

const SHOWN = { ok: 'ok', warning: 'WARNING', error: 'ERROR' };

/** Has the running gateway check an account. */
export async function testedBy(api: Api, provider: string): Promise<{ ok: boolean; findings: Finding[] }> {
  return (await api.post(`/v1/providers/${encodeURIComponent(provider)}/test`)) as unknown as {
    ok: boolean;
    findings: Finding[];
  };
}

/** A line for each, what to do below those that need something, and the count. */
export function findingsText(findings: Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ level, check, message, action }) => [
    `${SHOWN[level].padEnd(7)}  ${check.padEnd(width)}  ${cell(message)}`,
    ...(action === null ? [] : [`${' '.repeat(11 + width)}→ ${cell(action)}`]),
  ]);
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length;
  return [...lines, '', `${count('error')} errors, ${count('warning')} warnings, ${count('ok')} in order`].join('\n');
}
