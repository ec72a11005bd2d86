import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDatabase } from '../support/built.js';
import { freshDatabase } from '../support/database.js';
import { World } from '../support/world.js';

describe('a database that a newer version has changed', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.start({ asProcess: true });
    await world.stopGateway();
  });
  afterEach(() => world.stop());

  it('is refused when this version cannot work with it, with a word on what to do, and left as it is', async () => {
    await world.database.query(`UPDATE schema_floor SET oldest = 99`);
    await world.database.query(`UPDATE bot SET enabled = false`);
    const look = async (): Promise<unknown[]> => [
      await world.database.query(`SELECT * FROM schema_version`),
      await world.database.query(`SELECT * FROM bot`),
      await world.database.query(`SELECT table_name, column_name FROM information_schema.columns ORDER BY 1, 2`),
    ];
    const before = await look();
    await expect(world.startGateway()).rejects.toThrow(
      /ended with 1: .*\n.*too old for its database.*needs 99 or newer\. Start the version that was used last/s,
    );
    expect(await look()).toEqual(before);
  });

  it('is worked with when the newer version only added to it', async () => {
    await world.database.query(`ALTER TABLE handover ADD COLUMN added_later text`);
    await world.database.query(
      `INSERT INTO schema_version (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`,
    );
    const before = await world.database.query(`SELECT * FROM schema_version ORDER BY id`);
    await world.startGateway();
    const { id, conversationId } = await world.active();
    await world.simulator.agent.say(conversationId, 'works', 'agent-ann');
    await world.bot.event(id, 'message.created');
    expect(await world.database.query(`SELECT * FROM schema_version ORDER BY id`)).toEqual(before);
  });
});

describe('a floor of the schema', () => {
  it('that is the newest version known here is no obstacle', async () => {
    const database = await freshDatabase();
    const [{ count }] = (await database.query(`SELECT count(*)::int AS count FROM schema_version`)) as [
      { count: number },
    ];
    await database.query(`UPDATE schema_floor SET oldest = $1`, [count]);
    await (await openDatabase(database.url, 1)).destroy();
    await database.query(`UPDATE schema_floor SET oldest = $1`, [count + 1]);
    await expect(openDatabase(database.url, 1)).rejects.toThrow(`up to version ${count}`);
    await database.drop();
  });
});
