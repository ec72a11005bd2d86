import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

/** Main pool, vital pool, live channel. */
const MAX_BACKENDS = 16 + 2 + 1;

describe('a table that somebody holds a lock on', () => {
  let world: World;
  let locker: pg.Client;
  beforeAll(async () => {
    world = await World.start();
    locker = new pg.Client({ connectionString: world.database.url, application_name: 'locker' });
    await locker.connect();
  });
  afterAll(async () => {
    await locker.end();
    await world.stop();
  });

  it('costs no more connections than there are, stores nothing that was refused, and leaves the replica alive', async () => {
    const talks = [await world.active(), await world.active(), await world.active()];
    const watch = new pg.Client({ connectionString: world.database.url, application_name: 'watch' });
    await watch.connect();
    let most = 0;
    let isOver = false;
    const watching = (async (): Promise<void> => {
      while (!isOver) {
        const { rows } = await watch.query<{ n: number }>(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name NOT IN ('locker', 'watch')`,
        );
        most = Math.max(most, rows[0]!.n);
      }
    })();
    await locker.query('BEGIN; LOCK TABLE handover');
    const refused: string[] = [];
    const accepted: string[] = [];
    let count = 0;
    // Until every connection has been through a time-out more than once.
    const until12s = performance.now() + 12_000;
    const callers = Array.from({ length: 40 }, async (_, caller) => {
      const { id } = talks[caller % talks.length]!;
      while (performance.now() < until12s) {
        if (caller % 2 === 0) await world.api('get', `/v1/handovers/${id}`);
        const text = `text ${count++}`;
        const { status } = await world.api('post', `/v1/handovers/${id}/messages`).send({ text });
        expect([202, 503]).toContain(status);
        (status === 202 ? accepted : refused).push(text);
      }
    });
    await Promise.all(callers);
    const [silent] = (
      await watch.query<{ ms: number }>(
        `SELECT (extract(epoch FROM now() - max(seen_at)) * 1000)::float8 AS ms FROM replica`,
      )
    ).rows;
    await locker.query('ROLLBACK');
    expect(refused.length).toBeGreaterThan(0);
    // A replica counts as dead after seven seconds; this one went on.
    expect(silent!.ms).toBeLessThan(7_000);
    expect(world.logs.join('')).not.toContain('begins anew');
    for (const { id } of talks) {
      await until(
        'a message',
        async () => (await world.api('post', `/v1/handovers/${id}/messages`).send({ text: 'after' })).status === 202,
      );
      await world.delivered(id);
    }
    const stored = (await Promise.all(talks.map(({ id }) => world.transcript(id)))).flat().map(({ text }) => text);
    expect(refused.filter((text) => stored.includes(text))).toEqual([]);
    expect(accepted.filter((text) => !stored.includes(text))).toEqual([]);
    isOver = true;
    await watching;
    await watch.end();
    expect(most).toBeLessThanOrEqual(MAX_BACKENDS);
  }, 120_000);
});
