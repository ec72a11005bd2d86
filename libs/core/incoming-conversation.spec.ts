import { describe, expect, it } from '@jest/globals';
import type { Inspection, ListedMessage, MessageContent, ProviderEvent, ProviderFact, Visitor } from '#contract';
import {
  answerConversation,
  applyEvent,
  beginConversation,
  begins,
  closeHandover,
  comesBack,
  conversationView,
  expireTimers,
  handOverConversation,
  HandoverUnit,
  isConversation,
  postMessage,
  recordEnded,
  recordStartFailed,
  Refusal,
  reconcile,
  releaseConversation,
  standingText,
  unheardSince,
  type Course,
  type Handover,
  type Message,
  type PostInput,
} from './index.js';

const GRACE = 10_000;
const COURSE: Course = { endGraceMs: GRACE, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };
const NOTHING_SAID = { messageSequence: 0, user: null };
const NOW = new Date('2026-11-25T10:00:00Z');
const HI: MessageContent = { author: 'bot', text: 'Hi', cards: [] };
const AS_IT_IS: PostInput = { content: HI, attachments: [], parts: [HI], losses: [] };
const ANN = { id: 'ann', name: null };
const VISITOR: Visitor = { userId: 'v-7', user: { name: 'Ann' }, channel: 'WebChat', isForeign: true };

function begun(over: { isTold?: boolean; handBack?: boolean; visitor?: Visitor | null } = {}): HandoverUnit {
  const given = { bot: 'b', provider: 'p', conversation: 'c', visitor: VISITOR, handBack: true, isTold: false };
  return beginConversation({ ...given, ...over }, NOW);
}

function tell(
  unit: HandoverUnit,
  fact: ProviderFact & { visitor?: Visitor },
  at: number | null,
  course = COURSE,
): string | null {
  const event = { conversation: 'c', at, ...fact } as ProviderEvent;
  return applyEvent(unit, { event, arrival: at ?? 0, receivedAt: NOW }, course);
}

const said = (text: string): ProviderFact => ({ type: 'user.message', text, cards: [], attachments: [] });
const types = ({ events }: HandoverUnit): string[] => events.map(({ type }) => type);
const dataOf = (unit: HandoverUnit, index: number): Record<string, unknown> =>
  (JSON.parse(unit.events[index]!.body) as { data: Record<string, unknown> }).data;

/** A unit of what was stored, as the next change reads it. */
const again = ({ handover }: HandoverUnit): HandoverUnit => new HandoverUnit(handover, NOW);

/** A conversation, and the handover that it is in: an agent has joined. */
function handedOver(handBack = true): { conversation: HandoverUnit; handover: HandoverUnit } {
  const conversation = begun({ handBack });
  tell(conversation, said('Hello'), 1);
  const started = handOverConversation(conversation, { user: {}, settings: {}, metadata: null }, COURSE);
  const handover = new HandoverUnit(started, NOW);
  tell(handover, { type: 'queued', queue: { id: '1', name: null } }, 2);
  tell(handover, { type: 'agent.joined', agent: ANN }, 3);
  return { conversation: again(conversation), handover };
}

/** What the contact centre shows of a conversation when it is asked. */
function look(unit: HandoverUnit, inspection: Inspection | null, messages: ListedMessage[]): unknown {
  const sighting = {
    askedAt: NOW,
    standing: standingText(unit.handover, GRACE),
    inspection,
    list: { messages, from: null },
    transcript: { messageSequence: unit.handover.messageSequence, messages: [] },
    settleMs: 0,
    files: new Map(),
  };
  return reconcile(unit, sighting, COURSE);
}

describe('what begins a conversation', () => {
  const message = { conversation: 'c', at: 5, ...said('Hi') } as ProviderEvent;
  const active = { conversation: 'c', at: 5, type: 'assigned', queue: null, visitor: VISITOR } as ProviderEvent;

  it('is what the user says, or the word that it is there', () => {
    expect(begins(message, null)).toBe(true);
    expect(begins(active, null)).toBe(true);
    for (const type of ['idle', 'user.left', 'created', 'activity', 'transferred'])
      expect(begins({ ...message, type } as ProviderEvent, null)).toBe(false);
    expect(begins({ ...active, visitor: undefined }, null)).toBe(false);
  });

  it('is, after an earlier one, only what the user said later', () => {
    expect(begins(message, { lastAt: 4 })).toBe(true);
    expect(begins(message, { lastAt: 5 })).toBe(false);
    expect(begins({ ...message, at: null }, { lastAt: 5 })).toBe(true);
    expect(begins(active, { lastAt: 4 })).toBe(false);
  });
});

