import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { clearInterval, setInterval } from 'node:timers';
import { setTimeout as pause } from 'node:timers/promises';
import { print, show, spread, table } from '../figures.js';
import { memoryOf } from '../processes.js';
import { SharedGateway } from './gateway.js';
import { Trouble } from './trouble.js';
import { Surroundings } from './world.js';

/** What bot A and the strangers do, in numbers. */
export const TROUBLE = {
  poisoned: 40,
  uploads: 36,
  streams: 1_000,
  events: 2_000,
  large: 700,
  sockets: 200,
  wrongKeys: 1_000,
};
/** What a neighbour may cost: this many times what it takes undisturbed, and so many milliseconds. */
export const ALLOWED = { factor: 2, plusMs: 50, mebibytes: 512 };

const WARM_UP = 30;
const SAMPLE_MS = 100;
const EVERY_MS = 250;
const PATIENCE_MS = 60_000;
const DELIVERED_WITHIN_MS = 240_000;

/**
 * Two bots share a provider. Bot A's conversations, files, streams and callback are in trouble and strangers beset the gateway; what
 * bot B sees of it is compared with the same calls undisturbed. At the end the trouble is over, and everything of A's must arrive.
 * @param seconds B is watched four times as long in each phase
 */
export async function besetNeighbour(bench, { seconds: quarter, trouble: sizes = TROUBLE }) {
  const seconds = quarter * 4;
  const around = await Surroundings.start(bench.vendor.jwk);
  bench.onClose(async () => around.stop());
  const gateway = await SharedGateway.start(bench, around);
  bench.onClose(() => gateway.stop());
  const bot = new Neighbour(gateway, around, bench.vendor);
  const trouble = new Trouble(gateway, around, bench.vendor, sizes);
  await bot.prepare(WARM_UP + 2 * Math.ceil((seconds * 1_000) / EVERY_MS) + 10);
  await trouble.prepare();
  await bot.watch('warm-up', (WARM_UP * EVERY_MS) / 1_000);
  const before = await bot.watch('undisturbed', seconds);

  const samples = [];
  const sampling = setInterval(() => samples.push(memoryOf([gateway.pid])), SAMPLE_MS);
  bench.onClose(async () => clearInterval(sampling));
  around.isTroubled = true;
  const crowd = await gather(bench, gateway, trouble.ids.get(trouble.names.poisoned[0]), sizes);
  const caused = trouble.cause();
  caused.catch(() => undefined);
  await pause(2_000);
  const during = await bot.watch('beset', seconds);
  const crowdSaw = await crowd.end();
  around.endTrouble();
  await caused;
  const missing = await delivered(around, trouble.accepted);
  clearInterval(sampling);
  const highest = Math.max(...samples);
  const result = {
    before,
    during,
    highest,
    hasEnded: gateway.hasEnded,
    expected: sizes.poisoned + sizes.uploads + sizes.large + sizes.events,
    accepted: trouble.accepted.length,
    refused: trouble.refused,
    wrong: trouble.wrong,
    missing,
    doubled: trouble.accepted.filter((key) => around.taken.get(key) > 1),
    disorder: [...around.events.entries()].filter(([, seen]) => !isInOrder(seen)).map(([key]) => key),
    crowdSaw,
  };
  bench.blame('neighbour', faultsOf(result));
  report(result);
  await gateway.stop();
  return result;
}

/** What of it must not be, in words. */
function faultsOf({ before, during, highest, hasEnded, wrong, missing, doubled, disorder, accepted, expected }) {
  return [
    hasEnded && 'the gateway ended',
    accepted < expected && `${accepted} of ${expected} things of bot A were accepted`,
    highest >= ALLOWED.mebibytes && `${show(highest)} MiB of memory`,
    wrong.length > 0 && `${wrong.length} calls of A were answered wrongly, such as ${wrong[0]}`,
    missing.length > 0 && `${missing.length} of A were not delivered, such as ${missing[0]}`,
    doubled.length > 0 && `${doubled.length} of A were delivered twice, such as ${doubled[0]}`,
    disorder.length > 0 && `events out of order: ${disorder[0]}`,
    ...Object.keys(during).flatMap((what) => [
      during[what].failed > 0 && `${during[what].failed} of B failed: ${what}`,
      during[what].p95 > limitOf(before[what]) &&
        `B's ${what}: p95 ${show(during[what].p95)} ms, allowed ${show(limitOf(before[what]))} ms`,
    ]),
  ].filter(Boolean);
}

