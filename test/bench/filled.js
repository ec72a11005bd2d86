import { median, print, show, table } from './figures.js';
import { fill } from './fill.js';
import { Phases, prepareTraffic } from './phases.js';
import { Gateway } from './targets.js';

/** The gateway on an empty database and on one that has been in use for long, by turns. */
export async function compareFilled(bench, { rows, rounds, seconds }) {
  const filled = await bench.databases.fresh('filled');
  await handOverOnce(bench, filled);
  print(`Filling a database with ${rows} rows a table …`);
  const before = performance.now();
  print(await fill(filled, rows));
  print(`filled in ${show((performance.now() - before) / 1000)} s`);
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    const traffic = await prepareTraffic(bench.vendor, `round-${round}`, seconds);
    const empty = await bench.databases.fresh('empty');
    for (const [database, url] of Object.entries({ empty, filled })) {
      const result = { round, database, ...(await measure(bench, url, traffic)) };
      results.push(result);
      const { saturated, outbound } = result;
      print(
        `round ${round}  ${database.padEnd(6)}  ${show(saturated.perSecond)} webhooks/s  ${show(outbound.perSecond)} messages/s`,
      );
    }
  }
  print(`\n${table(rowsOf(results))}`);
  return results;
}

/** One handover from start to end, in the gateway's own words: the pattern that is multiplied. */
async function handOverOnce(bench, database) {
  const gateway = await Gateway.start(bench, database);
  const conversations = ['pattern'];
  await gateway.prepare({ conversations, takenByAgent: await bench.vendor.takenByAgent(conversations) });
  const run = new Phases(bench, gateway, { conversations });
  await run.run('pattern', { messages: await bench.vendor.messages(conversations, 1), seconds: 20 });
  await gateway.finish(conversations);
  await gateway.stop();
}

async function measure(bench, database, traffic) {
  const gateway = await Gateway.start(bench, database);
  await gateway.prepare(traffic);
  const run = new Phases(bench, gateway, traffic);
  const warmUp = await run.warmUp();
  const paced = await run.paced();
  const saturated = await run.saturated();
  const outbound = await run.outbound();
  await gateway.stop();
  return { warmUp, paced, saturated, outbound };
}

function rowsOf(results) {
  const row = (what, read, decimals = 1) => {
    const [empty, filled] = ['empty', 'filled'].map((name) =>
      median(results.filter(({ database }) => database === name).map(read)),
    );
    return [what, show(empty, decimals), show(filled, decimals), show(filled / empty, 2)];
  };
  return [
    ['median of all rounds', 'empty', 'filled', 'filled/empty'],
    row('8x8 → bot, messages delivered per second', ({ saturated }) => saturated.perSecond, 0),
    row('bot → 8x8, messages delivered per second', ({ outbound }) => outbound.perSecond, 0),
    row('webhook to callback at 25/s, p50 ms', ({ paced }) => paced.deliveryMs.p50),
    row('webhook to callback at 25/s, p99 ms', ({ paced }) => paced.deliveryMs.p99),
    row('CPU of PostgreSQL per delivered webhook, ms', ({ saturated }) => saturated.cpuMs.postgres, 2),
  ];
}