describe('a conversation that began in the contact centre', () => {
  it('is told of once, and numbers its events under its own id', () => {
    const unit = begun();
    expect(isConversation(unit.handover)).toBe(true);
    expect(types(unit)).toEqual([]);
    tell(unit, said('Hello'), 1);
    tell(unit, said('Anybody?'), 2);
    tell(unit, { type: 'activity', name: 'quickReply/action', value: 1 }, 3);
    expect(types(unit)).toEqual(['conversation.started', 'message.created', 'message.created', 'activity']);
    expect(dataOf(unit, 0)).toMatchObject({ conversationId: unit.handover.id, sequence: 1, userId: 'v-7' });
    expect(dataOf(unit, 0)).not.toHaveProperty('handoverId');
    expect(types(begun({ isTold: true }))).toEqual(['conversation.started']);
  });

  it('learns who the user is when that comes after the first message', () => {
    const unit = begun({ visitor: null });
    tell(unit, said('Hello'), 1);
    expect(tell(unit, { type: 'assigned', queue: null, visitor: VISITOR }, 2)).toBeNull();
    expect(conversationView(unit.handover)).toMatchObject({ channel: 'WebChat', user: { name: 'Ann' }, userId: 'c' });
    expect(tell(unit, { type: 'assigned', queue: null }, 3)).toMatch(/not with a bot/);
  });

  it.each([
    ['idle', 'contact_center'],
    ['user.left', 'user'],
  ] as const)('ends by %s, unless the user has said something since', (type, endReason) => {
    const unit = begun();
    tell(unit, said('Hello'), 5);
    expect(tell(unit, { type }, 5)).toMatch(/older/);
    expect(tell(unit, { type }, 6)).toBeNull();
    expect(unit.handover).toMatchObject({ status: 'ended', endReason });
    expect(types(unit).at(-1)).toBe('conversation.ended');
    expect(tell(unit, said('Late'), 7)).toMatch(/has ended/);
    expect(types(unit).at(-1)).toBe('conversation.ended');
  });

  it('is not ended by what was stored before it began', () => {
    const unit = begun({ visitor: null });
    expect(tell(unit, { type: 'idle' }, 1)).toMatch(/before/);
    tell(unit, said('Hello'), 2);
    expect(unit.handover.status).toBe('open');
  });

  it('ends without a word when the bot has never heard of it', () => {
    const unit = begun();
    tell(unit, { type: 'assigned', queue: null, visitor: VISITOR }, 1);
    tell(unit, { type: 'user.left' }, 2);
    expect(unit.handover.status).toBe('ended');
    expect(types(unit)).toEqual([]);
  });

  it('is ended by the bot once the contact centre has confirmed, or has taken too long', () => {
    const unit = begun({ isTold: true });
    closeHandover(unit, 'bot');
    expect(unit.commands.map(({ kind }) => kind)).toEqual(['end']);
    expect(() => answerConversation(unit, AS_IT_IS)).toThrow(Refusal);
    recordEnded(unit);
    expect(unit.handover).toMatchObject({ status: 'ended', endReason: 'bot' });

    const silent = begun({ isTold: true });
    closeHandover(silent, 'bot');
    const later = new HandoverUnit(silent.handover, new Date(NOW.getTime() + 10_000));
    expireTimers(later, COURSE, NOTHING_SAID);
    expect(types(later)).toEqual(['conversation.ended']);
  });
});

