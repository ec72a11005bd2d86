import { beforeEach, describe, expect, it } from '@jest/globals';
import { standingText } from './index.js';
import { ANN, BEN, GRACE, listed, Story, SUPPORT } from './testing/story.js';

let story: Story;
beforeEach(() => {
  story = new Story();
});

/** Ann is in, and the bot has been told. */
const active = (): Story => {
  story.event({ type: 'queued', queue: SUPPORT }).event({ type: 'agent.joined', agent: ANN }).wait(20_000);
  story.told = [];
  return story;
};

describe('what an inspection sees of the course', () => {
  it('is told as an event would have told it', () => {
    story.compare({ queue: { id: '101', name: null } });
    expect(story.handover.status).toBe('queued');
    story.compare({ agents: [ANN] });
    expect(story.handover.status).toBe('active');
    expect(story.told).toEqual(['queued', 'ann joined', 'active']);
  });

  it('changes nothing where it is what the events told', () => {
    const before = JSON.stringify(active().handover);
    story.compare({ agents: [ANN] });
    expect(story.result.facts).toEqual([]);
    expect(JSON.stringify(story.handover)).toBe(before);
  });

  it('is not told again by events that come late', () => {
    story.event({ type: 'queued', queue: SUPPORT });
    const joinedAt = story.now;
    story
      .wait(5_000)
      .compare({ agents: [ANN] })
      .wait(3_000)
      .event({ type: 'agent.joined', agent: ANN }, joinedAt);
    story
      .wait(5_000)
      .compare({ agents: [BEN] })
      .event({ type: 'agent.left', agent: ANN }, joinedAt + 6_000);
    expect(story.told).toEqual(['queued', 'ann joined', 'active', 'ann left', 'ben joined']);
    expect(story.handover.status).toBe('active');
  });

  it('stays true when late events tell of an earlier coming and going', () => {
    story.event({ type: 'queued', queue: SUPPORT });
    const early = story.now;
    story.wait(60_000).compare({ agents: [ANN] });
    story.event({ type: 'agent.joined', agent: ANN }, early);
    story.event({ type: 'agent.left', agent: ANN }, early + 1_000);
    expect(story.handover.status).toBe('active');
    expect(story.told).toEqual(['queued', 'ann joined', 'active', 'ann left', 'ann joined']);
    story.event({ type: 'agent.joined', agent: ANN }, early + 2_000).wait(GRACE + 1);
    expect(story.handover.status).toBe('active');
    expect(story.told).toHaveLength(5);
  });

  it('is later than what was known, whatever the clocks say', () => {
    active().compare({ agents: [], queue: { id: '102', name: null }, at: 0 });
    expect(story.handover.status).toBe('queued');
    expect(story.told).toEqual(['ann left', 'queued']);
  });

  it('keeps the name of a queue that an event told', () => {
    const at = story.now;
    story.wait(5_000).compare({ queue: { id: '101', name: null } });
    story.event({ type: 'queued', queue: SUPPORT }, at);
    expect(story.handover.queue).toEqual(SUPPORT);
    expect(story.told).toEqual(['queued']);
  });

  it('is put aside when an event has told more since it was asked for', () => {
    const standing = standingText(active().handover, GRACE);
    story.event({ type: 'agent.joined', agent: BEN }).compare({ agents: [ANN] }, [], { standing });
    expect(story.handover.lifecycle.facts.some(({ seen }) => seen)).toBe(false);
    expect(story.result.isOpen).toBe(true);
  });
});

