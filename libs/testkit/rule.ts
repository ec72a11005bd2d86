import { ProviderError } from '#contract';
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

/** A provider that breaks a rule. The message is for its author, and so is the stack: it leaves out the suite's own places. */
export class RuleBroken extends Error {
  constructor(what: string, thrown?: Error) {
    super(what);
    this.name = 'RuleBroken';
    this.stack = [`${this.name}: ${what}`, ...(thrown ? placesOf(thrown) : [])].join('\n');
  }
}

/** @throws {RuleBroken} */
export function ensure(condition: unknown, what: string): asserts condition {
  if (!condition) throw new RuleBroken(what);
}

/** What is still to be written, as a generated provider says it; null for any other error. */
export function toDoIn(error: unknown): string | null {
  return error instanceof ProviderError && error.message.startsWith('to do: ') ? error.message : null;
}

/** What to throw for what a provider threw: what is wrong with that, or what is still to do. */
export function wrongly(what: string, thrown: unknown): unknown {
  return toDoIn(thrown) === null ? new RuleBroken(`${what} ${String(thrown)}`, thrown as Error) : thrown;
}

/** @throws {RuleBroken} that also says where the rule is described, whatever went wrong; of what is to do only that */
export async function prove(rule: Rule, harness: ProviderHarness): Promise<void> {
  try {
    await rule.run(harness);
  } catch (error) {
    const toDo = toDoIn(error);
    if (toDo !== null) throw new RuleBroken(toDo);
    const see = `\nSee ${rule.see}.`;
    if (error instanceof RuleBroken) throw new RuleBroken(`${error.message}${see}`, error);
    throw new RuleBroken(`an error that nobody expected: ${String(error)}${see}`, error as Error);
  }
}

const SUITE = /[\\/]libs[\\/]testkit[\\/]/;

function placesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').filter((line) => line.startsWith('    at ') && !SUITE.test(line));
}
