import { describe, test } from '@jest/globals';
import type { ProviderHarness } from './harness.js';
import { prove } from './rule.js';
import { RULES } from './rules/index.js';

/** Registers one test for each rule that applies to the provider. Call it in a spec. */
export function conformance(harness: ProviderHarness): void {
  describe(`conformance of ${harness.provider().definition.title}`, () => {
    for (const { topic, rules } of RULES)
      describe(topic, () => {
        for (const rule of rules.filter(({ applies }) => applies?.(harness) ?? true))
          test(rule.name, () => prove(rule, harness));
      });
  });
}
