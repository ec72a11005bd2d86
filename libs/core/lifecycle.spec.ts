import { describe, expect, it } from '@jest/globals';
import type { ProviderEvent, ProviderFact } from '#contract';
import {
  applyEvent,
  closeHandover,
  expireTimers,
  HandoverUnit,
  recordEnded,
  startHandover,
  type Handover,
} from './index.js';

const GRACE = 10_000;
const COURSE = { endGraceMs: GRACE, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };
const NOTHING_SAID = { messageSequence: 0, user: null };
const ANN = { id: 'ann', name: null };
const BEN = { id: 'ben', name: null };
const SUPPORT = { id: '101', name: 'Support' };
const BILLING = { id: '102', name: 'Billing' };

/** A handover that is told one fact after the other. */
class Story {
  handover: Handover;
  readonly told: string[] = [];
  private arrival = 0;
  now = 1_000_000;

  constructor() {
    const unit = startHandover(
      { bot: 'b', provider: 'p', sessionId: 's', userId: 'u', user: {}, transcript: [], settings: {}, metadata: null },
      new Date(this.now),
      COURSE,
    );
    this.handover = unit.handover;
  }

  /** Facts happen 10 ms apart unless a time is given. */
  tell(fact: ProviderFact, at = this.now): this {
    const event = { conversation: 'c', at, ...fact } as ProviderEvent;
    return this.with((unit) => applyEvent(unit, { event, arrival: ++this.arrival, receivedAt: unit.now }, COURSE));
  }

  wait(ms: number): this {
    this.now += ms;
    return this.with((unit) =>
      unit.wakeAt && unit.wakeAt <= unit.now ? expireTimers(unit, COURSE, NOTHING_SAID) : undefined,
    );
  }

  with(work: (unit: HandoverUnit) => unknown): this {
    // Stored and loaded again, as between two transactions.
    this.handover = JSON.parse(JSON.stringify(this.handover), (key, value: unknown) =>
      /At$/.test(key) && typeof value === 'string' ? new Date(value) : value,
    ) as Handover;
    const unit = new HandoverUnit(this.handover, new Date(this.now));
    work(unit);
    this.told.push(...unit.events.map(({ type, body }) => label(type, body)));
    this.now += 10;
    return this;
  }

  get status(): string {
    return this.handover.status;
  }
}

function label(type: string, body: string): string {
  const { data } = JSON.parse(body) as { data: { agent?: { id: string }; queue?: { id: string }; endReason?: string } };
  if (type.startsWith('agent.')) return `${type} ${data.agent!.id}`;
  if (type === 'handover.queued') return `${type} ${data.queue?.id}`;
  return data.endReason ? `${type} ${data.endReason}` : type;
}

