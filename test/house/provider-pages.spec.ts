import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { emptyPage, tablesOf, withTables } from '../../libs/testkit/provider-page.js';

const folders = readdirSync('libs/providers', { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

async function tablesOfFolder(folder: string): Promise<Record<string, string>> {
  const files = [`libs/providers/${folder}/settings.ts`, `libs/providers/${folder}/doctor/checks.ts`].filter(
    existsSync,
  );
  const modules = await Promise.all(files.map((file) => import(`../../${file}`) as Promise<Record<string, unknown>>));
  return tablesOf(Object.assign({}, ...modules) as Record<string, unknown>);
}

describe.each(folders)('the page of %s', (folder) => {
  it('has its tables as the code has them: run "npm run docs:settings" when this fails', async () => {
    const page = readFileSync(`docs/providers/${folder}.md`, 'utf8');
    const tables = await tablesOfFolder(folder);
    expect(Object.keys(tables)).toEqual(expect.arrayContaining(['settings', 'handover settings']));
    expect(withTables(page, tables)).toBe(page);
  });
});

describe('the tables of a page', () => {
  it('have every setting, handover setting and check', async () => {
    const tables = await tablesOfFolder('eight-by-eight');
    expect(Object.keys(tables).sort()).toEqual(['checks', 'handover settings', 'settings']);
    for (const name of ['apiKey', 'webhookTenant', 'giveUpAfter']) expect(tables.settings).toContain(`| \`${name}\``);
    expect(tables['handover settings']).toContain('| `channelId`');
    for (const name of ['webhook-reachable', 'events']) expect(tables.checks).toContain(`| \`${name}\``);
  });

  it('are refused where they have no place', () => {
    const page = emptyPage('Acme', { settings: '', checks: '' });
    expect(withTables(page, { settings: '| a |' })).toContain('-->\n\n| a |\n\n<!-- end of settings -->');
    expect(() => withTables(page.replace('<!-- end of checks -->', ''), { checks: '' })).toThrow(
      'no place for the table "checks"',
    );
  });
});
