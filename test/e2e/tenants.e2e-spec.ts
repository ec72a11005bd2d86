import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

describe('a provider whose settings name no tenant', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ settings: { tenant: undefined } });
  });
  afterAll(() => world.stop());

  const pinned = async (): Promise<unknown> =>
    (await world.database.query(`SELECT pinned_tenant FROM provider`))[0]!.pinned_tenant;
  const idOfHandover = (id: string): object => ({
    state: 'active',
    user: { additionalProperties: [{ key: 'handoverId', value: id }] },
  });
  const emit = (conversationId: string, eventType: string, data: object, tenant: string): Promise<{ status: number }> =>
    world.simulator.emit({ eventType, conversationId, timestamp: Date.now(), data }, { tenant });

  it("is held to the tenant of its first event, and takes no other's", async () => {
    const { id, conversationId } = await world.active();
    expect(await pinned()).toBe('acme01');
    await emit(conversationId, 'MEMBERS_CHANGED', { memberType: 'user', change: 'left', id: 'u' }, 'evil99');
    await emit(conversationId, 'CONVERSATION_UPDATE', idOfHandover('ho_guessed'), 'evil99');
    await world.simulator.agent.say(conversationId, 'still here', 'agent-ann');
    await world.bot.event(id, 'message.created');
    expect([(await world.read(id)).status, await pinned()]).toEqual(['active', 'acme01']);
  });

  it('gets rid of a wrong tenant as soon as an event repeats what only the right one can know', async () => {
    await world.stopGateway();
    await world.database.query(`UPDATE provider SET pinned_tenant = 'evil99'`);
    await world.startGateway();
    const { id } = await world.active();
    await until('the right tenant', async () => (await pinned()) === 'acme01');
    await world.status(id, 'active');
  });
});
