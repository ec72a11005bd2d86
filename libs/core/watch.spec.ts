import { describe, expect, it } from '@jest/globals';
import type { ProviderEvent, ProviderFact } from '#contract';
import {
  applyEvent,
  closeHandover,
  expireTimers,
  HandoverUnit,
  postMessage,
  recordEnded,
  startHandover,
  type Course,
  type Handover,
  type Message,
} from './index.js';

const TIMEOUT = 60_000;
const ANN = { id: 'ann', name: null };
const SUPPORT = { id: '101', name: 'Support' };
const NOTHING: Course = { endGraceMs: 1_000, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };

function inactivity(reminders: number, close: boolean): Course {
  return { ...NOTHING, inactivity: { timeoutMs: TIMEOUT, reminders, close } };
}

/** A handover under a configuration, its transcript, and a clock that a test moves. */
class Story {
  handover: Handover;
  readonly told: string[] = [];
  readonly commands: string[] = [];
  readonly transcript: Message[] = [];
  now = 1_000_000;

  constructor(public course: Course) {
    const transcript = [{ author: 'user' as const, text: 'before' }];
    const unit = startHandover(
      { bot: 'b', provider: 'p', sessionId: 's', userId: 'u', user: {}, transcript, settings: {}, metadata: null },
      new Date(this.now),
      course,
    );
    this.handover = unit.handover;
    this.transcript.push(...unit.messages);
  }

  tell(fact: ProviderFact): this {
    const event = { conversation: 'c', at: this.now, ...fact } as ProviderEvent;
    return this.with((unit) => applyEvent(unit, { event, arrival: this.now, receivedAt: unit.now }, this.course));
  }

  say(author: 'user' | 'bot'): this {
    const message = { author, text: 'hello', cards: [] };
    return this.with((unit) =>
      postMessage(unit, { content: message, attachments: [], parts: [message], losses: [] }, this.course),
    );
  }

  agentSays(): this {
    return this.tell({ type: 'message', author: 'agent', agent: ANN, text: 'hi', cards: [], attachments: [] });
  }

  queued(): this {
    return this.tell({ type: 'queued', queue: SUPPORT });
  }

  joined(): this {
    return this.tell({ type: 'agent.joined', agent: ANN });
  }

  /** Time passes, and every timer is seen to when it runs out. */
  wait(ms: number): this {
    const end = this.now + ms;
    for (let wake = this.wakeAt; wake !== null && wake <= end; wake = this.wakeAt) {
      this.now = Math.max(this.now, wake);
      this.wake();
      if (this.wakeAt === wake) throw new Error('A timer that has run out is set to the same time again.');
    }
    this.now = end;
    return this;
  }

  /** Time passes while nobody looks, as when every process is stopped. */
  sleep(ms: number): this {
    this.now += ms;
    return this.wake();
  }

  wake(mark = this.mark): this {
    return this.with((unit) => expireTimers(unit, this.course, mark));
  }

  get mark(): Parameters<typeof expireTimers>[2] {
    const user = this.transcript.findLast(
      ({ author, sequence }) => author.type === 'user' && sequence > this.handover.transcriptLength,
    );
    return { messageSequence: this.handover.messageSequence, user: user ?? null };
  }

  with(work: (unit: HandoverUnit) => unknown): this {
    // Stored and loaded again, as between two transactions.
    this.handover = JSON.parse(JSON.stringify(this.handover), (key, value: unknown) =>
      /At$/.test(key) && typeof value === 'string' ? new Date(value) : value,
    ) as Handover;
    const unit = new HandoverUnit(this.handover, new Date(this.now));
    work(unit);
    this.transcript.push(...unit.messages);
    this.told.push(...unit.events.map(({ type, body }) => label(type, body)));
    this.commands.push(...unit.commands.map(({ kind }) => kind));
    return this;
  }

  /** What was told of silences and of the end. */
  get lately(): string[] {
    return this.told.filter((one) => /inactive|completed|cancelled/.test(one));
  }

  /** The contact centre has carried out our ending. */
  ended(): this {
    return this.with(recordEnded);
  }

  private get wakeAt(): number | null {
    return new HandoverUnit(this.handover, new Date(this.now)).wakeAt?.getTime() ?? null;
  }
}

function label(type: string, body: string): string {
  const { data } = JSON.parse(body) as { data: Record<string, unknown> };
  if (type === 'handover.inactive') return `inactive ${data.inactivityCount}${data.willClose ? ' willClose' : ''}`;
  return `${type.replace('handover.', '')}${data.endReason ? ` ${data.endReason as string}` : ''}`;
}

const active = (course: Course): Story => new Story(course).queued().joined();