describe('an end', () => {
  it('is none when an agent was replaced by another', () => {
    active()
      .compare({ agents: [BEN] })
      .wait(60_000);
    expect(story.handover.status).toBe('active');
    expect(story.told).toEqual(['ann left', 'ben joined']);
  });

  it('is none when the conversation waits in another queue after the agent has left', () => {
    active()
      .event({ type: 'agent.left', agent: ANN })
      .compare({ queue: { id: '102', name: null } })
      .wait(60_000);
    expect(story.handover.status).toBe('queued');
  });

  it('is none when the contact centre says that it waits, though in the queue that it came from', () => {
    active().compare({ queue: SUPPORT, waits: true });
    expect(story.result.facts).toEqual(['transferred', 'agent.left', 'queued']);
    expect(story.told).toEqual(['transferred', 'ann left', 'queued']);
    story.wait(60_000).compare({ queue: SUPPORT, waits: true });
    expect(story.handover).toMatchObject({ status: 'queued', queue: SUPPORT });
    expect(story.told).toHaveLength(3);
  });

  it('is none when it waits after a leaving that an event told', () => {
    active().event({ type: 'agent.left', agent: ANN }).compare({ queue: SUPPORT, waits: true }).wait(60_000);
    expect(story.handover.status).toBe('queued');
    expect(story.told).toEqual(['ann left', 'transferred', 'queued']);
  });

  it('is told once, also when the events of a transfer that was seen come late', () => {
    active();
    const at = story.now;
    story.wait(2_000).compare({ queue: SUPPORT, waits: true });
    story
      .event({ type: 'transferred' }, at)
      .event({ type: 'agent.left', agent: ANN }, at)
      .event({ type: 'queued', queue: SUPPORT }, at)
      .wait(60_000);
    expect(story.told).toEqual(['transferred', 'ann left', 'queued']);
    expect(story.handover.status).toBe('queued');
  });

  it('is none when it waits in the same queue again, where the contact centre had taken it out of that', () => {
    story.event({ type: 'queued', queue: SUPPORT }).event({ type: 'assigned', queue: null });
    story.event({ type: 'agent.joined', agent: ANN }).wait(20_000).event({ type: 'agent.left', agent: ANN });
    story.compare({ queue: SUPPORT }).wait(60_000);
    expect(story.handover.status).toBe('queued');
  });

  it.each([
    ['is over', { state: 'ended' as const }],
    ['is gone', { state: 'gone' as const, agents: null }],
    ['still names the agent', { agents: [ANN] }],
    ['is assigned to its queue as ever', { queue: SUPPORT }],
  ])('comes with the grace, not before and not later, when the agent has left and the conversation %s', (_, seen) => {
    const leftAt = active().now;
    story.event({ type: 'agent.left', agent: ANN }).compare(seen);
    expect(story.handover.status).toBe('active');
    story.wait(leftAt + GRACE + 10 - story.now);
    expect(story.handover).toMatchObject({ status: 'completed', endReason: 'agent' });
    expect(story.told).toEqual(['ann left', 'completed']);
  });

  it.each([
    ['is over', { state: 'ended' as const }, 'contact_center'],
    ['is gone', { state: 'gone' as const, agents: null }, 'contact_center'],
    ['has lost its user', { hasUserLeft: true }, 'user'],
  ])('takes two looks at a conversation that %s', (_, seen, endReason) => {
    story.event({ type: 'queued', queue: SUPPORT }).wait(2_000).compare(seen);
    expect(story.handover.status).toBe('queued');
    expect(story.result.isOpen).toBe(true);
    story.wait(GRACE).compare(seen);
    expect(story.handover).toMatchObject({ status: 'cancelled', endReason });
    expect(story.told).toEqual(['queued', 'cancelled']);
  });

  it('begins anew to be doubted when the conversation was open in between', () => {
    story.event({ type: 'queued', queue: SUPPORT }).wait(2_000);
    story.compare({ state: 'ended' }).wait(GRACE).compare({ queue: SUPPORT }).wait(GRACE).compare({ state: 'ended' });
    expect(story.handover.status).toBe('queued');
  });

  it('is found with the leaving before it where no event told either', () => {
    active()
      .compare({ state: 'ended' })
      .wait(GRACE + 1);
    expect(story.handover).toMatchObject({ status: 'completed', endReason: 'agent' });
    expect(story.told).toEqual(['ann left', 'completed']);
  });

  it('does not undo our own', () => {
    active().handover.closing = 'bot';
    story.compare({ state: 'ended' }, [listed('a', 'Bye', story.now)]);
    expect(story.told).toEqual([]);
  });
});

