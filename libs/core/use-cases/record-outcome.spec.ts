import { describe, expect, it } from '@jest/globals';
import type { ProviderFact } from '#contract';
import type { Course } from '../course.js';
import type { TranscriptMark } from '../delivery-ports.js';
import { HandoverUnit } from '../unit.js';
import { applyEvent } from './apply-event.js';
import { expireTimers } from './expire-timers.js';
import { postMessage } from './post-message.js';
import { recordRerouted, recordStarted } from './record-outcome.js';
import { startHandover } from './start-handover.js';

const COURSE: Course = { endGraceMs: 10_000, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };
const MARK: TranscriptMark = { messageSequence: 0, user: null };
const NOW = new Date('2026-11-23T10:00:00.000Z');
const ann = { id: 'agent-ann', name: null };

function started(): HandoverUnit {
  const given = { bot: 'b', provider: 'p', sessionId: 's', userId: 'u', user: {}, settings: {}, metadata: null };
  const unit = startHandover({ ...given, transcript: [] }, NOW, COURSE);
  recordStarted(unit, 'c-1');
  return unit;
}

describe('a re-routing at our request', () => {
  type Step = { at: number; fact?: ProviderFact };
  const rerouted: Step = { at: 1_000 };
  const queued: Step = { at: 1_001, fact: { type: 'queued', queue: { id: '102', name: 'Billing' } } };
  const left: Step = { at: 1_002, fact: { type: 'agent.left', agent: ann } };

  it.each([
    [[rerouted, queued, left]],
    [[rerouted, left, queued]],
    [[queued, rerouted, left]],
    [[queued, left, rerouted]],
    [[left, rerouted, queued]],
    [[left, queued, rerouted]],
  ])('ends nothing, whatever the order of %j', (steps) => {
    const unit = started();
    let arrival = 0;
    const apply = ({ at, fact }: Step): void => {
      if (!fact) return recordRerouted(unit, NOW.getTime() + at, COURSE);
      const event = { ...fact, conversation: 'c-1', at: NOW.getTime() + at };
      applyEvent(unit, { event, arrival: ++arrival, receivedAt: NOW }, COURSE);
    };
    apply({ at: 0, fact: { type: 'queued', queue: { id: '101', name: null } } });
    apply({ at: 1, fact: { type: 'agent.joined', agent: ann } });
    steps.forEach(apply);
    expireTimers(new HandoverUnit(unit.handover, new Date(NOW.getTime() + 60_000)), COURSE, MARK);
    expect(unit.handover).toMatchObject({ status: 'queued', queue: { id: '102' } });
    expect(unit.events.filter(({ type }) => type === 'handover.transferred')).toHaveLength(1);
  });
});

describe('a message in parts', () => {
  const message = { author: 'user' as const, text: 'ab', cards: [] };
  const part = (text: string) => ({ ...message, text });

  it('is one message and a command for each part', () => {
    const unit = started();
    unit.commands.length = 0;
    const posted = postMessage(
      unit,
      { content: message, attachments: [], parts: [part('a'), part('b')], losses: [] },
      COURSE,
    );
    expect(unit.messages).toEqual([posted]);
    expect(unit.commands.map(({ payload }) => payload)).toEqual([
      { part: 1, parts: 2, as: part('a') },
      { part: 2, parts: 2, as: part('b') },
    ]);
    expect(posted.conversion).toBeNull();
  });

  it('costs nothing more where it is sent as it is', () => {
    const unit = started();
    unit.commands.length = 0;
    postMessage(unit, { content: message, attachments: [], parts: [message], losses: [] }, COURSE);
    expect(unit.commands).toMatchObject([{ kind: 'message', payload: null }]);
  });
});