describe('inactivity', () => {
  it.each([
    [0, true, ['completed inactivity']],
    [1, true, ['inactive 1 willClose', 'completed inactivity']],
    [2, true, ['inactive 1', 'inactive 2 willClose', 'completed inactivity']],
    [0, false, []],
    [1, false, ['inactive 1']],
    [2, false, ['inactive 1', 'inactive 2']],
  ])('with %i reminders and close %s tells %j', (reminders, close, expected) => {
    const story = active(inactivity(reminders, close));
    for (let expiry = 0; expiry < reminders; expiry++) {
      expect(story.wait(TIMEOUT - 1).lately).toEqual(expected.slice(0, expiry));
      expect(story.wait(1).lately).toEqual(expected.slice(0, expiry + 1));
    }
    story.wait(TIMEOUT);
    expect(story.commands).toEqual(close ? ['end'] : []);
    if (close) story.ended();
    expect(story.wait(TIMEOUT * 10).lately).toEqual(expected);
  });

  it('closes only in the contact centre’s good time, and takes no message meanwhile', () => {
    const story = active(inactivity(0, true)).wait(TIMEOUT);
    expect(story.handover.status).toBe('active');
    expect(() => story.say('user')).toThrow(/being closed/);
    expect(story.wait(TIMEOUT).lately).toEqual(['completed inactivity']);
  });

  it('starts when the handover is queued, and not before', () => {
    const story = new Story(inactivity(1, true)).wait(TIMEOUT * 3);
    expect(story.lately).toEqual([]);
    expect(story.queued().wait(TIMEOUT - 1).lately).toEqual([]);
    expect(story.wait(1).lately).toEqual(['inactive 1 willClose']);
  });

  it('cancels a handover that no agent has joined', () => {
    const story = new Story(inactivity(0, true)).queued().wait(TIMEOUT).ended();
    expect(story.lately).toEqual(['cancelled inactivity']);
  });

  it('begins anew with every message of the user, from the moment of that message', () => {
    const story = active(inactivity(1, true));
    for (const _ of [1, 2, 3]) story.wait(TIMEOUT - 1_000).say('user');
    expect(story.lately).toEqual([]);
    expect(story.wait(TIMEOUT - 1).lately).toEqual([]);
    expect(story.wait(1).lately).toEqual(['inactive 1 willClose']);
  });

  it('is not affected by what the bot or the agent says', () => {
    const story = active(inactivity(1, true))
      .wait(TIMEOUT - 1_000)
      .say('bot')
      .agentSays()
      .wait(1_000);
    expect(story.lately).toEqual(['inactive 1 willClose']);
    story
      .wait(TIMEOUT - 1_000)
      .agentSays()
      .say('bot')
      .wait(1_000)
      .ended();
    expect(story.lately).toEqual(['inactive 1 willClose', 'completed inactivity']);
  });

  it('counts from 0 again after a message of the user', () => {
    const story = active(inactivity(2, true))
      .wait(TIMEOUT * 2)
      .say('user')
      .wait(TIMEOUT);
    expect(story.lately).toEqual(['inactive 1', 'inactive 2 willClose', 'inactive 1']);
  });

  it('goes on after a message of the user when everything had been told', () => {
    const story = active(inactivity(1, false))
      .wait(TIMEOUT * 5)
      .say('bot')
      .wait(TIMEOUT * 5);
    expect(story.lately).toEqual(['inactive 1']);
    story.say('user').wait(TIMEOUT - 1);
    expect(story.lately).toEqual(['inactive 1']);
    expect(story.wait(TIMEOUT * 5).lately).toEqual(['inactive 1', 'inactive 1']);
  });

  it('goes on over a transfer as if nothing had been', () => {
    const story = active(inactivity(1, true)).wait(TIMEOUT - 1_000);
    story.tell({ type: 'transferred' }).tell({ type: 'agent.left', agent: ANN }).queued();
    expect(story.handover.status).toBe('queued');
    expect(story.wait(1_000).lately).toEqual(['inactive 1 willClose']);
  });

  it('leaves the row alone when the user writes', () => {
    const story = active(inactivity(1, true));
    const before = JSON.stringify(story.handover.lifecycle);
    story.wait(10).say('user').say('user');
    expect(JSON.stringify(story.handover.lifecycle)).toBe(before);
  });

  it('tells one reminder, and not several, after an hour in which nobody looked', () => {
    const story = active(inactivity(3, true)).sleep(TIMEOUT * 60);
    expect(story.lately).toEqual(['inactive 1']);
    expect(story.wait(TIMEOUT - 1).lately).toEqual(['inactive 1']);
    expect(story.wait(1).lately).toEqual(['inactive 1', 'inactive 2']);
  });

  it('runs out once, however many wake up for it', () => {
    const story = active(inactivity(2, true)).sleep(TIMEOUT);
    story.wake().wake().wake();
    expect(story.lately).toEqual(['inactive 1']);
  });

  it('does not act on a transcript that somebody has added to meanwhile', () => {
    const story = active(inactivity(0, true));
    story.now += TIMEOUT;
    const { mark } = story;
    story.say('user').wake(mark);
    expect(story.commands).toEqual(['message']);
    expect(story.wake().wait(TIMEOUT - 1).commands).toEqual(['message']);
    expect(story.wait(1).commands).toEqual(['message', 'end']);
  });

  it('takes a message stamped by a clock that is ahead or behind for one of now at the latest, of the last look at the earliest', () => {
    const ahead = active(inactivity(1, true)).wait(1_000).say('user');
    ahead.transcript.at(-1)!.at = new Date(ahead.now + 3_600_000);
    expect(ahead.wait(TIMEOUT * 3).lately[0]).toBe('inactive 1 willClose');

    const behind = active(inactivity(2, true)).wait(TIMEOUT).say('user');
    behind.transcript.at(-1)!.at = new Date(behind.now - 3_600_000);
    expect(behind.wait(TIMEOUT - 1).lately).toEqual(['inactive 1']);
  });

  it('goes by a configuration that changed', () => {
    const story = active(inactivity(1, true));
    story.course = NOTHING;
    expect(story.wait(TIMEOUT * 5).lately).toEqual([]);
    story.course = inactivity(1, true);
    expect(story.say('user').wait(TIMEOUT).lately).toEqual(['inactive 1 willClose']);
  });
});

