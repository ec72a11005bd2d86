import { eventOf, webhookOf, type Evidence } from './evidence.js';
import { isOk } from './ledger.js';
import type { Exchange } from './wire.js';

/** What can be found. Each is a promise of the gateway's that was broken. */
export type Rule =
  | 'did not finish'
  | 'user message lost'
  | 'user message doubled'
  | 'user messages out of order'
  | 'agent message lost'
  | 'agent message doubled'
  | 'agent messages out of order'
  | 'event missing or out of sequence'
  | 'event sent before the one before it was acknowledged'
  | 'event sent again after a later one'
  | 'event sent by two at once'
  | 'event changed between tries'
  | 'event differs from the stored one'
  | 'no or more than one conversation'
  | 'conversation left open'
  | 'handover left open'
  | 'message left pending'
  | 'refused without need'
  | 'final event missing or not last';

/** One broken promise. */
export interface Finding {
  handoverId: string;
  rule: Rule;
  detail: string;
}

type Check = (evidence: Evidence, report: (rule: Rule, detail: string) => void) => void;

const FINAL_STATUS = ['completed', 'cancelled', 'failed'];

/** Compares what each side saw, handover by handover. An empty list means that every promise was kept. */
export function audit(all: Evidence[]): Finding[] {
  const findings: Finding[] = [];
  for (const evidence of all) {
    for (const check of CHECKS) {
      check(evidence, (rule, detail) =>
        findings.push({ handoverId: evidence.handoverId || evidence.name, rule, detail }),
      );
    }
  }
  return findings;
}

const finish: Check = ({ stuck, status, handoverId }, report) => {
  for (const what of stuck) report('did not finish', what);
  if (handoverId !== '' && !FINAL_STATUS.includes(status ?? '')) report('handover left open', `it is ${status}`);
};

const conversation: Check = ({ handoverId, conversations }, report) => {
  if (handoverId === '') return;
  if (conversations.length !== 1) report('no or more than one conversation', `8x8 has ${conversations.length} of it`);
  for (const { id, state } of conversations) {
    if (state !== 'idle') report('conversation left open', `${id} is ${state}`);
  }
};

/** Everything that was accepted is at 8x8 once, in the order of acceptance, and nothing else is. */
const userMessages: Check = ({ accepted, conversations, transcript, stuck }, report) => {
  const wanted = accepted.map(({ text }) => text);
  const there = conversations
    .flatMap(({ messages }) => messages)
    .filter(({ authorType }) => authorType === 'user')
    .map(({ text }) => text ?? '');
  const even = compare(wanted, there, (lost, text, count) =>
    report(lost ? 'user message lost' : 'user message doubled', `"${text}" was accepted ${count}`),
  );
  if (even && wanted.some((text, index) => text !== there[index]))
    report('user messages out of order', `accepted ${wanted.join(', ')}; at 8x8 ${there.join(', ')}`);
  for (const { id, status, text } of transcript) {
    if (status === 'pending') report('message left pending', `${id} "${text}"`);
  }
  const ids = accepted.map(({ messageId }) => messageId);
  const stored = transcript.filter(({ author }) => author.type === 'user').map(({ id }) => id);
  // Whoever gave up a call does not know whether it was accepted.
  const unknown = stuck.length > 0 ? 1 : 0;
  if (stored.length > ids.length + unknown)
    report('user message doubled', `${ids.length} were accepted, the transcript has ${stored.length}`);
  if (stored.filter((id) => ids.includes(id)).join() !== ids.join())
    report('user messages out of order', `accepted ${ids.join(', ')}; in the transcript ${stored.join(', ')}`);
};

/** Everything that agents said, and whose webhook was answered 2xx, was acknowledged by the bot as one event. */
const agentMessages: Check = (evidence, report) => {
  const { deliveries } = evidence;
  const webhooks = agentWebhooks(evidence);
  const answered = webhooks.filter(({ answeredAt }) => answeredAt < Infinity);
  const positions = new Map<number, string>();
  for (const delivery of deliveries.filter(isOk)) {
    const { type, data } = eventOf(delivery);
    if (type === 'message.created') positions.set(data.sequence!, data.message?.text ?? '');
  }
  const got = [...positions.values()];
  const known = new Set(answered.map(({ text }) => text));
  const unanswered = new Set(webhooks.map(({ text }) => text).filter((text) => !known.has(text)));
  compare(
    answered.map(({ text }) => text),
    // The gateway may have taken a webhook in although its answer was lost; that is no message too many.
    got.filter((text) => !unanswered.has(text)),
    (lost, text, count) =>
      report(lost ? 'agent message lost' : 'agent message doubled', `"${text}" was told by 8x8 ${count}`),
  );
  for (const text of unanswered) {
    if (got.filter((one) => one === text).length > 1) report('agent message doubled', `"${text}"`);
  }
  for (const [earlier, later] of pairsInOrder(answered)) {
    const places = [got.indexOf(earlier.text), got.indexOf(later.text)] as const;
    if (places[0] >= 0 && places[1] >= 0 && places[0] > places[1])
      report('agent messages out of order', `"${later.text}" came before "${earlier.text}"`);
  }
};

