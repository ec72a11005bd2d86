import { ProviderError, type ProviderLog } from '#contract';
import { availabilityOf, unknownAvailability, type Availability, type Clock, type ProviderInstance } from '#core';

/** For how long an answer is good, a failure too, in milliseconds. */
const GOOD_FOR_MS = 7_000;
/** How long a bot waits for the contact centre, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;
/** Queues of a provider that are remembered: bots may name any. */
const MAX_QUEUES = 200;
/** Questions to one contact centre at the same time. */
const MAX_ASKING = 8;

interface Entry {
  answer: Promise<Availability>;
  /** Monotonic; Infinity while it is being asked. */
  goodUntil: number;
}

/** Whether somebody is there, for many askers at little cost: each queue is asked for once in a while, by one call for all. */
export class AvailabilityBoard {
  /** A provider that is opened anew, because its settings have changed, begins anew here. */
  private readonly queues = new WeakMap<ProviderInstance, Map<string | null, Entry>>();

  constructor(
    private readonly clock: Clock,
    private readonly log: ProviderLog,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /** Never rejects: what cannot be found out is `unknown`. */
  async of(provider: ProviderInstance, queueId: string | null): Promise<Availability> {
    const now = this.clock.now();
    if (!provider.enabled)
      return {
        ...unknownAvailability('The provider is disabled: it takes no new handovers.', now),
        state: 'unavailable',
      };
    if (!provider.session.availability) return unknownAvailability('This contact centre cannot tell.', now);
    const known = this.queues.get(provider) ?? new Map<string | null, Entry>();
    this.queues.set(provider, known);
    const entry = known.get(queueId);
    if (entry && entry.goodUntil > this.monotonic()) return entry.answer;
    const asking = [...known.values()].filter(({ goodUntil }) => goodUntil === Infinity).length;
    if (asking >= MAX_ASKING)
      return unknownAvailability('Too many queues are being asked for at the same time. Ask again.', now);
    return this.ask(provider, queueId, known);
  }

  private ask(
    provider: ProviderInstance,
    queueId: string | null,
    known: Map<string | null, Entry>,
  ): Promise<Availability> {
    const entry: Entry = { answer: this.read(provider, queueId), goodUntil: Infinity };
    entry.answer = entry.answer.finally(() => (entry.goodUntil = this.monotonic() + GOOD_FOR_MS));
    // The one asked for longest ago goes first.
    known.delete(queueId);
    known.set(queueId, entry);
    if (known.size > MAX_QUEUES) known.delete(known.keys().next().value!);
    return entry.answer;
  }

  private async read(provider: ProviderInstance, queueId: string | null): Promise<Availability> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new ProviderError(
        'unreachable',
        `The contact centre did not answer within ${ANSWER_WITHIN_MS / 1_000} s.`,
      );
      timer = setTimeout(() => reject(error), ANSWER_WITHIN_MS);
    });
    try {
      const reading = await Promise.race([provider.session.availability!(queueId), late]);
      return availabilityOf(reading, this.clock.now());
    } catch (error) {
      const { message } = error as Error;
      this.log.warn({ provider: provider.name, err: message }, 'availability is not known');
      // Only what a provider says on purpose is for the bot to read.
      const reason = error instanceof ProviderError ? message : 'The contact centre could not be asked.';
      return unknownAvailability(reason, this.clock.now());
    } finally {
      clearTimeout(timer);
    }
  }
}
