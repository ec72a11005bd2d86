import { describe, expect, it } from '@jest/globals';
import type { SimulatedConversation } from '../../apps/simulator/model.js';
import { audit, type Rule } from './auditor.js';
import type { Evidence } from './evidence.js';
import type { Exchange } from './wire.js';

const ID = 'ho_1';

function exchange(at: number, body: object, headers: Record<string, string> = {}): Exchange {
  const call = { method: 'POST', path: '/', headers, target: 'x', effect: 204, fault: null };
  return { ...call, at, doneAt: at + 5, status: 204, body: JSON.stringify(body) };
}

function event(sequence: number, type: string, text: string | null = null): object {
  return { type, data: { handoverId: ID, sequence, ...(text === null ? {} : { message: { text } }) } };
}

function delivery(at: number, body: object): Exchange {
  return exchange(at, body, { 'webhook-id': JSON.stringify(body) });
}

function webhook(at: number, text: string): Exchange {
  const data = { text, sender: { id: 'agent-ann', type: 'agent' } };
  return exchange(at, { eventType: 'MESSAGE', timestamp: at, data }, { 'x-8x8-event-id': text });
}

/** A handover in which everything went well: two messages each way, and the end. */
function clean(): Evidence {
  const bodies = [
    event(1, 'message.created', 'a'),
    event(2, 'message.created', 'b'),
    event(3, 'handover.completed'),
  ] as Evidence['events'];
  const stored = { author: { type: 'user' }, status: 'delivered' };
  return {
    ...{
      handoverId: ID,
      name: 'clean',
      stuck: [],
      status: 'completed',
      disturbances: [],
      logged: [],
      mayBeRefused: false,
    },
    ...{ requests: [], calls: [], said: [] },
    accepted: ['u', 'v'].map((text, index) => ({ text, messageId: `msg_${text}`, at: index })),
    transcript: ['u', 'v'].map((text, index) => ({ ...stored, id: `msg_${text}`, sequence: index + 1, text })),
    events: bodies,
    conversations: [
      { id: 'c', state: 'idle', messages: ['u', 'v'].map((text) => ({ text, authorType: 'user' })) },
    ] as SimulatedConversation[],
    webhooks: [webhook(10, 'a'), webhook(20, 'b')],
    deliveries: bodies.map((body, index) => delivery(100 * (index + 1), body)),
  };
}

describe('the auditor', () => {
  const rules = (change: (evidence: Evidence) => void): Rule[] => {
    const evidence = clean();
    change(evidence);
    return audit([evidence]).map(({ rule }) => rule);
  };

  it('has nothing to say about a handover in which everything went well', () => {
    expect(rules(() => undefined)).toEqual([]);
  });

  it.each<[Rule, (evidence: Evidence) => void]>([
    ['did not finish', (it) => it.stuck.push('the end')],
    ['handover left open', (it) => (it.status = 'active')],
    ['conversation left open', (it) => (it.conversations[0]!.state = 'active')],
    ['no or more than one conversation', (it) => (it.conversations = [])],
    ['no or more than one conversation', (it) => it.conversations.push({ ...it.conversations[0]!, messages: [] })],
    ['user message lost', (it) => it.conversations[0]!.messages.pop()],
    ['user message doubled', (it) => it.conversations[0]!.messages.push(it.conversations[0]!.messages[0]!)],
    ['user messages out of order', (it) => it.conversations[0]!.messages.reverse()],
    ['user messages out of order', (it) => it.transcript.reverse()],
    ['message left pending', (it) => (it.transcript[0]!.status = 'pending')],
    ['agent message lost', (it) => it.webhooks.push(webhook(30, 'c'))],
    ['agent message doubled', (it) => (it.deliveries[1] = delivery(200, event(2, 'message.created', 'a')))],
    ['agent messages out of order', (it) => it.webhooks.splice(0, 2, webhook(10, 'b'), webhook(20, 'a'))],
    ['event missing or out of sequence', (it) => it.deliveries.splice(0, 1)],
    ['event sent before the one before it was acknowledged', (it) => (it.deliveries[0]!.doneAt = 250)],
    ['event sent again after a later one', (it) => it.deliveries.push(delivery(400, it.events[0]!))],
    ['event sent by two at once', (it) => it.deliveries.splice(1, 0, delivery(102, it.events[0]!))],
    ['event changed between tries', (it) => it.deliveries.splice(1, 0, delivery(150, event(1, 'agent.joined')))],
    ['event differs from the stored one', (it) => (it.events[0]!.type = 'agent.joined')],
    ['refused without need', (it) => it.webhooks.unshift({ ...webhook(5, 'a'), status: 503 })],
    ['final event missing or not last', (it) => it.events.pop()],
    ['final event missing or not last', (it) => (it.deliveries[2]!.status = 503)],
  ])('finds: %s', (rule, change) => {
    expect(rules(change)).toContain(rule);
  });

  it('lets the successor of a killed replica repeat what that one had not noted, but nobody else', () => {
    const repeat = (evidence: Evidence): void => void evidence.deliveries.push(delivery(400, evidence.events[0]!));
    const disturbed = (kind: 'kill' | 'pause', until: number): Rule[] =>
      rules((evidence) => {
        repeat(evidence);
        evidence.disturbances.push({ kind, at: 310, until, what: kind });
      });
    expect(disturbed('kill', 350)).toEqual([]);
    expect(disturbed('pause', 500)).toEqual([]);
    expect(disturbed('pause', 350)).toEqual(['event sent again after a later one']);
  });

  it('asks for no order that the gateway could not know', () => {
    const late = webhook(10, 'b');
    late.at = 30;
    late.doneAt = 35;
    expect(rules((evidence) => evidence.webhooks.splice(0, 2, late, webhook(20, 'a')))).toEqual([]);
  });
});