/** Events are acknowledged as 1, 2, 3 …, none is sent before its turn or after it, and every try is the same. */
const order: Check = ({ deliveries, disturbances, events }, report) => {
  const numbered: Numbered[] = deliveries
    .map((one) => ({ ...one, sequence: eventOf(one).data.sequence ?? 0 }))
    .filter(({ sequence }) => sequence > 0);
  const acknowledged = new Map<number, Numbered>();
  let highest = 0;
  for (const [index, delivery] of numbered.entries()) {
    const { sequence } = delivery;
    const before = acknowledgedBefore(numbered, sequence - 1, delivery.at);
    if (sequence > 1 && !before)
      report('event sent before the one before it was acknowledged', `${sequence}, at ${time(delivery.at)}`);
    if (sequence < highest && !mayRepeat(numbered, highest, delivery, disturbances))
      report('event sent again after a later one', `${sequence} after ${highest}, at ${time(delivery.at)}`);
    highest = Math.max(highest, sequence);
    const same = numbered.slice(0, index).filter((one) => one.sequence === sequence);
    for (const earlier of same) {
      if (earlier.body !== delivery.body || earlier.headers['webhook-id'] !== delivery.headers['webhook-id'])
        report('event changed between tries', `${sequence}, at ${time(delivery.at)}`);
      const disturbed = disturbances.some(({ at, until }) => at <= delivery.at && until >= earlier.at);
      if ((earlier.doneAt ?? Infinity) > delivery.at && !disturbed)
        report('event sent by two at once', `${sequence}, at ${time(delivery.at)}`);
    }
    if (isOk(delivery) && !acknowledged.has(sequence)) acknowledged.set(sequence, delivery);
  }
  const got = [...acknowledged.keys()];
  if (got.some((sequence, index) => sequence !== index + 1))
    report('event missing or out of sequence', `acknowledged as ${got.join(', ')}`);
  const final = events.filter(({ type }) => /^handover\.(completed|cancelled|failed)$/.test(type));
  if (final.length !== 1 || events.at(-1) !== final[0])
    report('final event missing or not last', events.map(({ type }) => type).join(', ') || 'there are no events');
  else if (!acknowledged.has(final[0]!.data.sequence!))
    report('final event missing or not last', 'it is stored, but the bot has not acknowledged it');
  for (const event of events) {
    const told = acknowledged.get(event.data.sequence!);
    if (!told) report('event missing or out of sequence', `${event.data.sequence} (${event.type}) is only stored`);
    else if (JSON.stringify(eventOf(told)) !== JSON.stringify(event))
      report('event differs from the stored one', `${event.data.sequence}`);
  }
};

/** What gets into each other's way in the database is sorted out there, and neither the bot nor 8x8 has to know. */
const refusals: Check = ({ mayBeRefused, requests, webhooks }, report) => {
  if (mayBeRefused) return;
  for (const { at, status, path } of [...requests, ...webhooks].filter(({ status }) => (status ?? 0) >= 500))
    report('refused without need', `${path} with ${status}, at ${time(at)}`);
};

const CHECKS: Check[] = [finish, conversation, userMessages, agentMessages, order, refusals];

type Numbered = Exchange & { sequence: number };

interface AgentWebhook {
  text: string;
  timestamp: number;
  firstSentAt: number;
  /** Infinity: never with 2xx. */
  answeredAt: number;
}

/** Each event of an agent's message once, in the order of the contact centre. */
function agentWebhooks({ webhooks }: Evidence): AgentWebhook[] {
  const found = new Map<string, AgentWebhook>();
  for (const exchange of webhooks) {
    const { eventType, timestamp, data } = webhookOf(exchange);
    if (eventType !== 'MESSAGE' || data?.sender?.type !== 'agent') continue;
    const id = exchange.headers['x-8x8-event-id'] as string;
    const known = found.get(id) ?? {
      text: data.text!,
      timestamp: timestamp!,
      firstSentAt: exchange.at,
      answeredAt: Infinity,
    };
    if (isOk(exchange)) known.answeredAt = Math.min(known.answeredAt, exchange.doneAt!);
    found.set(id, known);
  }
  return [...found.values()].sort((a, b) => a.timestamp - b.timestamp);
}

/**
 * The neighbours whose order the gateway could know: the earlier one was answered before the later one was sent for the first time.
 * An event that 8x8 delivers late is rightly delivered late.
 */
function pairsInOrder(webhooks: AgentWebhook[]): [AgentWebhook, AgentWebhook][] {
  const unique = webhooks.filter(({ text }) => webhooks.filter((one) => one.text === text).length === 1);
  return unique.flatMap((earlier, index) =>
    unique
      .slice(index + 1)
      .filter((later) => earlier.answeredAt <= later.firstSentAt)
      .map((later): [AgentWebhook, AgentWebhook] => [earlier, later]),
  );
}

/**
 * Whoever takes over from a killed or paused replica repeats what that one had not noted yet. The paused one itself must not, when it
 * goes on.
 */
function mayRepeat(
  numbered: Numbered[],
  highest: number,
  { at: now }: Numbered,
  disturbances: Evidence['disturbances'],
): boolean {
  const later = numbered.find(({ sequence }) => sequence === highest)!;
  return disturbances.some(({ kind, at, until }) => at >= later.at && at <= now && (kind === 'kill' || now <= until));
}

function acknowledgedBefore(numbered: Numbered[], sequence: number, at: number): boolean {
  return numbered.some((one) => one.sequence === sequence && isOk(one) && one.doneAt! <= at);
}

/** Reports every text that is there less or more often than wanted. Returns whether there was none. */
function compare(
  wanted: string[],
  there: string[],
  report: (lost: boolean, text: string, count: string) => void,
): boolean {
  let even = true;
  for (const text of new Set([...wanted, ...there])) {
    const [expected, found] = [wanted, there].map((list) => list.filter((one) => one === text).length) as [
      number,
      number,
    ];
    if (expected === found) continue;
    even = false;
    report(found < expected, text, `${expected} times and is there ${found} times`);
  }
  return even;
}

function time(at: number): string {
  return new Date(at).toISOString().slice(11, 23);
}
