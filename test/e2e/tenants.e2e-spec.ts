import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World, type WorldOptions } from '../support/world.js';

type Json = Record<string, unknown>;

const LIST = { method: 'GET', path: '/conversations$' };

describe('the tenant of a provider', () => {
  let world: World;
  afterEach(() => world.stop());

  const begin = async (settings: Json, options: WorldOptions = {}): Promise<void> => {
    world = await World.start({ settings, ...options });
  };
  const read = async (): Promise<{ pinnedTenant: string | null; ignoredEvents: Json[] }> =>
    (await world.api('get', '/v1/providers/support-8x8', ADMIN_KEY).expect(200)).body as never;
  const emit = async (conversationId: string, eventType: string, data: object, tenant: string, url?: string) =>
    (await world.simulator.emit({ eventType, conversationId, timestamp: Date.now(), data }, { tenant, url })).status;
  /** What only the account and the gateway should know, and bots and agents do too. */
  const naming = (id: string): object => ({
    state: 'active',
    user: { additionalProperties: [{ key: 'handoverId', value: id }] },
  });
  const said = (text: string): object => ({ isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text });
  const rowsOf = (tenant: string): Promise<Json[]> =>
    world.database.query(`SELECT status, reason FROM inbox WHERE tenant = $1`, [tenant]);

  it('that the settings leave out is the one that the contact centre confirms, and no event moves it', async () => {
    await begin({ tenant: undefined });
    const { id, conversationId } = await world.active();
    expect((await read()).pinnedTenant).toBe('acme01');
    expect(await emit(conversationId, 'CONVERSATION_UPDATE', naming(id), 'evil99')).toBe(204);
    expect(await emit(conversationId, 'MESSAGE', said('not yours'), 'evil99')).toBe(204);
    await world.simulator.agent.say(conversationId, 'still here', 'agent-ann');
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['still here']);
    const { pinnedTenant, ignoredEvents } = await read();
    expect(pinnedTenant).toBe('acme01');
    expect(ignoredEvents).toEqual([{ reason: 'another tenant', count: 2, lastAt: expect.any(String) }]);
    expect(await rowsOf('evil99')).toEqual([]);
    await world.stopGateway();
    await world.startGateway();
    expect((await read()).pinnedTenant).toBe('acme01');
  });

  it('is not that of whoever comes first', async () => {
    await begin({ tenant: undefined });
    const { id, conversationId } = await world.handover();
    await world.status(id, 'queued');
    await world.stopGateway();
    await world.database.query(`UPDATE provider SET confirmed_tenant = NULL, pinned_tenant = NULL`);
    await world.startGateway();
    expect(await emit(conversationId, 'CONVERSATION_UPDATE', naming(id), 'evil99')).toBe(503);
    expect(await emit(conversationId, 'MEMBERS_CHANGED', { memberType: 'user', change: 'left' }, 'evil99')).toBe(503);
    expect([(await read()).pinnedTenant, await rowsOf('evil99')]).toEqual([null, []]);
    await world.simulator.agent.join(conversationId, 'agent-ann');
    await world.status(id, 'active');
    expect((await read()).pinnedTenant).toBe('acme01');
  });

  it('is not believed where an earlier version took it from an event', async () => {
    await begin({ tenant: undefined });
    await world.stopGateway();
    await world.database.query(`UPDATE provider SET confirmed_tenant = NULL, pinned_tenant = 'evil99'`);
    await world.startGateway();
    const { id } = await world.active();
    expect((await read()).pinnedTenant).toBe('acme01');
    await world.status(id, 'active');
  });

  it('keeps genuine events waiting, and loses none, while the contact centre does not say', async () => {
    await begin({ tenant: undefined });
    world.simulator.faults.set({ api: [{ match: LIST, times: 1_000, fault: { status: 500 } }] });
    const { id, conversationId } = await world.handover();
    await until('a refused event', async () => (await read()).ignoredEvents.length > 0);
    expect(await world.read(id)).toMatchObject({ status: 'requested' });
    world.simulator.faults.reset();
    await world.status(id, 'queued', 30_000);
    await world.simulator.agent.join(conversationId, 'agent-ann');
    await world.status(id, 'active');
  });

  it('is not learned from answers that tell no tenants apart', async () => {
    await begin({ tenant: undefined });
    const page = { _embedded: { conversations: [] }, page: { number: 0, size: 1, totalElements: 0, totalPages: 0 } };
    world.simulator.faults.set({ api: [{ match: LIST, times: 1_000, fault: { status: 200, body: page } }] });
    expect(await emit('c', 'MESSAGE', said('hello'), 'acme01')).toBe(503);
    expect((await read()).pinnedTenant).toBeNull();
  });

  it('in events is webhookTenant where that is set', async () => {
    await begin({ webhookTenant: 'Acme Label' });
    const { id, conversationId } = await world.handover();
    const url = `${world.gateway.url}/handover/eightByEight/support-8x8`;
    expect(await emit(conversationId, 'QUEUED', { queueId: '101' }, 'acme01', url)).toBe(204);
    expect((await world.read(id)).status).toBe('requested');
    expect(await emit(conversationId, 'QUEUED', { queueId: '101' }, 'Acme Label', url)).toBe(204);
    await world.status(id, 'queued');
  });

  it('need not be known where the path has the webhookToken', async () => {
    await begin(
      { tenant: undefined, webhookToken: 'a-path-only-8x8-knows' },
      { webhookPath: '/handover/eightByEight/support-8x8/a-path-only-8x8-knows' },
    );
    world.simulator.faults.set({ api: [{ match: LIST, times: 1_000, fault: { status: 500 } }] });
    const { id } = await world.active();
    expect((await world.read(id)).status).toBe('active');
    expect((await read()).pinnedTenant).toBeNull();
  });

  it('that is not known yet lets no stranger in to an endpoint, and the own users once it is', async () => {
    const endpoint = { bot: 'test-bot', acceptActiveEvent: false, handBack: false };
    await begin({ tenant: undefined }, { options: { endpoint } });
    const data = { isEcho: false, sender: { id: 'u', type: 'user' }, text: 'Let me in' };
    expect(await emit('stranger', 'MESSAGE', data, 'evil99')).toBe(503);
    expect(await emit('own', 'MESSAGE', data, 'acme01')).toBe(204);
    const list = async (): Promise<Json[]> =>
      ((await world.api('get', '/v1/conversations', ADMIN_KEY).expect(200)).body as { data: Json[] }).data;
    await until('the conversation', async () => (await list()).length > 0);
    expect(await emit('stranger', 'MESSAGE', data, 'evil99')).toBe(204);
    expect(await list()).toMatchObject([{ providerConversationId: 'own' }]);
  });

  it('of one provider is no hindrance to another at the same address', async () => {
    await begin(
      {},
      {
        providers: (simulator) => [
          { name: 'unsure', type: 'eightByEight', settings: { baseUrl: simulator.url, apiKey: 'wrong-key' } },
        ],
      },
    );
    const { id } = await world.active({ provider: 'support-8x8' });
    expect((await world.read(id)).status).toBe('active');
  });
});
