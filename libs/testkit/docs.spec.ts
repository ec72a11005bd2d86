import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { RULES } from './rules/index.js';

const page = readFileSync('docs/providers/write-one.md', 'utf8');

it('the guide lists all rules, by topic and in order', () => {
  const listed = /<!-- rules:.*?-->\n\n([^]*?)\n\n<!-- end of rules -->/.exec(page)?.[1];
  const expected = RULES.map(({ topic, rules }) => `- **${topic}**: ${rules.map(({ name }) => name).join('; ')}.`);
  expect(listed?.split('\n')).toEqual(expected);
});

it('the guide shows a spec as it is', () => {
  const spec = readFileSync('libs/providers/chatwoot/conformance.spec.ts', 'utf8');
  expect(page).toContain(`\`\`\`ts\n${spec}\`\`\``);
});
