import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase, PgHandoverStore, PgInboxStore, type DataSource } from '#persistence';
import { freshDatabase } from '../support/database.js';
import { until } from '../support/wait.js';

describe('the inbox of two replicas', () => {
  const lane = { source: 's', conversationId: 'c' };
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let connections: DataSource;
  let store: PgInboxStore;
  beforeAll(async () => {
    database = await freshDatabase();
    connections = await openDatabase(database.url, 4);
    const handovers = new PgHandoverStore(connections, { now: () => new Date() }, { committed: () => undefined });
    store = new PgInboxStore(connections, handovers);
  });
  afterAll(async () => {
    await connections.destroy();
    await database.drop();
  });

  it('gives an event to one of them, however closely both look', async () => {
    const entry = { ...lane, key: 'k', type: 't', providers: [], tenant: null, handoverHint: null, body: Buffer.of() };
    expect(await store.add(entry)).toBe(true);
    expect(await store.add(entry)).toBe(false);
    let release = (): void => undefined;
    let taken: string[] = [];
    const first = store.transaction(async (tx) => {
      taken = (await tx.openRows(lane)).map(({ key }) => key);
      await new Promise<void>((resolve) => (release = resolve));
      for (const { id } of await tx.openRows(lane)) await tx.settleRow(id, 'applied', null, null);
    });
    await until('the first to have it', () => taken.length > 0);
    const second = store.transaction(async (tx) => (await tx.openRows(lane)).map(({ key }) => key));
    await until('the second to wait', async () => {
      const waiting = await database.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return waiting.length > 0;
    });
    release();
    await first;
    expect([taken, await second]).toEqual([['k'], []]);
  });
});
