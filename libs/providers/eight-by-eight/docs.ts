import { settingsOf, type Class } from '#contract';
import { CHECKS } from './doctor/checks.js';
import { EightByEightHandoverSettings, EightByEightSettings } from './settings.js';

/** The tables of the administrator's page that are written from the code, by the name in their marker comments. */
export const TABLES: Record<string, () => string> = {
  settings: () => settingsTable(EightByEightSettings),
  'handover settings': () => settingsTable(EightByEightHandoverSettings),
  checks: () =>
    table(
      ['check', 'looks at', 'when it is wrong, usually'],
      Object.entries(CHECKS).map(([name, { looksAt, usualCause }]) => [`\`${name}\``, looksAt, usualCause]),
    ),
};

/** Puts the tables into a page, between their marker comments. @throws {Error} for a table whose markers are not there */
export function withTables(page: string): string {
  return Object.entries(TABLES).reduce((text, [name, write]) => {
    const [start, end] = [`<!-- ${name}: written by "npm run docs:settings" -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from)
      throw new Error(`The page has no place for the table "${name}": add ${start} and ${end}.`);
    return `${text.slice(0, from + start.length)}\n\n${write()}\n\n${text.slice(to)}`;
  }, page);
}

function settingsTable(type: Class): string {
  const rows = Object.entries(settingsOf(type)).map(([name, options]) => {
    const { help, required, secret, default: value, choices } = options;
    const notes = [required ? 'required' : '', secret ? 'secret' : '', value === undefined ? '' : `\`${value}\``];
    const meaning = choices ? `${help} One of ${choices.map((choice) => `\`${choice}\``).join(', ')}.` : help;
    return [`\`${name}\``, meaning, notes.filter((note) => note !== '').join(', ')];
  });
  return table(['setting', 'meaning', 'default'], rows);
}

/** Columns as wide as Prettier makes them, so that the page stays formatted. */
function table(head: string[], rows: string[][]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  const line = (row: string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...cells.map(line)].join('\n');
}