describe('waiting for an agent', () => {
  const course = { ...NOTHING, waitTimeoutMs: TIMEOUT };

  it.each([
    ['queued', () => new Story(course).queued()],
    ['not even queued', () => new Story(course)],
  ])('ends after the time-out, without an agent: %s', (_, begin) => {
    const story = begin().wait(TIMEOUT - 1);
    expect(story.commands).toEqual([]);
    expect(story.wait(1).commands).toEqual(['end']);
    expect(story.ended().lately).toEqual(['cancelled no_agent']);
  });

  it('is over when an agent joins just before, and does not begin again on a transfer', () => {
    const story = new Story(course)
      .queued()
      .wait(TIMEOUT - 1)
      .joined();
    story.tell({ type: 'transferred' }).tell({ type: 'agent.left', agent: ANN }).queued();
    expect(story.wait(TIMEOUT * 10).commands).toEqual([]);
    expect(story.handover.status).toBe('queued');
  });

  it('changes nothing of a handover that the bot is closing', () => {
    const story = new Story(course).queued().wait(TIMEOUT - 1);
    story.with((unit) => closeHandover(unit, 'user')).wait(1_000);
    expect(story.ended().lately).toEqual(['cancelled user']);
    expect(story.commands).toEqual(['end']);
  });

  it('holds for a handover that was started before it was configured, from its start', () => {
    const story = new Story(NOTHING).queued().wait(TIMEOUT / 2);
    story.course = course;
    story.tell({ type: 'queued', queue: SUPPORT }).wait(TIMEOUT / 2);
    expect(story.ended().lately).toEqual(['cancelled no_agent']);
  });

  it('gives the rest of the time when a longer one was configured', () => {
    const story = new Story(course).queued();
    story.course = { ...course, waitTimeoutMs: TIMEOUT * 2 };
    expect(story.wait(TIMEOUT * 2 - 1).commands).toEqual([]);
    expect(story.wait(1).commands).toEqual(['end']);
  });
});

describe('the longest that a handover may take', () => {
  const course = { ...NOTHING, maxDurationMs: TIMEOUT };

  it('ends one that is active, whatever is said in it', () => {
    const story = active(course)
      .wait(TIMEOUT - 1_000)
      .say('user')
      .agentSays()
      .wait(999);
    expect(story.commands).toEqual(['message']);
    expect(story.wait(1).commands).toEqual(['message', 'end']);
    expect(story.ended().lately).toEqual(['completed operator']);
  });

  it('ends one that waits', () => {
    expect(new Story(course).queued().wait(TIMEOUT).ended().lately).toEqual(['cancelled operator']);
  });

  it('leaves no timer once the handover is over', () => {
    const all = { ...inactivity(1, true), waitTimeoutMs: TIMEOUT, maxDurationMs: TIMEOUT };
    const story = active(all).tell({ type: 'agent.left', agent: ANN }).tell({ type: 'idle' });
    expect(story.handover.lifecycle.timers).toEqual({});
    expect(story.wait(TIMEOUT * 10).lately).toEqual(['completed agent']);
  });
});
