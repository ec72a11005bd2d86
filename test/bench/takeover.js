import { setTimeout as pause } from 'node:timers/promises';
import { print, show, spread } from './figures.js';
import { Gateway } from './targets.js';
import { Connection } from './wire.js';

const CONVERSATIONS = 8;
const PER_CONVERSATION = 2;
const HELD_WITHIN_MS = 15_000;
const CLOSED_WITHIN_MS = 250;
const TAKEN_OVER_WITHIN_MS = 120_000;

/**
 * Two gateways on one database, one of which is killed with deliveries under way: the bot has received them and has not answered.
 * The time is from the kill until the other one has delivered the last of them. The two are killed by turns.
 */
export async function timeTakeovers(bench, { kills }) {
  const gateway = await Gateway.start(bench, await bench.databases.fresh('takeover'), 2);
  const conversations = Array.from({ length: CONVERSATIONS }, (_, n) => `takeover-${n}`);
  await gateway.prepare({ conversations, takenByAgent: await bench.vendor.takenByAgent(conversations) });
  const results = [];
  for (let kill = 0; kill < kills; kill++) {
    const messages = await bench.vendor.messages(conversations, CONVERSATIONS * PER_CONVERSATION);
    const result = await killOne(bench, gateway, kill % 2, messages);
    results.push(result);
    print(`kill ${String(kill + 1).padStart(2)}: ${result.inHand} in hand, delivered after ${show(result.ms)} ms`);
    gateway.children[kill % 2] = await gateway.startReplica();
  }
  await gateway.stop();
  const times = results.filter(({ inHand }) => inHand > 0).map(({ ms }) => ms);
  const { p50, max } = spread(times);
  print(
    `\n${times.length} kills with work in hand: half of them taken over within ${show(p50)} ms, all within ${show(max)} ms`,
  );
  return results;
}

async function killOne(bench, gateway, victim, messages) {
  const { sink } = bench;
  const answered = watch(sink);
  sink.isHolding = true;
  await send(gateway.ports[victim], messages);
  await before(HELD_WITHIN_MS, () => sink.held.size >= CONVERSATIONS);
  const held = [...sink.held];
  await gateway.children[victim].kill();
  const killedAt = performance.now();
  // The victim's connections are gone; what is still open belongs to the other one, which is answered now.
  await before(CLOSED_WITHIN_MS, () => sink.held.size === 0);
  const inHand = held.filter((item) => !sink.held.has(item)).map(({ index }) => index);
  sink.release();
  await before(TAKEN_OVER_WITHIN_MS, () => messages.every(({ index }) => answered.at.has(index)));
  // A duplicate may still come.
  await pause(CLOSED_WITHIN_MS);
  bench.blame(`kill of gateway ${victim + 1}`, answered.faults(messages));
  return { victim, inHand: inHand.length, ms: Math.max(...inHand.map((index) => answered.at.get(index))) - killedAt };
}

/** When which message was answered by the bot for the first time, and whether the order held. */
function watch(sink) {
  const at = new Map();
  const newest = new Map();
  const again = new Map();
  let disorder = 0;
  sink.onMessage = (index, conversation) => {
    if (at.has(index)) return again.set(index, (again.get(index) ?? 0) + 1);
    at.set(index, performance.now());
    if (index < (newest.get(conversation) ?? 0)) disorder += 1;
    newest.set(conversation, index);
  };
  const faults = (messages) => {
    const lost = messages.filter(({ index }) => !at.has(index)).length;
    return [
      lost > 0 && `${lost} lost`,
      disorder > 0 && `${disorder} out of order`,
      again.size > 0 && `${again.size} delivered again after the bot had answered`,
    ].filter(Boolean);
  };
  return { at, faults };
}

async function send(port, messages) {
  const connection = new Connection(port);
  for (const { request } of messages) {
    const status = await connection.send(request);
    if (status < 200 || status > 299) throw new Error(`A webhook was answered ${status}.`);
  }
  connection.close();
}

/** Waits until something is the case, but not for longer than that. */
async function before(milliseconds, isSo) {
  const deadline = performance.now() + milliseconds;
  while (!isSo() && performance.now() < deadline) await pause(5);
}
