import { median, print, show, spread, table } from './figures.js';
import { Phases, prepareTraffic } from './phases.js';
import { memoryOf } from './processes.js';
import { Gateway, Glue } from './targets.js';

const STARTS = 100;

/** The gateway and the hand-written glue by turns, each time on an empty database. Returns the raw figures, round by round. */
export async function compare(bench, { rounds, seconds }) {
  print(`Signing the events of ${seconds} s …`);
  const traffic = await prepareTraffic(bench.vendor, 'compare', seconds);
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    for (const Target of [Gateway, Glue]) {
      const target = await Target.start(bench, await bench.databases.fresh('compare'));
      const result = { round, target: target.name, ...(await measure(bench, target, traffic)) };
      await target.stop();
      results.push(result);
      const { paced, saturated, outbound } = result.phases;
      print(
        `round ${round}  ${target.name.padEnd(7)}  ${show(saturated.perSecond)} webhooks/s  ${show(outbound.perSecond)} messages/s  ` +
          `${show(paced.deliveryMs.p50, 1)} ms`,
      );
    }
  }
  print();
  print(table(rowsOf(results)));
  return results;
}

async function measure(bench, target, traffic) {
  await target.prepare(traffic);
  const idle = memoryOf(target.pids);
  const run = new Phases(bench, target, traffic);
  const phases = {
    warmUp: await run.warmUp(),
    paced: await run.paced(),
    saturated: await run.saturated(),
    outbound: await run.outbound(),
  };
  const memory = { idle, busy: memoryOf(target.pids) };
  return { phases, memory, startMs: target.startHandover ? await timeStarts(target) : null };
}

/** How soon POST /v1/handovers is answered, one after the other. */
async function timeStarts(gateway) {
  const times = [];
  for (let n = 0; n < STARTS; n++) {
    const before = performance.now();
    await gateway.startHandover(`start-${n}`);
    times.push(performance.now() - before);
  }
  return spread(times);
}

function rowsOf(results) {
  const of = (name, read) => median(results.filter(({ target }) => target === name).map(read));
  const row = (what, read, decimals = 1) => {
    const [gateway, glue] = ['gateway', 'glue'].map((name) => of(name, read));
    return [what, show(gateway, decimals), show(glue, decimals), show(gateway / glue, 2)];
  };
  return [
    ['median of all rounds', 'gateway', 'glue', 'gateway/glue'],
    row('8x8 → bot, messages delivered per second', ({ phases }) => phases.saturated.perSecond, 0),
    row('bot → 8x8, messages delivered per second', ({ phases }) => phases.outbound.perSecond, 0),
    row('webhook to callback at 25/s, p50 ms', ({ phases }) => phases.paced.deliveryMs.p50),
    row('webhook to callback at 25/s, p99 ms', ({ phases }) => phases.paced.deliveryMs.p99),
    row('webhook to its 2xx at 25/s, p50 ms', ({ phases }) => phases.paced.answerMs.p50),
    row('webhook to its 2xx at 25/s, p99 ms', ({ phases }) => phases.paced.answerMs.p99),
    row('first answer of POST /v1/handovers, p50 ms', ({ startMs }) => startMs?.p50 ?? NaN),
    row('first answer of POST /v1/handovers, p95 ms', ({ startMs }) => startMs?.p95 ?? NaN),
    row('CPU per delivered webhook, ms', ({ phases }) => phases.saturated.cpuMs.target, 2),
    row('CPU of PostgreSQL per delivered webhook, ms', ({ phases }) => phases.saturated.cpuMs.postgres, 2),
    row('resident memory before the load, MiB', ({ memory }) => memory.idle, 0),
    row('resident memory after the load, MiB', ({ memory }) => memory.busy, 0),
  ];
}