export function limitOf({ p95 }) {
  return ALLOWED.factor * p95 + ALLOWED.plusMs;
}

/** Bot B: it starts handovers, writes messages and hears from its agents, one of each at a time. */
class Neighbour {
  #gateway;
  #around;
  #vendor;
  #next = 0;

  constructor(gateway, around, vendor) {
    this.#gateway = gateway;
    this.#around = around;
    this.#vendor = vendor;
  }

  async prepare(events) {
    const name = 'b-talk';
    this.id = (await this.#gateway.start('b', name)).id;
    await this.#around.until(`conversation ${name}`, PATIENCE_MS);
    for (const bytes of (await this.#vendor.takenByAgent([name])).flat()) await this.#gateway.webhook(bytes);
    this.said = await this.#vendor.messages([name], events);
  }

  /** How long each kind of thing took, as `spread` says it, and how many failed. */
  async watch(phase, seconds) {
    const times = { start: [], message: [], callback: [] };
    const end = performance.now() + seconds * 1_000;
    const during = [];
    while (performance.now() < end) {
      const n = this.#next++;
      during.push(
        this.#time(times.start, `conversation b-${n}`, () => this.#gateway.start('b', `b-${n}`)),
        this.#time(times.message, `message from b ${n}`, () => this.#say(`from b ${n}`)),
        this.#time(times.callback, `event ${textOf(this.said[n])}`, () => this.#gateway.webhook(this.said[n].request)),
      );
      await pause(EVERY_MS);
    }
    await Promise.all(during);
    return Object.fromEntries(
      Object.entries(times).map(([what, all]) => {
        const taken = all.filter((ms) => ms !== null);
        return [what, { ...spread(taken), count: all.length, failed: all.length - taken.length, phase }];
      }),
    );
  }

  #say(text) {
    return this.#gateway.call('b', `/v1/handovers/${this.id}/messages`, { text });
  }

  /** From asking for it until it is where it should be. */
  async #time(times, key, work) {
    const from = performance.now();
    const arrival = this.#around.until(key, PATIENCE_MS);
    const answer = await work().catch(() => ({ status: 0 }));
    const at = (answer.status ?? 201) >= 300 || answer.status === 0 ? null : await arrival;
    times.push(at === null ? null : at - from);
  }
}

function textOf({ index, conversation }) {
  return `Your parcel is on its way. bench:${index}:${conversation}`;
}

async function gather(bench, gateway, handover, { sockets, wrongKeys, streams }) {
  const script = 'test/bench/neighbour/crowd.js';
  const numbers = [sockets, wrongKeys, streams].map(String);
  const child = spawn(process.execPath, [script, String(gateway.port), gateway.keyOf('a'), handover, ...numbers], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  bench.onClose(async () => void child.kill('SIGKILL'));
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text));
  await once(child.stdout, 'data');
  return {
    end: async () => {
      const gone = once(child, 'close');
      child.kill('SIGTERM');
      await gone;
      return JSON.parse(said.trim().split('\n').at(-1));
    },
  };
}

async function delivered(around, keys) {
  const deadline = performance.now() + DELIVERED_WITHIN_MS;
  let missing = keys;
  while (missing.length > 0 && performance.now() < deadline) {
    missing = missing.filter((key) => !around.taken.has(key));
    await pause(50);
  }
  return missing;
}

/** 1, 2, 3 … each once. */
function isInOrder(sequences) {
  return sequences.every((sequence, at) => sequence === at + 1);
}

function report({ before, during, highest, accepted, refused, crowdSaw }) {
  print(
    table([
      ['bot B, from asking until it has arrived, ms', 'p50', 'p95', 'max', 'beset p50', 'p95', 'max', 'allowed p95'],
      ...Object.keys(before).map((what) => [
        what,
        ...[before, during].flatMap((phase) => ['p50', 'p95', 'max'].map((name) => show(phase[what][name], 1))),
        show(limitOf(before[what]), 1),
      ]),
    ]),
  );
  print(
    `\nhighest resident memory ${show(highest)} MiB; of bot A ${accepted} accepted, refused for now ${refused} times`,
  );
  print(`strangers and streams were answered: ${JSON.stringify(crowdSaw)}`);
}
