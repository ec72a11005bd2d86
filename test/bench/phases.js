import { drive, faultsOf } from './load.js';
import { cpuOf, cpuOfMachine } from './processes.js';

export const CONVERSATIONS = 64;
const WARM_UP = 300;
export const PACE = 25;
/** More than any target does: when they are used up the phase is over early. */
const MOST_PER_SECOND = 6_000;

/** The events of one round, the same for every target in it. */
export async function prepareTraffic(vendor, name, seconds) {
  const conversations = Array.from({ length: CONVERSATIONS }, (_, n) => `${name}-${n}`);
  const takenByAgent = await vendor.takenByAgent(conversations);
  const warmUp = await vendor.messages(conversations, WARM_UP);
  const paced = await vendor.messages(conversations, PACE * seconds * 2);
  const saturated = await vendor.messages(conversations, MOST_PER_SECOND * seconds, { withRedeliveries: true });
  return { name, seconds, conversations, takenByAgent, warmUp, paced, saturated };
}

/** The phases every target goes through. Each gives the figures of `drive` and the CPU it took; a fault voids the figures. */
export class Phases {
  #bench;
  #target;
  #traffic;

  /** @param traffic what `prepareTraffic` made */
  constructor(bench, target, traffic) {
    this.#bench = bench;
    this.#target = target;
    this.#traffic = traffic;
  }

  /** Until the code is compiled and the connections stand. Its figures are of no interest, its faults are. */
  warmUp() {
    return this.run('warm-up', { messages: this.#traffic.warmUp, seconds: 20 });
  }

  /** Few messages, evenly spread: what a message has to wait for when the target is not busy. */
  paced() {
    return this.run('paced', { messages: this.#traffic.paced, seconds: this.#traffic.seconds * 4, rate: PACE });
  }

  /** As many webhooks as the target takes. */
  saturated() {
    return this.run('saturated', { messages: this.#traffic.saturated, seconds: this.#traffic.seconds });
  }

  /** As many messages from the bot to 8x8 as the target takes. */
  outbound() {
    const { conversations, seconds } = this.#traffic;
    const count = MOST_PER_SECOND * seconds;
    const first = this.#bench.vendor.takeIndexes(count);
    const messages = Array.from({ length: count }, (_, at) => {
      const conversation = at % conversations.length;
      const request = this.#target.userMessage(conversations[conversation], first + at, conversation);
      return { index: first + at, conversation, request };
    });
    return this.run('outbound', { messages, seconds });
  }

  async run(phase, load) {
    const { sink } = this.#bench;
    const before = this.#readClocks();
    const figures = await drive({ sink, ports: this.#target.ports, ...load });
    const spent = this.#spentSince(before);
    const faults = faultsOf(figures);
    this.#bench.blame(`${this.#target.name}, ${phase}`, faults);
    const cpuMs = Object.fromEntries(
      ['target', 'postgres', 'load'].map((who) => [who, (spent[who] * 1000) / figures.delivered]),
    );
    const elsewhere = (spent.machine - spent.target - spent.postgres - spent.load) / spent.seconds;
    if (elsewhere > this.#bench.mostElse) this.#bench.mostElse = elsewhere;
    return { ...(faults.length > 0 ? withoutRates(figures) : figures), cpuMs, elsewhere };
  }

  /** Seconds of CPU so far; NaN where the system does not tell. */
  #readClocks() {
    const { user, system } = process.cpuUsage();
    return {
      target: cpuOf(this.#target.pids),
      postgres: cpuOf(this.#bench.databases.pids),
      load: (user + system) / 1e6,
      machine: cpuOfMachine(),
      seconds: performance.now() / 1000,
    };
  }

  #spentSince(before) {
    return Object.fromEntries(Object.entries(this.#readClocks()).map(([who, now]) => [who, now - before[who]]));
  }
}

function withoutRates(figures) {
  const unknown = { p50: NaN, p95: NaN, p99: NaN, max: NaN };
  return { ...figures, perSecond: NaN, answerMs: unknown, deliveryMs: unknown };
}