function active(): Story {
  return new Story()
    .tell({ type: 'created' })
    .tell({ type: 'assigned', queue: { id: '101', name: null } })
    .tell({ type: 'queued', queue: SUPPORT })
    .tell({ type: 'agent.joined', agent: ANN });
}

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe('the course of a handover', () => {
  it('goes from requested over queued to active and tells each change once', () => {
    const story = active();
    expect(story.status).toBe('active');
    expect(story.told).toEqual(['handover.queued 101', 'agent.joined ann', 'handover.active']);
    expect(story.handover.queue).toEqual(SUPPORT);
    expect(story.handover.agent).toEqual(ANN);
  });

  it('tells nothing new when the contact centre repeats itself', () => {
    const story = active();
    story
      .tell({ type: 'queued', queue: SUPPORT })
      .tell({ type: 'agent.joined', agent: ANN })
      .tell({ type: 'assigned', queue: SUPPORT });
    expect(story.told).toHaveLength(3);
    expect(story.status).toBe('active');
  });

  it('is queued on an assignment and names the queue a second later when no QUEUED follows', () => {
    const story = new Story().tell({ type: 'assigned', queue: { id: '101', name: null } });
    expect(story.status).toBe('queued');
    expect(story.told).toEqual([]);
    expect(story.wait(1_000).told).toEqual(['handover.queued 101']);
  });

  it('says so when the queue changes while waiting', () => {
    const story = new Story().tell({ type: 'queued', queue: SUPPORT }).tell({ type: 'queued', queue: BILLING });
    expect(story.told).toEqual(['handover.queued 101', 'handover.queued 102']);
  });

  it('is ended by the agent when nothing follows within the grace', () => {
    const story = active().tell({ type: 'agent.left', agent: ANN });
    expect(story.wait(GRACE - 100).status).toBe('active');
    expect(story.wait(100).status).toBe('completed');
    expect(story.told.slice(3)).toEqual(['agent.left ann', 'handover.completed agent']);
  });

  it('ends at once when the conversation goes idle after the agent left', () => {
    const story = active().tell({ type: 'agent.left', agent: ANN }).tell({ type: 'idle' });
    expect(story.told.at(-1)).toBe('handover.completed agent');
  });

  it('is ended by the contact centre when it goes idle with an agent in', () => {
    expect(active().tell({ type: 'idle' }).told.at(-1)).toBe('handover.completed contact_center');
  });

  it('is cancelled when it goes idle before any agent joined', () => {
    const story = new Story().tell({ type: 'queued', queue: SUPPORT }).tell({ type: 'idle' });
    expect(story.told.at(-1)).toBe('handover.cancelled contact_center');
  });

  it('stays active while another agent is in', () => {
    const story = active()
      .tell({ type: 'agent.joined', agent: BEN })
      .tell({ type: 'agent.left', agent: ANN })
      .wait(GRACE * 2);
    expect(story.status).toBe('active');
    expect(story.handover.agent).toEqual(BEN);
  });

  it('waits for the next agent of a transfer for as long as it takes', () => {
    const story = active()
      .tell({ type: 'transferred' })
      .tell({ type: 'agent.left', agent: ANN })
      .wait(GRACE - 100);
    expect(story.told.at(-1)).toBe('agent.left ann');
    story.wait(GRACE * 100);
    expect(story.status).toBe('queued');
    expect(story.handover.queue).toBeNull();
    story.tell({ type: 'queued', queue: BILLING }).tell({ type: 'agent.joined', agent: BEN });
    expect(story.told.slice(3)).toEqual([
      'handover.transferred',
      'agent.left ann',
      'handover.queued undefined',
      'handover.queued 102',
      'agent.joined ben',
      'handover.active',
    ]);
  });

  it('tells of the wait before the next agent, also when nobody names its queue', () => {
    const story = active().tell({ type: 'transferred' }).tell({ type: 'agent.left', agent: ANN });
    story.tell({ type: 'agent.joined', agent: BEN });
    expect(story.told.slice(3)).toEqual([
      'handover.transferred',
      'agent.left ann',
      'handover.queued undefined',
      'agent.joined ben',
      'handover.active',
    ]);
  });

  it('goes on when only a new queue follows the leaving', () => {
    const story = active()
      .tell({ type: 'agent.left', agent: ANN })
      .tell({ type: 'queued', queue: BILLING })
      .wait(GRACE * 2);
    expect(story.status).toBe('queued');
  });

  it('takes idle within a transfer for no end when the next queue or agent follows', () => {
    const story = active()
      .tell({ type: 'transferred' })
      .tell({ type: 'agent.left', agent: ANN })
      .tell({ type: 'idle' });
    expect(story.wait(GRACE - 100).status).toBe('queued');
    expect(story.tell({ type: 'queued', queue: BILLING }).wait(GRACE * 9).status).toBe('queued');
    expect(story.tell({ type: 'agent.joined', agent: BEN }).wait(GRACE).status).toBe('active');
  });

  it.each([
    ['before the next queue', [{ type: 'idle' }]],
    ['after the next queue', [{ type: 'queued', queue: BILLING }, { type: 'idle' }]],
  ] as const)('takes idle within a transfer, %s, for the end when nothing follows within the grace', (_, facts) => {
    const story = active().tell({ type: 'transferred' }).tell({ type: 'agent.left', agent: ANN });
    for (const fact of facts) story.tell(fact);
    expect(story.wait(GRACE - 100).status).toBe('queued');
    expect(story.wait(100).told.at(-1)).toBe('handover.completed contact_center');
  });

  it('takes idle long after a transfer for the end at once', () => {
    const story = active().tell({ type: 'transferred' }).tell({ type: 'agent.left', agent: ANN });
    story.wait(GRACE * 2).tell({ type: 'idle' });
    expect(story.told.at(-1)).toBe('handover.completed contact_center');
  });

  it('survives transfers in quick succession without a word about queues', () => {
    const story = active();
    story
      .tell({ type: 'transferred' })
      .tell({ type: 'agent.left', agent: ANN })
      .tell({ type: 'agent.joined', agent: BEN });
    story
      .tell({ type: 'transferred' })
      .tell({ type: 'agent.left', agent: BEN })
      .wait(GRACE * 3);
    expect(story.status).toBe('queued');
    story.tell({ type: 'agent.joined', agent: ANN }).tell({ type: 'agent.left', agent: ANN }).wait(GRACE);
    expect(story.told.at(-1)).toBe('handover.completed agent');
  });

  it('is ended by the user when the contact centre reports the user gone', () => {
    expect(active().tell({ type: 'user.left' }).told.at(-1)).toBe('handover.completed user');
  });

  it('keeps our own reason when the contact centre reports what we did', () => {
    const story = active()
      .with((unit) => closeHandover(unit, 'bot'))
      .tell({ type: 'user.left' })
      .tell({ type: 'idle' });
    expect(story.told.at(-1)).toBe('handover.completed bot');
    expect(story.with((unit) => recordEnded(unit)).told.filter((type) => type.includes('completed'))).toHaveLength(1);
  });

  it('gives the user back within ten seconds though the contact centre does not confirm the ending', () => {
    const story = active().with((unit) => closeHandover(unit, 'user'));
    expect(story.status).toBe('active');
    expect(story.wait(10_000).told.at(-1)).toBe('handover.completed user');
  });

  it('changes nothing and tells nothing after the end', () => {
    const story = active().tell({ type: 'idle' });
    const told = story.told.length;
    story
      .tell({ type: 'agent.joined', agent: BEN })
      .tell({ type: 'transferred' })
      .wait(GRACE * 2);
    expect(story.status).toBe('completed');
    expect(story.told).toHaveLength(told);
  });
});

