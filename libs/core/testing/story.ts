import type { Inspection, ListedMessage, ProviderEvent, ProviderFact } from '#contract';
import {
  applyEvent,
  standingText,
  expireTimers,
  HandoverUnit,
  reconcile,
  startHandover,
  type Handover,
  type Reconciled,
  type Sighting,
} from '../index.js';

export const GRACE = 10_000;
export const SETTLE = 10_000;
const COURSE = { endGraceMs: GRACE, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };
export const ANN = { id: 'ann', name: null };
export const BEN = { id: 'ben', name: null };
export const SUPPORT = { id: '101', name: 'Support' };

type Told = { type: string; data: { message?: { text: string }; agent?: { id: string }; queue?: { id: string } } };

/** A handover between a contact centre and a bot, where some events get lost and inspections see what is true. */
export class Story {
  handover: Handover;
  now = 1_000_000;
  told: string[] = [];
  /** What an event or a comparison came to last. */
  last: unknown;
  private known: Sighting['transcript']['messages'] = [];
  private arrival = 0;

  constructor() {
    const unit = startHandover(
      { bot: 'b', provider: 'p', sessionId: 's', userId: 'u', user: {}, transcript: [], settings: {}, metadata: null },
      new Date(this.now),
      COURSE,
    );
    this.handover = unit.handover;
    this.handover.conversationId = 'c';
  }

  event(fact: ProviderFact, at = this.now): this {
    const event = { conversation: 'c', at, ...fact } as ProviderEvent;
    return this.with((unit) => applyEvent(unit, { event, arrival: ++this.arrival, receivedAt: unit.now }, COURSE));
  }

  says(text: string, at = this.now, id?: string): this {
    return this.event({ type: 'message', id, author: 'agent', agent: ANN, text, cards: [], attachments: [] }, at);
  }

  compare(seen: Partial<Inspection> | null, listed: ListedMessage[] = [], over: Partial<Sighting> = {}): this {
    const inspection: Inspection | null = seen && {
      state: 'open',
      agents: [],
      queue: null,
      hasUserLeft: false,
      at: this.now,
      ...seen,
    };
    const sighting: Sighting = {
      askedAt: new Date(this.now),
      standing: standingText(this.handover, GRACE),
      inspection,
      list: { messages: listed, from: null },
      transcript: { messageSequence: this.handover.messageSequence, messages: this.known },
      settleMs: SETTLE,
      files: new Map(),
      ...over,
    };
    return this.with((unit) => reconcile(unit, sighting, COURSE));
  }

  get result(): Reconciled {
    return this.last as Reconciled;
  }

  wait(ms: number): this {
    this.now += ms;
    return this.with((unit) =>
      unit.wakeAt && unit.wakeAt <= unit.now
        ? expireTimers(unit, COURSE, { messageSequence: unit.handover.messageSequence, user: null })
        : undefined,
    );
  }

  private with(work: (unit: HandoverUnit) => unknown): this {
    // Stored and loaded again, as between two transactions.
    this.handover = JSON.parse(JSON.stringify(this.handover), (key, value: unknown) =>
      /At$/.test(key) && typeof value === 'string' ? new Date(value) : value,
    ) as Handover;
    const unit = new HandoverUnit(this.handover, new Date(this.now));
    this.last = work(unit);
    this.told.push(...unit.events.map(({ body }) => label(JSON.parse(body) as Told)));
    for (const { id, author, text, at, remoteId = null } of unit.messages)
      this.known.push({ id, author: author.type as 'agent', text, at: at.getTime(), remoteId });
    this.now += 10;
    return this;
  }
}

function label({ type, data: { message, agent } }: Told): string {
  if (type === 'message.created') return message!.text;
  return type.startsWith('agent.') ? `${agent!.id} ${type.slice(6)}` : type.slice(9);
}

export const listed = (id: string, text: string, at: number): ListedMessage => ({
  type: 'message',
  id,
  author: 'agent',
  agent: ANN,
  text,
  cards: [],
  attachments: [],
  at,
});
