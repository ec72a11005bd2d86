import { stringify } from 'yaml';
import type { SetupReport } from '../../../libs/providers/eight-by-eight/setup/index.js';
import { EXIT, type ExitCode } from '../exit.js';
import { findingsText, type Finding } from '../findings.js';
import { cell } from '../output.js';
import type { Target } from './target.js';

/** Nothing of the account could be asked, or something is wrong with it. */
export function exitOf(findings: Finding[]): ExitCode {
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.some(({ check }) => check === 'base-url')) return EXIT.unreachable;
  return errors.length > 0 ? EXIT.failed : EXIT.done;
}

/** The provider's entry for the configuration file. Secrets are named, never written. */
export function entryOf(target: Target, channelId: string, queueId: string): object {
  const { name, baseUrl, tenant, hasToken } = target;
  return {
    name,
    type: 'eightByEight',
    settings: {
      ...(baseUrl === undefined ? {} : { baseUrl }),
      apiKey: '${EIGHT_BY_EIGHT_API_KEY}',
      ...(tenant === undefined ? {} : { tenant }),
      ...(hasToken ? { webhookToken: '${WEBHOOK_TOKEN}' } : {}),
    },
    defaults: { channelId, queueId },
  };
}

/** What was found, what was (or would be) changed, and what to write into the configuration file. */
export function setupText(report: SetupReport, applied: boolean, entry: object | null): string {
  const { findings, changes } = report;
  const done = changes.map(
    ({ action, what, name, id, moved }) =>
      `  ${action.padEnd(6)}  ${what}  "${cell(name)}"${id === null ? '' : `  ${cell(id)}`}${
        moved === null ? '' : `  from ${cell(moved.from)} to ${cell(moved.to)}`
      }`,
  );
  const isIdle = changes.every(({ action }) => action === 'reuse');
  const heading = applied
    ? 'Done:'
    : isIdle
      ? 'Everything is there already:'
      : 'This would be done (nothing was changed; add --apply to do it):';
  return [
    findingsText(findings),
    ...(changes.length === 0 ? [] : ['', heading, ...done]),
    ...(entry === null ? [] : ['', 'In handover.yaml:', '', stringify({ providers: [entry] }).trimEnd()]),
  ].join('\n');
}
