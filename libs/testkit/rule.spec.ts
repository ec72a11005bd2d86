import { describe, expect, it } from '@jest/globals';
import { ProviderError } from '#contract';
import { parleyHarness } from './reference/harness.js';
import { ensure, prove, RuleBroken } from './rule.js';

async function brokenBy(run: () => void): Promise<RuleBroken> {
  const rule = { name: 'a rule', see: 'a page', run: async () => run() };
  const failure = await prove(rule, parleyHarness).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RuleBroken);
  return failure as RuleBroken;
}

describe('what the author of a provider reads of a broken rule', () => {
  it('is what is missing and where it is described, without a place in the suite', async () => {
    const { message, stack } = await brokenBy(() => ensure(false, 'it does nothing'));
    expect(message).toBe('it does nothing\nSee a page.');
    expect(stack).toBe('RuleBroken: it does nothing\nSee a page.');
  });

  it('is the place in their own code that threw', async () => {
    const thrown = new TypeError('x is undefined');
    const own = '    at mapEvent (/somewhere/libs/providers/acme/mapping.ts:7:3)';
    thrown.stack = `TypeError: x is undefined\n${own}\n    at run (/somewhere/libs/testkit/rules/mapping.ts:1:1)`;
    const { message, stack } = await brokenBy(() => {
      throw thrown;
    });
    expect(message).toBe('an error that nobody expected: TypeError: x is undefined\nSee a page.');
    expect(stack).toBe(`RuleBroken: ${message}\n${own}`);
  });

  it('is only what is to do, where the provider says so itself', async () => {
    const { message } = await brokenBy(() => {
      throw new ProviderError('unsupported', 'to do: start in session.ts');
    });
    expect(message).toBe('to do: start in session.ts');
  });
});
