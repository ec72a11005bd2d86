import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

describe('a broken row in a table', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  async function otherHandoversGoOn(): Promise<void> {
    const { id, conversationId } = await world.active();
    await world.say(id, 'question');
    await world.simulator.agent.say(conversationId, 'answer', 'agent-ann');
    await world.bot.event(id, 'message.created');
    await until('delivered', async () => (await world.transcript(id)).every(({ status }) => status === 'delivered'));
  }

  it('of a log stops its own handover, visibly, and nothing else', async () => {
    const { id, conversationId } = await world.active();
    await world.bot.event(id, 'handover.active');
    // Refused until the row is gone, however long that takes.
    world.bot.answers = Array.from({ length: 100 }, () => 500);
    await world.simulator.agent.say(conversationId, 'one', 'agent-ann');
    await until('the refusal', () =>
      world.bot.deliveries.some(({ status, event }) => status === 500 && event.data.handoverId === id),
    );
    await world.database.query(`DELETE FROM event WHERE handover_id = $1 AND type = 'message.created'`, [id]);
    world.bot.answers = [];
    const stuck = await until('the lane with its error', async () => {
      const [lane] = await world.database.query(`SELECT * FROM lane WHERE handover_id = $1 AND direction = 'bot'`, [
        id,
      ]);
      return /missing/.test(String(lane?.last_error)) ? lane : null;
    });
    expect(stuck).toMatchObject({ last_error: `Number ${Number(stuck.done) + 1} of the log is missing.` });
    await otherHandoversGoOn();
  });

  it('of a handover sets its events aside as dead, with the reason, and nothing else', async () => {
    const { id, conversationId } = await world.active();
    await world.stopGateway();
    await world.database.query(`UPDATE handover SET lifecycle = '"broken"' WHERE id = $1`, [id]);
    await world.startGateway();
    await world.simulator.agent.transfer(conversationId, '102');
    const dead = await until('the dead event', async () => {
      const rows = await world.database.query(
        `SELECT status, reason FROM inbox WHERE conversation_id = $1 AND status = 'dead'`,
        [conversationId],
      );
      return rows[0] ?? null;
    });
    expect(dead.reason).toEqual(expect.stringMatching(/\S/));
    await otherHandoversGoOn();
  });
});
