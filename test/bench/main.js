import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { carryFiles } from './attachments.js';
import { compare } from './compare.js';
import { print, show } from './figures.js';
import { compareFilled } from './filled.js';
import { watchMemory } from './memory.js';
import { besetNeighbour } from './neighbour/neighbour.js';
import { compareReplicas } from './replicas.js';
import { timeTakeovers } from './takeover.js';
import { Workbench } from './workbench.js';

const HELP = `npm run bench -- [mode] [options]

without a mode    the gateway against hand-written glue: throughput, latency, CPU, memory (about three minutes)
--memory          whether memory grows with the work done        [--events 100000] [--handovers 10000]
--filled          whether a filled database slows it down        [--rows 1000000]
--replicas        two replicas on one database against one
--takeover        how soon a killed replica's work is taken over [--kills 20]
--neighbour       what a bot in trouble, and strangers, cost another bot
--attachments     how much memory large files need               [--mebibytes 25] [--files 3]

--rounds 3        how often each target is measured, by turns
--seconds 5       length of a saturated phase
--json <file>     writes the raw figures
`;

const MODES = {
  memory: watchMemory,
  filled: compareFilled,
  replicas: compareReplicas,
  takeover: timeTakeovers,
  attachments: carryFiles,
  neighbour: besetNeighbour,
};
const NUMBERS = {
  events: 100_000,
  handovers: 10_000,
  rows: 1_000_000,
  kills: 20,
  mebibytes: 25,
  files: 3,
  rounds: 3,
  seconds: 5,
};
/** More than this share of the machine for other programs, and the figures say little. */
const MUCH_ELSE = 0.1;

const options = readOptions();
if (options.help) print(HELP);
else await run(options);

async function run({ json, ...numbers }) {
  const mode = Object.keys(MODES).find((name) => numbers[name]) ?? 'compare';
  const bench = await Workbench.open();
  try {
    const machine = describe(bench);
    print(Object.values(machine).join(', '));
    const results = await (MODES[mode] ?? compare)(bench, numbers);
    if (json)
      writeFileSync(json, JSON.stringify({ mode, machine, options: numbers, faults: bench.faults, results }, null, 1));
    conclude(bench);
  } finally {
    await bench.close();
  }
}

function conclude({ faults, mostElse }) {
  if (mostElse > MUCH_ELSE * cpus().length)
    print(
      `\nOther programs kept up to ${show(mostElse, 1)} cores busy meanwhile: repeat it when the machine is quiet.`,
    );
  if (faults.length === 0) return print('\nEvery message arrived, once and in order.');
  process.exitCode = 1;
  print(`\nTHESE FIGURES DO NOT COUNT:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
}

function describe({ databases }) {
  return {
    cores: `${cpus().length} cores`,
    model: cpus()[0]?.model.trim() ?? 'unknown processor',
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    system: `${process.platform} ${process.arch}`,
    node: `Node ${process.version}`,
    postgres: `PostgreSQL ${databases.version}, fsync on`,
  };
}

function readOptions() {
  const text = { type: 'string' };
  const flag = { type: 'boolean' };
  const flags = Object.fromEntries([...Object.keys(MODES), 'help'].map((name) => [name, flag]));
  const numbers = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, text]));
  try {
    const { values } = parseArgs({ options: { ...flags, ...numbers, json: text } });
    for (const [name, fallback] of Object.entries(NUMBERS)) {
      values[name] = Number(values[name] ?? fallback);
      if (!Number.isInteger(values[name]) || values[name] < 1)
        throw new Error(`--${name} must be a whole number from 1`);
    }
    return values;
  } catch (error) {
    process.stderr.write(`${error.message}\n\n${HELP}`);
    process.exit(2);
  }
}