describe('facts in any order', () => {
  const transfer: ProviderFact[] = [
    { type: 'agent.left', agent: ANN },
    { type: 'transferred' },
    { type: 'queued', queue: BILLING },
    { type: 'agent.joined', agent: BEN },
  ];
  const name = (facts: ProviderFact[]): string => facts.map(({ type }) => type).join(', ');

  it.each(permutations(transfer).map((order) => [name(order), order] as const))(
    'a transfer told as %s, with times in that order, ends active',
    (_, order) => {
      const story = active();
      for (const fact of order) story.tell(fact).tell(fact);
      expect(story.status).toBe('active');
      story.wait(GRACE * 2);
      expect(story.status).toBe('active');
      expect(story.handover.agent).toEqual(BEN);
      expect(story.told.filter((type) => type === 'handover.transferred')).toHaveLength(1);
      expect(story.told.some((type) => /completed|cancelled/.test(type))).toBe(false);
      story.tell({ type: 'agent.left', agent: BEN }).wait(GRACE);
      expect(story.told.at(-1)).toBe('handover.completed agent');
    },
  );

  it.each(permutations(transfer).map((order) => [name(order), order] as const))(
    'a transfer that arrives as %s, with its true times, ends active',
    (_, order) => {
      const story = active();
      const start = story.now;
      for (const fact of order) story.tell(fact, start + transfer.indexOf(fact) * 100);
      story.wait(GRACE * 2);
      expect(story.status).toBe('active');
      expect(story.handover.agent).toEqual(BEN);
      expect(story.told.filter((type) => type === 'agent.left ann')).toHaveLength(1);
      expect(story.told.filter((type) => type === 'agent.joined ben')).toHaveLength(1);
      story.tell({ type: 'idle' });
      expect(story.told.at(-1)).toBe('handover.completed contact_center');
    },
  );

  it('puts a whole conversation together from any order of arrival', () => {
    const facts: ProviderFact[] = [
      { type: 'queued', queue: SUPPORT },
      { type: 'agent.joined', agent: ANN },
      { type: 'transferred' },
      { type: 'agent.left', agent: ANN },
      { type: 'agent.joined', agent: BEN },
    ];
    for (const order of permutations(facts)) {
      const story = new Story();
      for (const fact of order) story.tell(fact, 1_000_000 + facts.indexOf(fact) * 100);
      expect([name(order), story.status, story.handover.agent?.id]).toEqual([name(order), 'active', 'ben']);
    }
  });

  it('a late QUEUED changes nothing that a later join has settled', () => {
    const story = new Story()
      .tell({ type: 'agent.joined', agent: ANN }, 2_000)
      .tell({ type: 'queued', queue: SUPPORT }, 1_000);
    expect(story.status).toBe('active');
  });

  it('tells a join and a leaving that came the wrong way round in the right order', () => {
    const story = new Story().tell({ type: 'queued', queue: SUPPORT }, 1_000);
    story.tell({ type: 'agent.left', agent: ANN }, 3_000).tell({ type: 'agent.joined', agent: ANN }, 2_000);
    expect(story.told).toEqual(['handover.queued 101', 'agent.joined ann', 'agent.left ann', 'handover.active']);
    expect(story.wait(GRACE).told.at(-1)).toBe('handover.completed agent');
  });

  it('keeps its memory bounded over hundreds of transfers', () => {
    const story = active();
    for (let round = 0; round < 200; round++) {
      const [from, to] = round % 2 === 0 ? [ANN, BEN] : [BEN, ANN];
      story
        .tell({ type: 'transferred' })
        .tell({ type: 'agent.left', agent: from })
        .tell({ type: 'agent.joined', agent: to });
    }
    expect(story.status).toBe('active');
    expect(story.handover.lifecycle.facts.length).toBeLessThanOrEqual(64);
    expect(story.told.filter((type) => type === 'handover.transferred')).toHaveLength(200);
  });
});
