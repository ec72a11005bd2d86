import { setImmediate, setTimeout as pause } from 'node:timers/promises';
import { spread } from './figures.js';
import { Connection } from './wire.js';

export const CONNECTIONS = 16;
/** 8x8 sends again what was not answered with 2xx. */
const TRIES = 8;
const FIRST_RETRY_MS = 50;
/** When nothing has arrived for so long although something is missing, that is lost. */
const LOST_AFTER_MS = 8_000;
/** How long duplicates are waited for when everything has arrived. */
const LATE_MS = 300;
/** Timers are late by up to so much; the rest is waited for awake, or every latency would contain it. */
const TIMER_SLACK_MS = 1.5;

/**
 * Sends messages to a target and watches them arrive at the sink. Each conversation stays on one of the connections, and its next
 * message is sent only after the 2xx of the one before: so the right order is known, and any other is the target's doing.
 *
 * Without `rate` as fast as the answers come (closed loop). With it so many per second, and what comes late because an answer took
 * long counts from the moment when it was due (open loop).
 * @param ports of the target's processes; successive messages of a conversation take turns among them
 * @param seconds the time is over after so long, also when messages are left
 */
export async function drive({ sink, ports, messages, seconds, rate = null }) {
  const arrivals = watch(sink, messages);
  const lanes = laneUp(messages);
  const connections = lanes.map(() => ports.map((port) => new Connection(port)));
  const began = performance.now();
  const end = began + seconds * 1000;
  const sent = [];
  let refused = 0;
  await Promise.all(
    lanes.map(async (lane, number) => {
      const turns = new Map();
      for (const message of lane) {
        if (performance.now() > end) break;
        const due = rate === null ? null : began + ((message.index - messages[0].index) / rate) * 1000;
        if (due !== null) await until(due);
        const turn = turns.get(message.conversation) ?? 0;
        turns.set(message.conversation, turn + 1);
        const connection = connections[number][turn % ports.length];
        const from = due ?? performance.now();
        if (!(await sendUntilTaken(connection, message.request))) {
          refused += 1;
          continue;
        }
        sent.push({ index: message.index, from, answered: performance.now() });
        if (message.repeat) await sendUntilTaken(connection, message.repeat);
      }
    }),
  );
  await allArrived(arrivals, sent.length);
  for (const connection of connections.flat()) connection.close();
  sink.onMessage = () => undefined;
  return figuresOf(arrivals, sent, { began, refused });
}

/** What went wrong in a phase, in words; nothing when its figures count. */
export function faultsOf({ disorder, lost, duplicates, refused }) {
  return [
    disorder > 0 && `${disorder} out of order`,
    lost > 0 && `${lost} lost`,
    duplicates > 0 && `${duplicates} delivered twice`,
    refused > 0 && `${refused} refused`,
  ].filter(Boolean);
}

function laneUp(messages) {
  const lanes = Array.from({ length: CONNECTIONS }, () => []);
  for (const message of messages) lanes[message.conversation % CONNECTIONS].push(message);
  return lanes.filter((lane) => lane.length > 0);
}

/** Notes what arrives. What is none of these messages is late from an earlier phase, so it comes a second time. */
function watch(sink, messages) {
  const first = messages[0].index;
  const arrivals = { at: new Map(), lastAt: 0, disorder: 0, duplicates: 0 };
  const newest = new Map();
  sink.onMessage = (index, conversation) => {
    if (index < first || arrivals.at.has(index)) {
      arrivals.duplicates += 1;
      return;
    }
    arrivals.lastAt = performance.now();
    arrivals.at.set(index, arrivals.lastAt);
    if (index < (newest.get(conversation) ?? 0)) arrivals.disorder += 1;
    else newest.set(conversation, index);
  };
  return arrivals;
}

async function sendUntilTaken(connection, request) {
  for (let tries = 1; ; tries++) {
    const status = await connection.send(request);
    if (status >= 200 && status < 300) return true;
    if (tries === TRIES) return false;
    await pause(FIRST_RETRY_MS * 2 ** (tries - 1));
  }
}

async function until(due) {
  for (let left; (left = due - performance.now()) > 0;) {
    await (left > TIMER_SLACK_MS ? pause(left - TIMER_SLACK_MS) : setImmediate());
  }
}

async function allArrived(arrivals, expected) {
  let seen = -1;
  let seenAt = performance.now();
  while (arrivals.at.size < expected && performance.now() - seenAt < LOST_AFTER_MS) {
    if (arrivals.at.size !== seen) [seen, seenAt] = [arrivals.at.size, performance.now()];
    await pause(10);
  }
  await pause(LATE_MS);
}

function figuresOf(arrivals, sent, { began, refused }) {
  const arrived = sent.filter(({ index }) => arrivals.at.has(index));
  const lastAnswer = sent.reduce((latest, { answered }) => Math.max(latest, answered), began);
  const seconds = (Math.max(lastAnswer, arrivals.lastAt) - began) / 1000;
  return {
    accepted: sent.length,
    delivered: arrived.length,
    lost: sent.length - arrived.length,
    disorder: arrivals.disorder,
    duplicates: arrivals.duplicates,
    refused,
    seconds,
    perSecond: arrived.length / seconds,
    answerMs: spread(arrived.map(({ from, answered }) => answered - from)),
    deliveryMs: spread(arrived.map(({ index, from }) => arrivals.at.get(index) - from)),
  };
}
