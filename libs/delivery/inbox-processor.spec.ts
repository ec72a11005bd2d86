import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderEvent } from '#contract';
import {
  ProviderRegistry,
  startHandover,
  type Course,
  type Handover,
  type HandoverStore,
  type HandoverUnit,
  type InboxRow,
  type InboxStore,
  type InboxVerdict,
  type ProviderInstance,
} from '#core';
import type { ArrivingFiles } from './files/arriving-files.js';
import { InboxProcessor } from './inbox-processor.js';
import { IncomingConversations } from './incoming-conversations.js';
import { LastLooks } from './last-looks.js';

const CONVERSATION = 'conversation-1';
const COURSE: Course = { endGraceMs: 1_000, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

let handover: Handover;
let queued: ProviderEvent;
let settled: { status: string; reason: string }[];
let verdicts: InboxVerdict[];
let committed: Handover[];
/** What happens elsewhere while the processor has looked for the conversation, and before it looks again. */
let meanwhile: () => void;
let processor: InboxProcessor;

/** A provider of which nothing but the mapping matters. */
const instance = {
  name: 'p',
  enabled: true,
  pinnedTenant: null,
  options: { ...COURSE, endpoint: { bot: 'b', acceptActiveEvent: false, handBack: false } },
  session: { endGraceMs: COURSE.endGraceMs, tenant: null, events: () => [queued] },
} as unknown as ProviderInstance;

const rowWith = (handoverHint: string | null): InboxRow => ({
  id: '1',
  source: 's',
  key: 'k',
  type: 't',
  providers: ['p'],
  tenant: null,
  conversationId: CONVERSATION,
  handoverHint,
  body: Buffer.from('{}'),
  receivedAt: new Date(),
});

/** A database in which another one binds the handover to its conversation between two reads. */
function processorOf(row: InboxRow): InboxProcessor {
  let isOpen = true;
  const unit = (): HandoverUnit[] => {
    const copy = startHandover({ ...handover, transcript: [] } as never, new Date(), COURSE);
    Object.assign(copy.handover, structuredClone(handover));
    return [copy];
  };
  const handovers: Pick<HandoverStore, 'unitsOf' | 'commit' | 'receive'> = {
    unitsOf: async (by) => {
      const found = 'ids' in by ? unit() : handover.conversationId === CONVERSATION ? unit() : [];
      meanwhile();
      return found;
    },
    commit: async (units) => {
      for (const { verdicts: given, handover: changed } of units) {
        verdicts.push(...given);
        committed.push(changed);
        isOpen = false;
      }
      return new Set();
    },
    receive: async () => false,
  };
  const store = {
    openRows: async () => (isOpen ? [row] : []),
    findPending: async () => [],
    findParked: async () => [],
    hasUnbound: async () => handover.conversationId === null,
    settle: async (_ids: string[], status: string, reason: string) => {
      settled.push({ status, reason });
      isOpen = false;
    },
  } as unknown as InboxStore;
  const registry = new ProviderRegistry([], [instance]);
  const incoming = new IncomingConversations({ lastIncoming: async () => null }, registry, () => new Date(), log);
  const files = { of: async () => [] } as unknown as ArrivingFiles;
  return new InboxProcessor(store, handovers, registry, files, incoming, { learn: async () => false }, () => false, log, new LastLooks(async () => undefined), { count: () => undefined }); // prettier-ignore
}

/** Brings an event to the processor, and waits until it has been dealt with. */
async function arrive(row: InboxRow): Promise<void> {
  processor = processorOf(row);
  await processor.start();
  processor.wake(CONVERSATION);
  while (settled.length + committed.length === 0) await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  const input = { bot: 'b', provider: 'p', sessionId: 's', userId: 'u', user: {}, transcript: [], settings: {}, metadata: null }; // prettier-ignore
  handover = startHandover(input, new Date(), COURSE).handover;
  queued = { type: 'queued', conversation: CONVERSATION, at: Date.now(), queue: { id: 'q', name: null } };
  [settled, verdicts, committed] = [[], [], []];
  meanwhile = () => {
    handover.conversationId = CONVERSATION;
    handover.boundAt = new Date();
  };
});
afterEach(() => processor.stop(0));

describe("an event that comes while its handover's conversation becomes known", () => {
  it.each([
    ["with the handover's own id in it", () => handover.id],
    ['without a word of the handover', () => null],
  ])('is applied, %s', async (_, hint) => {
    await arrive(rowWith(hint()));
    expect(settled).toEqual([]);
    expect(verdicts).toMatchObject([{ id: '1', status: 'applied' }]);
    expect(committed).toMatchObject([{ id: handover.id, status: 'queued', conversationId: CONVERSATION }]);
  });

  it('begins no conversation of its own, although it looks like a stranger', async () => {
    const visitor = { userId: 'u', name: null, channel: 'chat', isForeign: false };
    queued = { ...queued, type: 'assigned', queue: null, visitor } as unknown as ProviderEvent;
    await arrive(rowWith(null));
    expect(committed.map(({ id }) => id)).toEqual([handover.id]);
  });
});

describe("an event of a conversation that is nobody's", () => {
  beforeEach(() => {
    meanwhile = () => undefined;
  });

  it('waits as long as some handover is without its conversation', async () => {
    await arrive(rowWith(null));
    expect(settled).toMatchObject([{ status: 'parked' }]);
  });

  it('is ignored once there is none', async () => {
    handover.conversationId = 'another one';
    await arrive(rowWith(null));
    expect(settled).toMatchObject([{ status: 'ignored', reason: 'belongs to no handover of ours' }]);
    expect(verdicts).toEqual([]);
  });

  it('is ignored where the conversation is a handover of another account', async () => {
    handover.conversationId = CONVERSATION;
    handover.provider = 'another one';
    await arrive(rowWith(null));
    expect(settled).toMatchObject([{ status: 'ignored' }]);
  });
});
