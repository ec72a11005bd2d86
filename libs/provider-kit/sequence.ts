import { ProviderError } from '#contract';

/** Of all calls of one operation together, so that it ends within 30 s. Milliseconds. */
export const SEQUENCE_BUDGET_MS = 25_000;

/** Several calls that are one operation, see `inSequence`. */
export class Sequence {
  #effect: string | null = null;

  /** @param signal aborts what is still on its way when the time of the operation is over */
  constructor(readonly signal: AbortSignal) {}

  /**
   * From here on the operation has taken effect, such as by opening a conversation: what fails after it is an unknown outcome, whatever
   * the vendor calls it, so that the effect is looked up and never had twice.
   * @param what took effect, for the error, such as `the conversation 57 is open`
   */
  tookEffect(what: string): void {
    this.#effect = what;
  }

  /** What to throw for a failure of one of its calls. */
  failure(error: unknown): unknown {
    if (this.#effect === null || !(error instanceof ProviderError) || error.code === 'unknown_outcome') return error;
    return new ProviderError('unknown_outcome', `${this.#effect}, but what followed failed: ${error.message}`);
  }
}

/**
 * Runs an operation of several calls, such as a start that saves a contact, opens a conversation and puts it into a queue: one time for all
 * of them together, and no repetition once it took effect. Give the sequence to `VendorApi.during`, or its signal to the calls.
 * A step that the operation can do without is caught and logged by the one who makes it.
 * @param budgetMs for all calls together, 25 s unless given; what is on its way then ends as one that gave no answer
 * @throws {ProviderError} that of the call that failed; `unknown_outcome` once the operation took effect
 */
export async function inSequence<T>(
  work: (sequence: Sequence) => Promise<T>,
  budgetMs = SEQUENCE_BUDGET_MS,
): Promise<T> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new DOMException('It took too long.', 'TimeoutError')), budgetMs);
  const sequence = new Sequence(over.signal);
  try {
    return await work(sequence);
  } catch (error) {
    throw sequence.failure(error);
  } finally {
    clearTimeout(timer);
  }
}
