import { clearInterval, setInterval } from 'node:timers';
import { growth, print, show } from './figures.js';
import { Phases } from './phases.js';
import { memoryOf } from './processes.js';
import { Gateway } from './targets.js';

const STEPS = 20;
const SAMPLE_MS = 250;
/** Longer than any step takes: the number of events ends it. */
const SECONDS = 600;

/**
 * Many handovers with many messages, all from their start to their end, through one gateway; and how much memory it has meanwhile.
 * What grows with the work done will one day be too much, so the second half, when everything is warm, must be level.
 */
export async function watchMemory(bench, { events, handovers }) {
  const gateway = await Gateway.start(bench, await bench.databases.fresh('memory'));
  const perStep = { events: Math.ceil(events / STEPS), handovers: Math.ceil(handovers / STEPS) };
  const samples = [memoryOf(gateway.pids)];
  const sampling = setInterval(() => samples.push(memoryOf(gateway.pids)), SAMPLE_MS);
  bench.onClose(async () => clearInterval(sampling));
  const steps = [{ events: 0, handovers: 0, mebibytes: samples[0] }];
  print('   events  handovers  resident memory');
  for (let step = 1; step <= STEPS; step++) {
    await work(bench, gateway, step, perStep);
    steps.push({
      events: step * perStep.events,
      handovers: step * perStep.handovers,
      mebibytes: memoryOf(gateway.pids),
      sample: samples.length,
    });
    const { events: done, handovers: ended, mebibytes } = steps.at(-1);
    print(`${String(done).padStart(9)}  ${String(ended).padStart(9)}  ${show(mebibytes).padStart(11)} MiB`);
  }
  clearInterval(sampling);
  await gateway.stop();
  const grown = growth(samples.slice(steps[STEPS / 2].sample));
  const [most, half] = [Math.max(...samples), events / 2];
  print(`\nhighest ${show(most)} MiB; over the last ${half} events it grew by ${show(grown, 1)} MiB`);
  return { steps, highest: most, grownOverLastHalf: grown, samples };
}

async function work(bench, gateway, step, { events, handovers }) {
  const conversations = Array.from({ length: handovers }, (_, n) => `memory-${step}-${n}`);
  const takenByAgent = await bench.vendor.takenByAgent(conversations);
  const messages = await bench.vendor.messages(conversations, events, { withRedeliveries: true });
  await gateway.prepare({ conversations, takenByAgent });
  await new Phases(bench, gateway, null).run(`step ${step}`, { messages, seconds: SECONDS });
  await gateway.finish(conversations);
}
