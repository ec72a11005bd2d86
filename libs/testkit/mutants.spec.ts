import { describe, expect, it } from '@jest/globals';
import { harnessOf, type Mutant } from './reference/mutant.js';
import { mutantsOfCalls } from './reference/mutants-of-calls.js';
import { mutantsOfContent } from './reference/mutants-of-content.js';
import { mutantsOfData } from './reference/mutants-of-data.js';
import { mutantsOfEvents } from './reference/mutants-of-events.js';
import { mutantsOfPeople } from './reference/mutants-of-people.js';
import { mutantsOfSequences } from './reference/mutants-of-sequences.js';
import { parleyHarness } from './reference/harness.js';
import { prove, RuleBroken } from './rule.js';
import { RULES } from './rules/index.js';

const rules = RULES.flatMap((topic) => topic.rules);
const mutants = [
  ...mutantsOfData,
  ...mutantsOfCalls,
  ...mutantsOfSequences,
  ...mutantsOfContent,
  ...mutantsOfEvents,
  ...mutantsOfPeople,
];

describe('a provider is found out when', () => {
  it.each(
    mutants.flatMap((mutant) => mutant.breaks.map((name): [string, string, Mutant] => [mutant.wrong, name, mutant])),
  )('%s: "%s"', async (_, name, mutant) => {
    const rule = rules.find((one) => one.name === name)!;
    const failure = await prove(rule, harnessOf(mutant)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RuleBroken);
    expect((failure as Error).message).toContain(`See ${rule.see}.`);
  });
});

it('no two rules have the same name', () => {
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
});

it('every rule is broken by somebody', () => {
  const broken = new Set(mutants.flatMap(({ breaks }) => breaks));
  expect(rules.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
});

it('every rule applies to the provider that does everything', () => {
  const left = rules.filter(({ applies }) => !(applies?.(parleyHarness) ?? true)).map(({ name }) => name);
  expect(left).toEqual(['what proves nothing is at least sent to a secret address']);
});
