import { describe, expect, it } from '@jest/globals';
import { ProviderError } from '#contract';
import type { Operation, ProviderHarness } from './harness.js';
import { commandsOf, questionsOf } from './operations.js';
import { harnessOf, sessions } from './reference/mutant.js';
import { parleyHarness } from './reference/harness.js';
import { FakeParley } from './reference/vendor.js';
import { prove, RuleBroken, type Rule } from './rule.js';
import { RULES } from './rules/index.js';

/** Far from what Jest would give it. Milliseconds. */
const SOON_MS = 5_000;

/** Its fake does not say on which route this operation has its effect. */
function harnessWithout(operation: Operation): ProviderHarness {
  const vendor: ProviderHarness['vendor'] = (account) => {
    const fake = parleyHarness.vendor(account) as FakeParley;
    for (const route of fake.routes) route.does = route.does?.filter((one) => one !== operation);
    return fake;
  };
  return { ...parleyHarness, vendor };
}

/** Its `send` is still to be written. */
const harnessWithoutSend = harnessOf({
  wrong: 'send is still to be written',
  breaks: [],
  change: sessions((session) => {
    session.send = () => Promise.reject(new ProviderError('unsupported', 'to do: send in session.ts'));
  }),
});

const ruleOf = (name: string): Rule => RULES.flatMap(({ rules }) => rules).find((rule) => rule.name === name)!;

async function whyBroken(rule: Rule, harness: ProviderHarness): Promise<string> {
  const failure = await prove(rule, harness).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RuleBroken);
  return (failure as Error).message;
}

const missing = (operation: Operation): string =>
  `${operation} called no route of the fake that says does: ['${operation}']`;

const NEVER = 'an answer that never comes ends in time, with an unknown outcome';
const BROKEN = ['before', 'after'].map(
  (when) =>
    `a connection that breaks ${when} the effect is an unknown outcome, and reading back tells what became of it`,
);
const SECRET = 'no secret is in an error, whatever the vendor repeats';
const QUESTION = 'a question that fails is an error and never an answer';

const COMMANDS = commandsOf(parleyHarness).flatMap(([operation]) =>
  ['an answer 400 is invalid', 'an answer 503 is unknown_outcome', NEVER, SECRET].map((name): [Operation, string] => [
    operation,
    name,
  ]),
);
const QUESTIONS = questionsOf(parleyHarness).map(([operation]): [Operation, string] => [operation, QUESTION]);
const OTHERS: [Operation, string][] = [
  ['end', 'end is safe to repeat, and a conversation that is gone counts as ended'],
  ['send', 'Retry-After of an answer 429 is told, in seconds and as a date'],
  ...BROKEN.flatMap((name): [Operation, string][] => [
    ['start', name],
    ['send', name],
  ]),
  ['inspect', 'inspect of an account that does not work is an error, not a conversation that is gone'],
  ['download', 'a download that the gateway aborts, as it does when it stops, ends at once and is no failed attempt'],
];

describe('a fake that does not say which route an operation calls is told so at once', () => {
  it.each([...COMMANDS, ...QUESTIONS, ...OTHERS])(
    '%s: "%s"',
    async (operation, name) => {
      expect(await whyBroken(ruleOf(name), harnessWithout(operation))).toContain(missing(operation));
    },
    SOON_MS,
  );
});

describe('where send is still to be written', () => {
  it.each([
    'Retry-After of an answer 429 is told, in seconds and as a date',
    'an answer 400 is invalid',
    'an answer 404 is not_found',
    'an answer 503 is unknown_outcome',
    NEVER,
    ...BROKEN,
    SECRET,
  ])(
    'nothing but that is said: "%s"',
    async (name) => {
      expect(await whyBroken(ruleOf(name), harnessWithoutSend)).toBe('to do: send in session.ts');
    },
    SOON_MS,
  );

  it.each(RULES.flatMap(({ rules }) => rules.map((rule): [string, Rule] => [rule.name, rule])))(
    'no rule waits for what never comes: "%s"',
    async (_, rule) => {
      await prove(rule, harnessWithoutSend).catch((error: unknown) => expect(error).toBeInstanceOf(RuleBroken));
    },
    SOON_MS,
  );
});
