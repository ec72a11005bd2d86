import { median, print, show, table } from './figures.js';
import { Phases, prepareTraffic } from './phases.js';
import { Gateway } from './targets.js';

/**
 * One gateway, and two on one database, by turns. With two, successive messages of a conversation go to different ones, as a
 * load balancer may do it, and must stay in order all the same.
 */
export async function compareReplicas(bench, { rounds, seconds }) {
  const traffic = await prepareTraffic(bench.vendor, 'replicas', seconds);
  const results = [];
  for (let round = 1; round <= rounds; round++) {
    for (const replicas of [1, 2]) {
      const gateway = await Gateway.start(bench, await bench.databases.fresh('replicas'), replicas);
      await gateway.prepare(traffic);
      const run = new Phases(bench, gateway, traffic);
      const result = {
        round,
        replicas,
        warmUp: await run.warmUp(),
        saturated: await run.saturated(),
        outbound: await run.outbound(),
      };
      await gateway.stop();
      results.push(result);
      const { saturated, outbound } = result;
      print(
        `round ${round}  ${replicas} gateway(s)  ${show(saturated.perSecond)} webhooks/s  ${show(outbound.perSecond)} messages/s`,
      );
    }
  }
  const row = (what, read) => {
    const [one, two] = [1, 2].map((number) => median(results.filter(({ replicas }) => replicas === number).map(read)));
    return [what, show(one), show(two), show(two / one, 2)];
  };
  print();
  print(
    table([
      ['median of all rounds', 'one', 'two', 'two/one'],
      row('8x8 → bot, messages delivered per second', ({ saturated }) => saturated.perSecond),
      row('bot → 8x8, messages delivered per second', ({ outbound }) => outbound.perSecond),
    ]),
  );
  return results;
}