describe('a handover of it', () => {
  it('has the same conversation of the contact centre, and takes it from the bot', () => {
    const unit = begun();
    const handover = handOverConversation(
      unit,
      { user: { phone: '1' }, settings: { queueId: '2' }, metadata: 7 },
      COURSE,
    );
    expect(handover).toMatchObject({
      conversationId: 'c',
      sessionId: unit.handover.id,
      user: { name: 'Ann', phone: '1' },
    });
    expect(handover.incoming).toMatchObject({ id: unit.handover.id, handoverId: handover.id });
    expect(isConversation(handover)).toBe(false);
    expect(unit.opened.map(({ commands }) => commands.map(({ kind }) => kind))).toEqual([['start']]);
    for (const work of [
      () => handOverConversation(unit, { user: {}, settings: {}, metadata: null }, COURSE),
      () => answerConversation(unit, AS_IT_IS),
    ])
      expect(work).toThrow(expect.objectContaining({ members: { handoverId: handover.id } }));
  });

  it('keeps what the user says to the agent without telling the bot, who cannot say it in the user’s name', () => {
    const { handover } = handedOver();
    const before = handover.events.length;
    expect(tell(handover, said('Are you real?'), 4)).toBeNull();
    expect(handover.events).toHaveLength(before);
    expect(handover.messages).toMatchObject([{ author: { type: 'user' }, text: 'Are you real?', status: 'delivered' }]);
    expect(() => postMessage(handover, { ...AS_IT_IS, content: { ...HI, author: 'user' } }, COURSE)).toThrow(/twice/);
    expect(postMessage(handover, AS_IT_IS, COURSE).status).toBe('pending');
  });

  it('is watched like any other, and hears its user, who writes in the contact centre', () => {
    const inactivity = { timeoutMs: 60_000, reminders: 1, close: false };
    const watched: Course = { ...COURSE, inactivity, waitTimeoutMs: 300_000, maxDurationMs: 900_000 };
    const conversation = begun();
    tell(conversation, said('Hello'), 1, watched);
    expect(conversation.wakeAt).toBeNull();
    const given = { user: {}, settings: {}, metadata: null };
    const handover = new HandoverUnit(handOverConversation(conversation, given, watched), NOW);
    const { timers } = handover.handover.lifecycle;
    expect(timers).toEqual({ wait: NOW.getTime() + 300_000, duration: NOW.getTime() + 900_000 });
    expect(again(conversation).wakeAt).toBeNull();

    tell(handover, { type: 'queued', queue: { id: '1', name: null } }, 2, watched);
    const silent = new HandoverUnit(handover.handover, new Date(NOW.getTime() + 60_000));
    expireTimers(silent, watched, NOTHING_SAID);
    expect(types(silent)).toEqual(['handover.inactive']);
    expect(timers.inactivity).toBeUndefined();
    tell(silent, said('Still here'), 3, watched);
    expect(timers.inactivity).toBe(silent.now.getTime() + 60_000);
  });

  it('leaves the user’s messages in a handover of the bot’s own alone', () => {
    const { handover } = handedOver();
    const own = new HandoverUnit({ ...handover.handover, incoming: null }, NOW);
    expect(tell(own, said('echo'), 4)).toBe('our own message');
    expect(own.messages).toEqual([]);
  });

  it('ends at once when the contact centre has given the conversation back after the agent left, and not before', () => {
    const { handover } = handedOver();
    const back = { type: 'assigned', queue: null, visitor: VISITOR } as const;
    expect(tell(handover, back, 4)).toMatch(/with a bot/);
    tell(handover, { type: 'agent.left', agent: ANN }, 5);
    tell(handover, back, 6);
    expect(handover.handover).toMatchObject({ status: 'completed', endReason: 'agent' });
    expect(handover.commands.at(-1)).toMatchObject({ kind: 'end', payload: { release: true } });
  });
});

