import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { LaneStore } from '#core';
import type { DataSource } from '#persistence';
import { openDatabase, PgLaneStore } from '../support/built.js';
import { freshDatabase } from '../support/database.js';
import { until } from '../support/wait.js';

const DEAD_ROWS = 50_000;

describe('lanes of several replicas', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let connections: DataSource;
  let store: LaneStore;
  beforeAll(async () => {
    database = await freshDatabase();
    connections = await openDatabase(database.url, 4);
    store = new PgLaneStore(connections);
  });
  afterAll(async () => {
    await connections.destroy();
    await database.drop();
  });

  const add = (handoverId: string, owner: string | null, { done = 0, last = 1 } = {}): Promise<unknown> =>
    database.query(
      `INSERT INTO lane (handover_id, direction, target, bot, done, last, owner) VALUES ($1, 'provider', 't', 'b', $2, $3, $4)`,
      [handoverId, done, last, owner],
    );
  const row = async (handoverId: string): Promise<Record<string, unknown> | undefined> =>
    (await database.query(`SELECT done, last, uncertain, owner FROM lane WHERE handover_id = $1`, [handoverId]))[0];
  const lane = (handoverId: string, done: number): { handoverId: string; direction: 'provider'; done: number } => ({
    handoverId,
    direction: 'provider',
    done,
  });

  it('are noted only where they still are the replica’s, and the note says which are', async () => {
    const [me, other] = [randomUUID(), randomUUID()];
    await add('ho_1', me);
    await add('ho_2', me, { last: 3 });
    await add('ho_3', other, { last: 3 });
    await add('ho_4', me, { last: 1 });
    const marked = await store.mark(me, [lane('ho_4', 2), lane('ho_3', 1), lane('ho_2', 1), lane('ho_1', 1)], [], true);
    expect(marked.map(({ handoverId, isGone }) => [handoverId, isGone])).toEqual([
      ['ho_1', true],
      ['ho_2', false],
    ]);
    expect(await row('ho_1')).toBeUndefined();
    expect(await row('ho_2')).toMatchObject({ done: 1, last: 3 });
    expect(await row('ho_3')).toMatchObject({ done: 0, owner: other });
    expect(await row('ho_4')).toMatchObject({ done: 0, last: 1 });
  });

  it('are uncertain once they are given back, except those that the replica knows to be clean', async () => {
    const me = randomUUID();
    await add('ho_clean', me);
    await add('ho_lost', me);
    await store.retire(me, [lane('ho_clean', 0)]);
    expect(await row('ho_clean')).toMatchObject({ uncertain: false, owner: null });
    expect(await row('ho_lost')).toMatchObject({ uncertain: true, owner: null });
  });

  it('keep what is known of their last try when they are put off', async () => {
    const me = randomUUID();
    await add('ho_off', me);
    expect(await store.postpone(me, { ...lane('ho_off', 0), uncertain: true }, 60_000, null)).toBe(true);
    expect(await row('ho_off')).toMatchObject({ uncertain: true, owner: null });
    expect(await store.postpone(me, { ...lane('ho_off', 0), uncertain: false }, 0, null)).toBe(false);
  });

  it('are freed when their replica gave no sign of life since, and only then', async () => {
    const dead = randomUUID();
    const sign = (await store.heartbeat(dead)).find(({ replica }) => replica === dead)!;
    await add('ho_freed', dead);
    await store.heartbeat(dead);
    expect(await store.free([sign], 0)).toBe(0);
    const [last] = (await store.heartbeat(dead)).filter(({ replica }) => replica === dead);
    // As when the database's clock is set: no sign of life is older for that.
    await database.query(`UPDATE lane SET due_at = now() + interval '1 hour' WHERE handover_id = 'ho_freed'`);
    expect(await store.free([last!], 0)).toBe(1);
    expect(await row('ho_freed')).toMatchObject({ uncertain: true, owner: null });
  });

  it('are taken without walking the dead rows that an open snapshot keeps', async () => {
    const busy = randomUUID();
    await store.heartbeat(busy);
    const [dead, me] = [randomUUID(), randomUUID()];
    const [sign] = (await store.heartbeat(dead)).filter(({ replica }) => replica === dead);
    const snapshot = new pg.Client({ connectionString: database.url });
    const one = await openDatabase(database.url, 1);
    try {
      await snapshot.connect();
      await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await snapshot.query('SELECT count(*) FROM lane');
      await database.query(
        `INSERT INTO lane (handover_id, direction, target, bot, done, last, owner)
         SELECT 'ho_dead_' || n, 'bot', 't', 'b', 0, 1, $1 FROM generate_series(1, ${DEAD_ROWS}) AS n`,
        [busy],
      );
      await database.query(`DELETE FROM lane WHERE owner = $1`, [busy]);
      await add('ho_orphan', dead);
      await database.query(`UPDATE lane SET target = 'alone' WHERE handover_id = 'ho_orphan'`);
      const walked = async (): Promise<number> => {
        await one.query('SELECT pg_stat_force_next_flush()');
        await one.query('SELECT pg_stat_clear_snapshot()');
        const [sum] = await one.query<{ read: string }[]>(
          `SELECT sum(idx_tup_read) AS read FROM pg_stat_user_indexes WHERE relname = 'lane'`,
        );
        return Number(sum!.read);
      };
      const lanes = new PgLaneStore(one);
      const wanted = { fresh: 10, tried: 10 };
      const before = await walked();
      expect(await lanes.free([sign!], 0)).toBe(1);
      const [taken] = await lanes.take(me, [{ direction: 'provider', target: 'alone', others: wanted, bots: {} }]);
      expect(taken).toMatchObject({ uncertain: true });
      expect((await walked()) - before).toBeLessThan(DEAD_ROWS / 100);
    } finally {
      await snapshot.end();
      await one.destroy();
    }
  });

  it('are noted from two sides in opposite order without a deadlock', async () => {
    const me = randomUUID();
    const ids = Array.from({ length: 9 }, (_, n) => `ho_order_${n}`);
    for (const id of ids) await add(id, me, { last: 3 });
    // Many more are in hand, so that those to be noted are looked up one by one, in the order in which they are given.
    await database.query(
      `INSERT INTO lane (handover_id, direction, target, bot, done, last, owner)
       SELECT 'ho_more_' || n, 'bot', 't', 'b', 0, 1, $1 FROM generate_series(1, 5000) AS n`,
      [me],
    );
    await database.query('ANALYZE lane');
    const notes = ids.map((id) => lane(id, 1));
    const deadlocks = async (): Promise<unknown> =>
      (await database.query(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`))[0]!.deadlocks;
    const before = await deadlocks();
    const own = await openDatabase(database.url, 2);
    const noting = new PgLaneStore(own);
    // Both come as far as the one in the middle, and go on at the same moment.
    const holder = new pg.Client({ connectionString: database.url });
    await holder.connect();
    try {
      await holder.query('BEGIN');
      await holder.query(`SELECT 1 FROM lane WHERE handover_id = 'ho_order_4' FOR UPDATE`);
      const both = [noting.mark(me, notes, [], true), noting.mark(me, notes.toReversed(), [], true)];
      const settled = Promise.allSettled(both);
      await until('both to wait', async () => {
        const waiting = await database.query(
          `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
        );
        return waiting.length === 2;
      });
      await holder.query('COMMIT');
      expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
    } finally {
      await holder.end();
      await own.destroy();
    }
    // A deadlock is tried again, so it shows in the statistics only, which a connection brings up to date when it ends.
    await until('the connections to end', async () => {
      const others = await database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%marked%' AND pid <> pg_backend_pid()`,
      );
      return others.length === 0;
    });
    expect(await deadlocks()).toBe(before);
  });
});
