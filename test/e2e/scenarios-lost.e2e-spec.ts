import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { activeIn, CENTRES, startBothCentres, type BothCentres, type Centre } from '../support/centres.js';
import { until } from '../support/wait.js';

const HOUR_MS = 3_600_000;

let both: BothCentres;
let world: BothCentres['world'];
beforeAll(async () => {
  both = await startBothCentres();
  world = both.world;
});
afterAll(() => both.stop());

describe.each(CENTRES)('%s whose events get lost', (_, centreOf) => {
  let centre: Centre;
  beforeAll(() => void (centre = centreOf(both)));
  afterEach(() => centre.recover());

  it('misses nothing of which no event tells, in order and once, and ends when it is ended there', async () => {
    const { id, conversationId } = await activeIn(both, centre);
    centre.loseEvents();
    for (const text of ['one', 'two', 'two']) await centre.say(conversationId, text);
    await world.bot.event(id, 'message.created', 3);
    centre.recover();
    expect(new Set(await centre.tellLate(conversationId, 0))).toEqual(new Set([204]));
    await centre.say(conversationId, 'three');
    await world.bot.event(id, 'message.created', 4);
    centre.loseEvents();
    await centre.finish(conversationId);
    expect((await world.bot.event(id, 'handover.completed')).data.endReason).toBe('agent');
    expect(world.bot.texts(id)).toEqual(['one', 'two', 'two', 'three']);
  });

  it('misses nothing of an hour in which the gateway was away, with its events lost or an hour late', async () => {
    const { id, conversationId } = await activeIn(both, centre);
    await centre.say(conversationId, 'before');
    await world.bot.event(id, 'message.created');
    await world.stopGateway();
    centre.loseEvents();
    const said = Array.from({ length: 120 }, (_, index) => (index % 3 === 0 ? 'ok' : `minute ${index / 2}`));
    for (const text of said) await centre.say(conversationId, text);
    await centre.finish(conversationId);
    await anHourPasses(id, conversationId);
    centre.said(conversationId).slice(1).forEach((message, index) => (message.createdAt += index * 30_000)); // prettier-ignore
    centre.recover();

    await world.startGateway();
    await until('what was said meanwhile', () => world.bot.texts(id).length === said.length + 1);
    expect(new Set(await centre.tellLate(conversationId, 1))).toEqual(new Set([204]));
    expect(await world.status(id, 'completed')).toMatchObject({ endReason: 'agent' });
    await world.bot.event(id, 'handover.completed');
    expect(world.bot.texts(id)).toEqual(['before', ...said]);
    expect(world.bot.types(id).slice(-2)).toEqual(['agent.left', 'handover.completed']);
    const byAgents = (await world.transcript(id)).filter(({ author }) => author.type === 'agent');
    expect(byAgents.map(({ text }) => text)).toEqual(['before', ...said]);
  });

  /** Everything that has happened so far has happened an hour earlier. */
  async function anHourPasses(id: string, conversationId: string): Promise<void> {
    const [row] = await world.database.query(`SELECT lifecycle::text FROM handover WHERE id = $1`, [id]);
    const lifecycle = JSON.parse(row!.lifecycle as string) as { baseAt: number; facts: { at: number }[] };
    for (const fact of lifecycle.facts) fact.at -= HOUR_MS;
    const hour = `interval '1 hour'`;
    await world.database.query(
      `UPDATE handover SET lifecycle = $2, created_at = created_at - ${hour}, bound_at = bound_at - ${hour},
         queued_at = queued_at - ${hour}, active_at = active_at - ${hour} WHERE id = $1`,
      [id, JSON.stringify(lifecycle)],
    );
    await world.database.query(`UPDATE message SET at = at - ${hour} WHERE handover_id = $1`, [id]);
    centre.age(conversationId, HOUR_MS);
    for (const message of centre.said(conversationId)) message.createdAt -= HOUR_MS;
  }
});