describe('after the handover the bot', () => {
  const by = (end: (unit: HandoverUnit) => unknown, handBack = true): Handover => {
    const { handover } = handedOver(handBack);
    end(handover);
    const later = new HandoverUnit(handover.handover, new Date(NOW.getTime() + GRACE));
    expireTimers(later, COURSE, NOTHING_SAID);
    return later.handover;
  };
  const leave = (unit: HandoverUnit) => tell(unit, { type: 'agent.left', agent: ANN }, 5);

  it.each([
    ['has the conversation again when the agent has left', leave, true],
    [
      'has not, when the contact centre calls it over',
      (unit: HandoverUnit) => [leave(unit), tell(unit, { type: 'idle' }, 6)],
      false,
    ],
    ['has not, when the user has left', (unit: HandoverUnit) => tell(unit, { type: 'user.left' }, 5), false],
    ['has not, when it ended the handover itself', (unit: HandoverUnit) => closeHandover(unit, 'bot'), false],
    [
      'has, when the contact centre refused',
      (unit: HandoverUnit) => recordStartFailed(unit, { reason: 'rejected', message: '' }),
      true,
    ],
  ])('%s', (_, end, isBack) => {
    const handover = by(end);
    expect(['completed', 'cancelled', 'failed']).toContain(handover.status);
    expect(comesBack(handover, GRACE)).toBe(isBack);
  });

  it('has it only where that is asked for', () => {
    expect(comesBack(by(leave, false), GRACE)).toBe(false);
  });

  it('hears what nobody has heard: since the agent left, or all of it', () => {
    expect(unheardSince(by(leave), [], GRACE)).toBe(5);
    expect(
      unheardSince(
        by((unit) => recordStartFailed(unit, { reason: 'rejected', message: '' })),
        [],
        GRACE,
      ),
    ).toBeNull();
  });

  it('hears what came after the last sign of an agent, where only a look showed that the agent was gone', () => {
    const unseen = by((unit) => look(unit, { state: 'open', agents: [], queue: null, hasUserLeft: false, at: 9 }, []));
    expect(unseen.endReason).toBe('agent');
    const words = (type: string, at: number) => ({ author: { type }, at: new Date(at) }) as unknown as Message;
    expect(unheardSince(unseen, [], GRACE)).toBe(3);
    expect(unheardSince(unseen, [words('agent', 6), words('user', 7), words('bot', 8)], GRACE)).toBe(6);
  });

  it('is told once, with that', () => {
    const { conversation, handover } = handedOver();
    const told = [
      { author: { type: 'user' }, text: 'Anybody?', at: new Date(4) },
      { author: { type: 'system' }, text: 'Ann has left', at: new Date(6) },
      { author: { type: 'user' }, text: 'Hello?', at: new Date(5) },
    ].map((message) => ({ ...message, cards: [], attachments: [] }) as unknown as Message);
    releaseConversation(conversation, handover.handover, told, 5);
    releaseConversation(conversation, handover.handover, told, 5);
    expect(types(conversation)).toEqual(['conversation.resumed', 'message.created']);
    expect(dataOf(conversation, 1)).toMatchObject({ message: { text: 'Hello?' } });
    expect(conversation.handover.incoming!.lastAt).toBe(6);
    expect(conversation.handover.status).toBe('open');
    expect(conversation.freesEvents).toBe(true);
    const next = again(conversation);
    releaseConversation(next, { ...handover.handover, id: 'ho_other' }, null, null);
    expect(next.handover.status).toBe('open');
  });

  it('knows what was said in it before each handover, and not twice what the user said to nobody', () => {
    const { conversation, handover } = handedOver();
    const { incoming, id } = handover.handover;
    expect(incoming!.before).toEqual({ after: 0, until: 1, handoverId: null });
    const told = { author: { type: 'user' }, text: 'Anybody?', cards: [], attachments: [], at: new Date(4) };
    releaseConversation(conversation, handover.handover, [told as unknown as Message], 4);
    tell(conversation, said('Hello again'), 9);
    const next = handOverConversation(conversation, { user: {}, settings: {}, metadata: null }, COURSE);
    expect(next.incoming!.before).toEqual({ after: 2, until: 3, handoverId: id });
  });

  it('is told of the end where it does not come back', () => {
    const { conversation, handover } = handedOver();
    tell(handover, { type: 'user.left' }, 9);
    releaseConversation(conversation, handover.handover, null, null);
    expect(conversation.handover).toMatchObject({ status: 'ended', endReason: 'user' });
    expect(conversation.handover.incoming!.lastAt).toBe(9);
    expect(types(conversation)).toEqual(['conversation.ended']);
  });
});

describe('what the contact centre lists of a conversation', () => {
  const message = (id: string, at: number): ListedMessage => ({
    ...{ id, at, type: 'message', author: 'agent', agent: ANN, text: 'Hello', cards: [], attachments: [] },
  });
  const compare = (unit: HandoverUnit, messages: ListedMessage[]): unknown => look(unit, null, messages);

  it('fills in for a handover only what its agents said, and not those of an earlier one', () => {
    const { conversation, handover } = handedOver();
    const spoken = { author: { type: 'agent' }, text: 'Bye', cards: [], attachments: [], at: new Date(20) };
    releaseConversation(conversation, handover.handover, [spoken as unknown as Message], 5);
    const next = handOverConversation(again(conversation), { user: {}, settings: {}, metadata: null }, COURSE);
    const unit = new HandoverUnit(next, NOW);
    expect(compare(unit, [message('m-1', 19), message('m-2', 20), message('m-3', 21)])).toMatchObject({ caughtUp: 1 });
    expect(unit.messages).toMatchObject([{ text: 'Hello', remoteId: 'm-3' }]);
  });

  it('answers for the event that comes late after all, whoever has the conversation by then', () => {
    const { conversation, handover } = handedOver();
    compare(handover, [message('m-1', 4), message('m-2', 5)]);
    releaseConversation(conversation, handover.handover, [], 9);
    const { id: _, ...late } = message('m-1', 4);
    const back = again(conversation);
    expect(tell(back, late, 4)).toMatch(/caught up before/);
    const next = new HandoverUnit(handOverConversation(back, { user: {}, settings: {}, metadata: null }, COURSE), NOW);
    expect(tell(next, late, 5)).toMatch(/caught up before/);
    expect([...back.messages, ...next.messages]).toEqual([]);
    expect(tell(next, late, 6)).toBeNull();
  });
});
