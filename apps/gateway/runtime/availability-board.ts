import { ProviderError, type ProviderLog } from '#contract';
import {
  availabilityOf,
  Budget,
  queueOf,
  Rate,
  unknownAvailability,
  type Availability,
  type Clock,
  type Owner,
  type ProviderInstance,
} from '#core';

/** For how long an answer is good, a failure too, in milliseconds. */
const GOOD_FOR_MS = 7_000;
/** How long a bot waits for the contact centre, in milliseconds. */
const ANSWER_WITHIN_MS = 5_000;
/** Queues of a provider that are remembered: bots may name any. */
const MAX_QUEUES = 200;
/** Questions to one contact centre at the same time. The floor is what each has left while others' are slow. */
const ASKING = { total: 12, share: 8, floor: 2 };
/** Questions to one contact centre within ten seconds. */
const ASKED = { total: 120, share: 60, floor: 15 };
const ASKED_WITHIN_MS = 10_000;
/** Questions about queues of which it has not said anything yet, within a minute: bots may name any. */
const TRIED_OUT = { total: 60, share: 20, floor: 10 };
const TRIED_OUT_WITHIN_MS = 60_000;

interface Entry {
  answer: Promise<Availability>;
  /** Monotonic; Infinity while it is being asked. */
  goodUntil: number;
}

/** What is known of one provider, and what it is asked. */
class Account {
  readonly entries = new Map<string | null, Entry>();
  /** Queues that the contact centre has said something of. */
  readonly known = new Set<string | null>();
  readonly asking = new Budget('availability questions at the same time', ASKING);
  readonly asked: Rate;
  readonly triedOut: Rate;

  constructor(now: () => number) {
    this.asked = new Rate('availability questions', ASKED, ASKED_WITHIN_MS, now);
    this.triedOut = new Rate('availability questions about unknown queues', TRIED_OUT, TRIED_OUT_WITHIN_MS, now);
  }

  /** Counts a question. @throws {Refusal} `over_budget` or `unavailable`; nothing is asked then */
  count(provider: ProviderInstance, queueId: string | null, owner: Owner): void {
    const isKnown = queueId === queueOf(provider) || this.known.has(queueId);
    if (!this.asking.hasRoom(owner)) throw this.asking.refusal(owner);
    if (!isKnown && !this.triedOut.take(owner)) throw this.triedOut.refusal(owner);
    if (!this.asked.take(owner)) throw this.asked.refusal(owner);
    this.asking.take(owner);
  }

  learn(queueId: string | null): void {
    this.known.delete(queueId);
    this.known.add(queueId);
    if (this.known.size > MAX_QUEUES) this.known.delete(this.known.values().next().value!);
  }
}

/** Whether somebody is there, for many askers at little cost: each queue is asked for once in a while, by one call for all. */
export class AvailabilityBoard {
  /** A provider that is opened anew, because its settings have changed, begins anew here. */
  private readonly accounts = new WeakMap<ProviderInstance, Account>();

  constructor(
    private readonly clock: Clock,
    private readonly log: ProviderLog,
    private readonly monotonic: () => number = () => performance.now(),
  ) {}

  /**
   * What cannot be found out is `unknown`.
   * @throws {Refusal} `over_budget` or `unavailable`, where the answer would need a call that is over the budget of whoever asks
   */
  async of(provider: ProviderInstance, queueId: string | null, owner: Owner): Promise<Availability> {
    const now = this.clock.now();
    if (!provider.enabled)
      return {
        ...unknownAvailability('The provider is disabled: it takes no new handovers.', now),
        state: 'unavailable',
      };
    if (!provider.session.availability) return unknownAvailability('This contact centre cannot tell.', now);
    const account = this.accounts.get(provider) ?? new Account(this.monotonic);
    this.accounts.set(provider, account);
    const entry = account.entries.get(queueId);
    if (entry && entry.goodUntil > this.monotonic()) return entry.answer;
    account.count(provider, queueId, owner);
    return this.ask(provider, queueId, account, owner);
  }

  private ask(
    provider: ProviderInstance,
    queueId: string | null,
    account: Account,
    owner: Owner,
  ): Promise<Availability> {
    const entry: Entry = { answer: this.read(provider, queueId), goodUntil: Infinity };
    entry.answer = entry.answer
      .then((answer) => {
        if (answer.queueSize !== null || answer.agentsAvailable !== null) account.learn(queueId);
        return answer;
      })
      .finally(() => {
        entry.goodUntil = this.monotonic() + GOOD_FOR_MS;
        account.asking.free(owner);
      });
    // The one asked for longest ago goes first.
    account.entries.delete(queueId);
    account.entries.set(queueId, entry);
    if (account.entries.size > MAX_QUEUES) account.entries.delete(account.entries.keys().next().value!);
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
