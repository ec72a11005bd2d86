import { settingsOf, type Class } from '#contract';

/** What a provider's check looks at, by the name of the check. */
type Checks = Record<string, { looksAt: string; usualCause: string }>;

/**
 * The tables of a provider's page, by the names in their marker comments: `settings`, `handover settings` and, where there are any,
 * `checks`.
 * @param exported what the provider's `settings.ts` exports, and `CHECKS`
 */
export function tablesOf(exported: Record<string, unknown>): Record<string, string> {
  const tables: Record<string, string> = {};
  for (const [name, value] of Object.entries(exported)) {
    if (name.endsWith('HandoverSettings')) tables['handover settings'] = settingsTable(value as Class);
    else if (name.endsWith('Settings')) tables.settings = settingsTable(value as Class);
    else if (name === 'CHECKS') tables.checks = checksTable(value as Checks);
  }
  return tables;
}

/** Puts tables into a page, between their marker comments. @throws {Error} for a table that has no place in it */
export function withTables(page: string, tables: Record<string, string>): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const [start, end] = markersOf(name);
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from)
      throw new Error(`The page has no place for the table "${name}": add ${start} and ${end}.`);
    return `${text.slice(0, from + start.length)}\n\n${table}\n\n${text.slice(to)}`;
  }, page);
}

/** A page to begin with. */
export function emptyPage(title: string, tables: Record<string, string>): string {
  const places = Object.keys(tables).map((name) => markersOf(name).join('\n'));
  return [`# ${title}`, ...places].join('\n\n') + '\n';
}

function markersOf(name: string): [string, string] {
  return [`<!-- ${name}: written by "npm run docs:settings" -->`, `<!-- end of ${name} -->`];
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

function checksTable(checks: Checks): string {
  const rows = Object.entries(checks).map(([name, { looksAt, usualCause }]) => [`\`${name}\``, looksAt, usualCause]);
  return table(['check', 'looks at', 'when it is wrong, usually'], rows);
}

/** Columns as wide as Prettier makes them, so that the page stays formatted. */
function table(head: string[], rows: string[][]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]!.length)));
  const line = (row: string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...cells.map(line)].join('\n');
}
