import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from '#persistence';
import { openDatabase, PgDeadLetterStore, PgLaneStore } from '../support/built.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World } from '../support/world.js';

const SEND = { method: 'POST', path: '/messages$' };

describe('a resend that is cut off', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ asProcess: true });
  });
  afterAll(() => world.stop());

  it('is taken up by the next start, and doubles nothing', async () => {
    const { id, conversationId } = await world.active();
    const letterOf = async (): Promise<Record<string, unknown> | undefined> =>
      (await world.database.query(`SELECT id, status FROM dead_letter WHERE handover_id = $1`, [id]))[0];
    const texts = (): unknown[] => world.simulator.conversation(conversationId).messages.map(({ text }) => text);
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { status: 400 } }] });
    await world.say(id, 'refused first');
    const letter = await until('the dead letter', letterOf);
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { hang: 'after' } }] });
    await world.api('post', `/v1/deliveries/${String(letter.id)}/retry`, ADMIN_KEY).expect(202);
    await until('it to arrive', () => texts().length === 1);
    await world.killGateway();
    expect((await letterOf())!.status).toBe('resending');
    await world.startGateway();
    await until('it to be noted', async () => (await letterOf())!.status === 'delivered');
    expect((await world.transcript(id))[0]!.status).toBe('delivered');
    expect(texts()).toEqual(['refused first']);
  });
});

describe('a resend asked for while another one is settled', () => {
  let world: World;
  let connections: DataSource;
  beforeAll(async () => {
    world = await World.start();
    connections = await openDatabase(world.database.url, 6);
  });
  afterAll(async () => {
    await connections.destroy();
    await world.stop();
  });

  it('is not overlooked', async () => {
    const { id, conversationId } = await world.active();
    await world.bot.event(id, 'handover.active');
    world.bot.answers = [410];
    for (const text of ['one', 'two']) await world.simulator.agent.say(conversationId, text, 'agent-ann');
    const letters = new PgDeadLetterStore(connections);
    const [second, first] = await until('two dead letters', async () => {
      const { data } = await letters.list('failed', { handoverId: id }, { limit: 10 });
      return data.length === 2 ? data : null;
    });
    // Nobody works on them: this test settles them itself.
    await world.stopGateway();
    expect(await letters.resend(first!)).toBe(true);
    const asking = connections.createQueryRunner();
    await asking.startTransaction();
    await asking.query(`UPDATE lane SET resend = true WHERE handover_id = $1`, [id]);
    await asking.query(`UPDATE dead_letter SET status = 'resending' WHERE id = $1`, [second!.id]);
    const settled = new PgLaneStore(connections).settleDeadLetter(first!.id, null);
    await until('the other to wait', async () => {
      const rows = await world.database.query(
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      return rows.length > 0;
    });
    await asking.commitTransaction();
    await asking.release();
    await settled;
    const [lane] = await world.database.query(`SELECT resend FROM lane WHERE handover_id = $1`, [id]);
    expect(lane).toEqual({ resend: true });
    await world.startGateway();
    await until('the second to arrive', async () => (await letters.get(second!.id))!.status === 'delivered');
    expect(world.bot.texts(id)).toEqual(['two']);
  });
});
