import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs } from 'node:util';
import { withDefaults as complete } from '#contract';

/**
 * Runs the fake of a provider's fixtures by hand: at a port, with commands that make its agents do something and send the webhooks for
 * it, signed as in the conformance run.
 */
const PROVIDERS = new URL('../../libs/providers/', import.meta.url);
const USAGE =
  'Usage: npm run fake -- <provider> [--port 4020] [--gateway http://127.0.0.1:3000] [--name <name in handover.yaml>]';
const HELP = [
  'list                  the conversations, and what was said in them',
  'joins [agent]         an agent comes into the newest conversation (event: the first fixture with agent.joined)',
  'says <words>          the agent says something',
  'ends                  the agent ends it',
  'events                the fixtures, by number',
  'event <number>        sends that fixture, about the newest conversation',
  'help, quit',
];

const out = (...lines) => process.stdout.write(`${lines.join('\n')}\n`);
const folderOf = (given) => given.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function usage(message) {
  process.stderr.write(`${message}\n${USAGE}\n`);
  process.exit(2);
}

const { positionals, values } = arguments_();
const [given] = positionals;
const known = readdirSync(PROVIDERS).filter((folder) =>
  existsSync(new URL(`${folder}/fixtures/harness.ts`, PROVIDERS)),
);
if (positionals.length !== 1 || !known.includes(folderOf(given)))
  usage(`Name one provider of ${known.join(', ')}${given ? `, not "${given}"` : ''}.`);
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535) usage(`"${values.port}" is no port.`);
if (!URL.canParse(values.gateway)) usage(`"${values.gateway}" is no address of a gateway.`);

const module_ = await import(new URL(`${folderOf(given)}/fixtures/harness.ts`, PROVIDERS));
const harness = Object.values(module_).find((value) => typeof value?.vendor === 'function' && value.webhooks);
if (!harness) usage(`${fileURLToPath(PROVIDERS)}${folderOf(given)}/fixtures/harness.ts exports no ProviderHarness.`);

const vendor = harness.vendor('first');
await vendor.http
  .start(port)
  .catch((error) => usage(`It cannot listen at port ${port}: ${error.code}. Name another --port.`));
const { key } = harness.provider().definition;
const settings = harness.settings(vendor.http.baseUrl, 'first');
const name = values.name ?? `fake-${folderOf(given)}`;
const session = openSession();
const address = [values.gateway.replace(/\/+$/, ''), 'handover', key, name, ...(session.webhookToken ? [encodeURIComponent(session.webhookToken)] : [])].join('/'); // prettier-ignore

out(
  `The fake of ${harness.provider().definition.title} is at ${vendor.http.baseUrl}. In handover.yaml:`,
  '',
  'providers:',
  `  - ${JSON.stringify({ name, type: key, settings, defaults: harness.defaults })}`,
  '',
  `Its webhooks go to ${address.replace(/[^/]+$/, (last) => (session.webhookToken ? '<webhookToken>' : last))}. Commands:`,
  ...HELP.map((line) => `  ${line}`),
);

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.trim().split(/\s+/);
  if (command === 'quit') break;
  if (command !== '') await run(command, words).catch((error) => out(`It failed: ${error.message}`));
}
await vendor.http.stop();
// It would wait for a further line, and the process with it.
process.stdin.destroy();

async function run(command, words) {
  const conversation = vendor.conversations().at(-1)?.id;
  if (command === 'list')
    return out(
      ...vendor
        .conversations()
        .map((one) => JSON.stringify(one, (_, value) => (Buffer.isBuffer(value) ? `${value.length} bytes` : value))),
    );
  if (command === 'help') return out(...HELP);
  if (command === 'events')
    return out(...harness.webhooks.events.map((one, index) => `${index} ${one.name}: ${one.facts.join(', ')}`));
  if (!['joins', 'says', 'ends', 'event'].includes(command)) return out(`There is no command "${command}": see help.`);
  if (!conversation) return out('There is no conversation yet: start a handover.');
  if (command === 'event') {
    const fixture = harness.webhooks.events[Number(words[0])];
    return fixture ? send(about(fixture.body, conversation)) : out('There is no such event: see events.');
  }
  if (command === 'joins') {
    vendor.agentJoins?.(conversation, words[0] ?? 'agent-1');
    return send(about(fixtureWith('agent.joined'), conversation));
  }
  if (command === 'ends') {
    vendor.agentEnds?.(conversation);
    const last = harness.webhooks.endings.map((bodies) => bodies.at(-1));
    // What says so itself ends it at once; an agent's leaving waits for a sign of a transfer.
    const idle = last.find((body) => eventsIn(body).some((event) => event.type === 'idle'));
    return send(about(idle ?? last[0], conversation));
  }
  const text = words.join(' ');
  vendor.agentSays?.(conversation, text, Date.now());
  const told = (vendor.eventsOf?.(conversation) ?? []).filter((body) =>
    eventsIn(body).some((event) => event.text === text),
  );
  const said = told[0] ?? about(fixtureWith('message'), conversation, text);
  return send(said);
}

function fixtureWith(type) {
  return harness.webhooks.events.find(({ facts }) => facts.includes(type))?.body;
}

/** A fixture's event, moved to another conversation and, where it says something, to other words. */
function about(body, conversation, text) {
  if (body === undefined) throw new Error('the fixtures have no such event');
  const [event] = eventsIn(body);
  const [own] = (vendor.eventsOf?.(conversation) ?? []).flatMap(eventsIn);
  const short = (id) => String(id).split('/').at(-1);
  const changes = [
    [event?.conversation, conversation],
    [short(event?.conversation), short(conversation)],
    [event?.handoverId, own?.handoverId],
    ...(text === undefined ? [] : [[event?.text, text]]),
  ].filter(([from, to]) => from && to);
  const now = Date.now();
  const times = event?.at ? [[event.at, now], [event.at / 1_000, now / 1_000], [new Date(event.at).toISOString(), new Date(now).toISOString()]] : []; // prettier-ignore
  const change = (value) => {
    const [, time] = times.find(([from]) => from === value) ?? [];
    if (time !== undefined) return time;
    if (Array.isArray(value)) return value.map(change);
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(Object.entries(value).map(([name_, item]) => [name_, change(item)]));
    const found = changes.find(([from]) => String(from) === String(value));
    if (!found) return value;
    return typeof value === 'number' ? Number(found[1]) : found[1];
  };
  const plain = JSON.parse(bytes(body).toString());
  // An event of its own each time: what has an id of its own at its top gets another one.
  return {
    ...change(plain),
    ...(typeof plain.id === 'string' && plain.id !== short(event?.conversation)
      ? { id: `${plain.id}-${Date.now()}` }
      : {}),
  };
}

function eventsIn(body) {
  return session.events({ key: null, tenant: null, body: bytes(body) });
}

async function send(body) {
  const { headers, body: signed } = vendor.sign(bytes(body), { at: Date.now(), by: 'account' });
  const answer = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: signed,
  });
  out(`The gateway answered ${answer.status}${answer.ok ? '' : `: ${await answer.text()}`}`);
}

function bytes(body) {
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}

function openSession() {
  const provider = harness.provider();
  const log = { debug() {}, info() {}, warn() {} };
  return provider.open(withDefaults(provider, settings), { name, production: false, now: Date.now, log });
}

function withDefaults({ definition }, plain) {
  return complete(definition.settings, Object.assign(new definition.settings(), plain));
}

function arguments_() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '4020' },
        gateway: { type: 'string', default: 'http://127.0.0.1:3000' },
        name: { type: 'string' },
      },
    });
  } catch (error) {
    return usage(error.message);
  }
}
