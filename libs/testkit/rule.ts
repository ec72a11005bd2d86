import type { ProviderHarness } from './harness.js';

/** One thing that every provider has to do. */
export interface Rule {
  /** The behaviour, as a sentence. */
  name: string;
  /** Where it is described. */
  see: string;
  /** For which providers; all of them where it is left out. */
  applies?(harness: ProviderHarness): boolean;
  /** @throws when the provider does not do it; the message says what is missing */
  run(harness: ProviderHarness): Promise<void>;
}

/** A provider that breaks a rule. The message is for its author. */
export class RuleBroken extends Error {
  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
    this.name = 'RuleBroken';
  }
}

/** @throws {RuleBroken} */
export function ensure(condition: unknown, what: string): asserts condition {
  if (!condition) throw new RuleBroken(what);
}

/** @throws {RuleBroken} that also says where the rule is described, whatever went wrong */
export async function prove(rule: Rule, harness: ProviderHarness): Promise<void> {
  try {
    await rule.run(harness);
  } catch (error) {
    const what = error instanceof RuleBroken ? error.message : `an error that nobody expected: ${String(error)}`;
    throw new RuleBroken(`${what}\nSee ${rule.see}.`, { cause: error });
  }
}
