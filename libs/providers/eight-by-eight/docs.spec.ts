import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { TABLES, withTables } from './docs.js';

const page = readFileSync('docs/providers/eight-by-eight.md', 'utf8');

describe("the administrator's page", () => {
  it('has the tables as the code has them: run "npm run docs:settings" when this fails', () => {
    expect(withTables(page)).toBe(page);
  });

  it('names every setting, handover setting and check', () => {
    expect(Object.keys(TABLES)).toEqual(['settings', 'handover settings', 'checks']);
    for (const name of ['apiKey', 'webhookTenant', 'giveUpAfter', 'channelId', 'webhook-reachable', 'events'])
      expect(page).toContain(`| \`${name}\``);
  });

  it('is refused when it has no place for a table', () => {
    expect(() => withTables(page.replace('<!-- end of checks -->', ''))).toThrow(/no place for the table "checks"/);
  });
});
