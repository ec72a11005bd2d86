import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { GatewayProcess } from '../support/gateway-process.js';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const HANDOVERS = 4;

describe('timers of several replicas, some of which die', () => {
  let world: World;
  let other: GatewayProcess | undefined;
  beforeAll(async () => {
    world = await World.start({
      asProcess: true,
      simulator: { webhookRetryDelaysMs: [300, 300, 1_000, 3_000, 5_000] },
      providers: (simulator) => [
        {
          name: 'reminds',
          type: 'eightByEight',
          settings: { baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'acme01' },
          defaults: { channelId: 'channel-1', queueId: '101' },
          inactivity: { timeout: '1500ms', reminders: 2, close: true },
        },
      ],
    });
  });
  beforeAll(async () => {
    other = await world.startReplica();
  });
  afterAll(async () => {
    await other?.stop('SIGKILL');
    await world.stop();
  });

  /** What the gateway has told of a handover's silences and its end, as it is stored. */
  async function stored(id: string): Promise<string[]> {
    const rows = await world.database.query(
      `SELECT type, body::json->'data' AS data FROM event WHERE handover_id = $1 ORDER BY sequence`,
      [id],
    );
    return rows
      .map(({ type, data }) => [type, data] as [string, Record<string, unknown>])
      .filter(([type]) => /inactive|completed|cancelled|failed/.test(type))
      .map(([type, data]) => `${type} ${String(data.inactivityCount ?? data.endReason)}`);
  }
  const ALL = ['handover.inactive 1', 'handover.inactive 2', 'handover.completed inactivity'];
  const begin = (): Promise<{ id: string }[]> =>
    Promise.all(Array.from({ length: HANDOVERS }, () => world.active({ provider: 'reminds' })));

  it('run out once, also when a replica is killed between two of them', async () => {
    const handovers = await begin();
    await world.bot.event(handovers[0]!.id, 'handover.inactive');
    await other?.stop('SIGKILL');
    other = await world.startReplica();
    for (const { id } of handovers) {
      await world.status(id, 'completed');
      expect(await stored(id)).toEqual(ALL);
    }
  });

  it('run out once when nobody was there at their time', async () => {
    const handovers = await begin();
    await Promise.all([world.killGateway(), other?.stop('SIGKILL')]);
    const due = async (): Promise<boolean> => {
      const rows = await world.database.query(
        `SELECT 1 FROM handover WHERE id = ANY($1::text[]) AND wake_at > now() - interval '2 seconds'`,
        [handovers.map(({ id }) => id)],
      );
      return rows.length === 0;
    };
    // Longer than the time-out, so that a second reminder would be due too if they were counted by the clock.
    await until('the first and the second reminder to be overdue', due);
    other = undefined;
    await world.startGateway();
    await until('the first reminders', async () => (await stored(handovers[0]!.id)).length > 0);
    for (const { id } of handovers) {
      await world.status(id, 'completed');
      expect(await stored(id)).toEqual(ALL);
    }
    const times = await world.database.query(
      `SELECT min(b.created_at - a.created_at) >= interval '1400 ms' AS apart FROM event a JOIN event b USING (handover_id)
       WHERE a.type = 'handover.inactive' AND b.type = 'handover.inactive' AND a.sequence < b.sequence`,
    );
    expect(times).toEqual([{ apart: true }]);
  });
});
