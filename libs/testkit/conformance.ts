import type { ProviderHarness } from './harness.js';
import { prove } from './rule.js';
import { RULES } from './rules/index.js';
import { Strictness } from './strictness.js';

/** Of one test, in milliseconds. They take far less: what goes on for so long has come to a stop, and should say so soon. */
const LIMIT_MS = 20_000;

/** What Jest has for its specs. It is not imported, so that a fake can be run without Jest. */
interface TestRunner {
  describe(name: string, body: () => void): void;
  test(name: string, run: () => Promise<void>, limitMs: number): void;
  afterAll(run: () => void): void;
}

/**
 * Registers one test for each rule that applies to the provider, and says at the end what the fake never did: a warning, for what a vendor
 * has none of cannot be done. Call it in a spec of Jest.
 */
export function conformance(given: ProviderHarness): void {
  const strictness = new Strictness();
  const harness = strictness.watching(given);
  const { describe, test, afterAll } = globalThis as unknown as TestRunner;
  describe(`conformance of ${harness.provider().definition.title}`, () => {
    for (const { topic, rules } of RULES)
      describe(topic, () => {
        for (const rule of rules.filter(({ applies }) => applies?.(harness) ?? true))
          test(rule.name, () => prove(rule, harness), LIMIT_MS);
      });
    afterAll(() => {
      const lines = strictness.report();
      const title = `What the fake of ${given.provider().definition.title} never did, so that nothing shows what the provider makes of it:`;
      if (lines.length > 0) process.stdout.write(`${[title, ...lines].join('\n  ')}\n`);
    });
  });
}
