import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { World } from '../support/world.js';

/** What PostgreSQL does to one of two who got into each other's way, done by a trigger and so whenever it is wanted. */
const FAIL = (name: string, condition: string, code: string): string => `
  CREATE SEQUENCE ${name}_met;
  CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF ${condition} THEN
      PERFORM nextval('${name}_met');
      RAISE EXCEPTION 'provoked' USING ERRCODE = '${code}';
    END IF;
    RETURN NULL;
  END $$;`;

describe('work that gets into the way of other work', () => {
  let world: World;
  let ids: string[];
  beforeAll(async () => {
    world = await World.start();
    ids = [];
    for (let n = 0; n < 8; n++) ids.push((await world.active()).id);
  });
  afterAll(() => world.stop());

  const met = async (name: string): Promise<boolean> => {
    const [row] = await world.database.query(`SELECT is_called AS met FROM ${name}_met`);
    return row!.met as boolean;
  };

  it.each(['40P01', '40001'])('is done again at once and alone, and refuses nobody: %s in a group', async (code) => {
    const name = `group_${code.toLowerCase()}`;
    await world.database.query(`
      ${FAIL(name, '(SELECT count(*) FROM changed) > 1', code)}
      CREATE TRIGGER ${name} AFTER UPDATE ON handover REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`);
    for (let round = 0; round < 100 && !(await met(name)); round++) {
      const answers = await Promise.all(
        ids.map((id) => world.api('post', `/v1/handovers/${id}/messages`).send({ text: `${code} ${round}` })),
      );
      expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 202));
    }
    expect(await met(name)).toBe(true);
    await world.database.query(`DROP TRIGGER ${name} ON handover`);
    for (const id of ids) {
      const texts = (await world.transcript(id)).map(({ text }) => text).filter((text) => text?.startsWith(code));
      expect(texts).toEqual([...new Set(texts)]);
      await world.delivered(id);
    }
  });

  it.each(['40P01', '40001'])('is done again when it is alone: %s at the first two tries', async (code) => {
    const name = `alone_${code.toLowerCase()}`;
    await world.database.query(`
      CREATE SEQUENCE ${name}_tries;
      ${FAIL(name, `nextval('${name}_tries') <= 2`, code)}
      CREATE TRIGGER ${name} AFTER INSERT ON message FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`);
    const answer = await world.api('post', `/v1/handovers/${ids[0]}/messages`).send({ text: `alone ${code}` });
    expect([answer.status, await met(name)]).toEqual([202, true]);
    await world.database.query(`DROP TRIGGER ${name} ON message`);
  });

  it('takes a webhook in all the same', async () => {
    const { id, conversationId } = await world.active();
    await world.database.query(`
      CREATE SEQUENCE hook_tries;
      ${FAIL('hook', `nextval('hook_tries') <= 2`, '40P01')}
      CREATE TRIGGER hook AFTER INSERT ON inbox FOR EACH STATEMENT EXECUTE FUNCTION hook()`);
    await world.simulator.agent.say(conversationId, 'once', 'agent-ann');
    await world.bot.event(id, 'message.created');
    expect(await met('hook')).toBe(true);
  });
});
