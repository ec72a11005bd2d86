import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { HandoverUnit, InboxEntry, InboxRow } from '#core';
import type { DataSource } from '#persistence';
import { applyEvent, openDatabase, PgHandoverStore, PgInboxStore, startHandover } from '../support/built.js';
import { freshDatabase } from '../support/database.js';

const entry: InboxEntry = {
  source: 's',
  key: 'k',
  type: 't',
  providers: ['p'],
  tenant: null,
  conversationId: 'c',
  handoverHint: null,
  body: Buffer.from('{"raw": true}'),
  ignored: null,
};

const COURSE = { endGraceMs: 0, inactivity: null, waitTimeoutMs: null, maxDurationMs: null };

describe('the inbox of two replicas', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let connections: DataSource;
  let handovers: PgHandoverStore;
  let inbox: PgInboxStore;
  beforeAll(async () => {
    database = await freshDatabase();
    connections = await openDatabase(database.url, 4);
    const wakeups = { taker: null, hasRoomFor: () => false, isAlone: false, committed: () => undefined };
    handovers = new PgHandoverStore(connections, { now: () => new Date() }, wakeups);
    inbox = new PgInboxStore(connections);
    await database.query(`INSERT INTO bot (name, key_hash, enabled, provisioned) VALUES ('b', 'h', true, true)`);
    await database.query(
      `INSERT INTO provider (name, type, settings, defaults, enabled, provisioned) VALUES ('p', 't', '{}', '{}', true, true)`,
    );
    const given = { bot: 'b', provider: 'p', sessionId: 's', userId: 'u', user: {}, transcript: [], settings: {} };
    const work = () => {
      const unit = startHandover({ ...given, metadata: null }, new Date(), COURSE);
      unit.handover.conversationId = 'c';
      return { unit, answer: { status: 201, body: null } };
    };
    await handovers.create(null, work, { owner: 'bot:b', bytes: 0 });
  });
  afterAll(async () => {
    await connections.destroy();
    await database.drop();
  });

  function apply(unit: HandoverUnit, row: InboxRow): void {
    const event = {
      type: 'message' as const,
      conversation: 'c',
      author: 'agent' as const,
      agent: null,
      text: 'hello',
      cards: [],
      attachments: [],
      at: null,
    };
    applyEvent(unit, { event: event as never, arrival: Number(row.id), receivedAt: row.receivedAt }, COURSE);
    unit.verdicts.push({ id: row.id, status: 'applied', reason: null });
  }

  it('stores an event once, as it came, and counts its repetitions', async () => {
    const added = await Promise.all([inbox.add(entry), inbox.add(entry), inbox.add({ ...entry, key: 'other' })]);
    expect(added).toEqual([true, false, true]);
    expect(await inbox.add(entry)).toBe(false);
    const rows = await database.query(`SELECT key, body, repeats FROM inbox ORDER BY id`);
    expect(rows).toEqual([
      { key: 'k', body: entry.body, repeats: 1 },
      { key: 'other', body: entry.body, repeats: 0 },
    ]);
  });

  it('applies an event once, however closely both look', async () => {
    const rows = await inbox.openRows(['c']);
    const read = await Promise.all([1, 2].map(() => handovers.unitsOf({ conversationIds: ['c'], anew: true })));
    const units = read.map(([unit]) => unit!);
    for (const unit of units) for (const row of rows) apply(unit, row);
    const stale = await Promise.all(units.map((unit) => handovers.commit([unit])));
    expect(stale.map(({ size }) => size).sort()).toEqual([0, 1]);
    const messages = await database.query(`SELECT sequence FROM message ORDER BY sequence`);
    expect(messages).toEqual([{ sequence: 1 }, { sequence: 2 }]);
    expect(await inbox.openRows(['c'])).toEqual([]);
  });

  it('applies an event as it comes only if it is new and nothing earlier is open, so that the order holds', async () => {
    const arrive = (key: string): Promise<boolean> =>
      handovers.receive(
        'c',
        (unit) => {
          unit.emit('activity');
          unit.arrivals.push({ entry: { ...entry, key }, status: 'applied', reason: null });
          return true;
        },
        { owner: 'provider:p', bytes: 0 },
      );
    const rows = (key: string) => database.query(`SELECT status, body FROM inbox WHERE key = $1`, [key]);
    await inbox.add({ ...entry, key: 'earlier' });
    expect(await arrive('later')).toBe(false);
    expect(await rows('later')).toEqual([]);
    const [open] = await inbox.openRows(['c']);
    await inbox.settle([open!.id], 'ignored', 'test', null);
    expect([await arrive('later'), await arrive('later'), await arrive('k')]).toEqual([true, false, false]);
    expect(await rows('later')).toEqual([{ status: 'applied', body: entry.body }]);
  });

  it('commits whom nobody else changed, although another of the group was', async () => {
    const [first, same] = await Promise.all(
      [1, 2].map(() => handovers.unitsOf({ conversationIds: ['c'], anew: true })),
    );
    const given = { bot: 'b', provider: 'p', sessionId: 's2', userId: 'u', user: {}, transcript: [], settings: {} };
    const other = startHandover({ ...given, metadata: null }, new Date(), COURSE);
    first![0]!.emit('activity');
    same![0]!.emit('activity');
    await handovers.commit(first!);
    expect(await handovers.commit([same![0]!, other])).toEqual(new Set([same![0]!.handover.id]));
    expect((await handovers.get(other.handover.id))?.sessionId).toBe('s2');
    expect((await handovers.events(first![0]!.handover.id, 0, 10)).data).toHaveLength(4);
  });
});