describe('messages without their events', () => {
  it('are caught up in their order, once, with the contact centre’s time', () => {
    const at = active().now - 15_000;
    const list = [listed('a', 'one', at), listed('b', 'two', at + 1_000)];
    story.compare({ agents: [ANN] }, list).compare({ agents: [ANN] }, list);
    expect(story.told).toEqual(['one', 'two']);
    expect(story.result).toMatchObject({ caughtUp: 0, isOpen: false, settledUntil: at + 1_000 });
  });

  it('are left to their events for a while, and later ones do not overtake them', () => {
    const at = active().now;
    const list = [listed('a', 'young', at - 5_000), listed('b', 'an odd time', at - 60_000)];
    story.compare({ agents: [ANN] }, list);
    expect(story.told).toEqual([]);
    expect(story.result).toMatchObject({ isOpen: true, settledUntil: null });
    story.wait(6_000).compare({ agents: [ANN] }, list);
    expect(story.told).toEqual(['young', 'an odd time']);
  });

  it('come before the leaving and the end', () => {
    const at = active().now;
    story.compare({ state: 'ended' }, [listed('a', 'Bye', at)]);
    expect(story.told).toEqual(['Bye', 'ann left']);
  });

  it('are not told again by their events, however late, in whatever order', () => {
    const at = active().now - 20_000;
    const list = [listed('a', 'ok', at), listed('b', 'Bye', at + 1_000), listed('c', 'ok', at + 2_000)];
    story.compare({ agents: [ANN] }, list).wait(3_600_000);
    for (const { text, at: time } of [list[2]!, list[0]!, list[1]!]) story.says(text!, time + 300);
    expect(story.last).toBe('caught up before');
    expect(story.told).toEqual(['ok', 'Bye', 'ok']);
    expect(story.handover.lifecycle.caughtUp).toBeUndefined();
    story.says('ok', at + 2_000);
    expect(story.told).toHaveLength(4);
  });

  it('say nothing of the same words said much later', () => {
    const at = active().now - 20_000;
    story
      .compare({ agents: [ANN] }, [listed('a', 'ok', at)])
      .wait(300_000)
      .says('ok');
    expect(story.told).toEqual(['ok', 'ok']);
  });

  it('are found in the end when an event was taken for an earlier one of the same words', () => {
    const at = active().now - 20_000;
    const list = [listed('a', 'ok', at), listed('b', 'ok', at + 30_000)];
    story
      .compare({ agents: [ANN] }, list.slice(0, 1))
      .wait(10_000)
      .says('ok', at + 30_000);
    expect(story.told).toEqual(['ok']);
    story
      .wait(20_000)
      .compare({ agents: [ANN] }, list)
      .says('ok', at);
    expect(story.told).toEqual(['ok', 'ok']);
  });

  it('are known by their id and by nothing else where events carry one', () => {
    const at = active().now - 20_000;
    story.compare({ agents: [ANN] }, [listed('a', 'ok', at)]);
    story.says('ok', at, 'b').says('ok (edited)', at, 'a');
    expect(story.told).toEqual(['ok', 'ok']);
    expect(story.last).toBe('caught up before');
  });

  it('are not taken into the transcript twice by an event after the end', () => {
    active()
      .event({ type: 'agent.left', agent: ANN })
      .compare({ state: 'ended' }, [listed('a', 'Bye', story.now)]);
    story.wait(GRACE);
    expect(story.told).toEqual(['ann left', 'Bye', 'completed']);
    const { messageSequence } = story.handover;
    story.says('Bye');
    expect(story.handover.messageSequence).toBe(messageSequence);
  });

  it('are compared anew when the transcript has grown meanwhile', () => {
    const transcript = { messageSequence: active().handover.messageSequence, messages: [] };
    story.says('ok').compare({ agents: [ANN] }, [listed('a', 'ok', story.now - 20_000)], { transcript });
    expect(story.last).toBeNull();
    expect(story.told).toEqual(['ok']);
  });

  it('wait for their files, and later ones wait behind them', () => {
    const at = active().now - 20_000;
    const remote = { id: 'f', filename: 'a.pdf', contentType: null };
    const list = [
      listed('a', 'first', at),
      { ...listed('b', 'with a file', at), attachments: [remote] },
      listed('c', 'last', at),
    ];
    story.compare({ agents: [ANN] }, list);
    expect(story.told).toEqual(['first']);
    expect(story.result).toMatchObject({ hasMore: true, isOpen: true, wanting: [{ id: 'b' }] });
    const fetched = { id: 'att_1', filename: 'a.pdf', contentType: 'application/pdf', size: 3 };
    story.compare({ agents: [ANN] }, list, { files: new Map([['b', [fetched]]]) });
    expect(story.told).toEqual(['first', 'with a file', 'last']);
    expect(story.result).toMatchObject({ hasMore: false, isOpen: false, wanting: [] });
  });

  it('come in parts that one change can hold, and the end waits for all of them', () => {
    const at = active().now - 20_000;
    const list = Array.from({ length: 450 }, (_, index) => listed(`r${index}`, `text ${index}`, at + index));
    for (const rest of [250, 50, 0]) {
      story.compare({ state: 'ended' }, list);
      expect(story.told.filter((one) => one.startsWith('text'))).toHaveLength(450 - rest);
      expect(story.result.hasMore).toBe(rest > 0);
      expect(story.told.includes('ann left')).toBe(rest === 0);
    }
  });
});
