import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, BOT_KEY, OTHER_BOT_KEY, startRequest, World, type Problem } from '../support/world.js';

describe('a bot that may use some providers only', () => {
  let world: World;
  /** Changes at a restart. */
  let allowed: string[] | undefined = ['support-8x8'];
  beforeAll(async () => {
    world = await World.start({
      callbacks: ({ url, secret }) => ({
        'test-bot': { callbackUrl: url, callbackSecret: secret, ...(allowed ? { providers: allowed } : {}) },
        'other-bot': {},
      }),
      providers: ({ url, apiKey }) => [
        { name: 'secret-second', type: 'eightByEight', settings: { baseUrl: url, apiKey, tenant: 'acme01' } },
      ],
    });
  });
  afterAll(() => world.stop());

  const start = async (
    over: object,
    key = BOT_KEY,
  ): Promise<{ status: number; body: Problem & { provider: string } }> =>
    world.api('post', '/v1/handovers', key).send(startRequest({ ...over, settings: { channelId: 'channel-1' } }));

  it('starts with its only one when it names none, where a bot that may use all has to name one', async () => {
    expect(await start({ provider: undefined })).toMatchObject({ status: 201, body: { provider: 'support-8x8' } });
    expect(await start({ provider: undefined }, OTHER_BOT_KEY)).toMatchObject({ status: 400 });
    expect(await start({ provider: 'secret-second' }, OTHER_BOT_KEY)).toMatchObject({ status: 201 });
  });

  it('is told of another one what it is told of one that is not there, and no name', async () => {
    const [other, none] = [await start({ provider: 'secret-second' }), await start({ provider: 'not-there' })];
    expect([other.status, none.status]).toEqual([400, 400]);
    expect(other.body).toEqual(none.body);
    expect(JSON.stringify(other.body)).not.toContain('secret');
    expect(other.body.errors).toEqual([
      { pointer: '/provider', detail: expect.stringContaining('known: support-8x8') },
    ]);
    const required = await start({ provider: 'secret-second', requireAvailable: true });
    expect(required.status).toBe(400);
  });

  it('may ask whether an agent is there at its own only', async () => {
    const ask = async (name: string, key = BOT_KEY): Promise<{ status: number; body: Problem }> =>
      world.api('get', `/v1/providers/${name}/availability`, key);
    expect(await ask('support-8x8')).toMatchObject({ status: 200 });
    const [other, none] = [await ask('secret-second'), await ask('not-there')];
    expect([other.status, none.status]).toEqual([404, 404]);
    expect(other.body.detail.replace('secret-second', 'not-there')).toBe(none.body.detail);
    for (const key of [OTHER_BOT_KEY, ADMIN_KEY])
      expect(await ask('secret-second', key)).toMatchObject({ status: 200 });
    for (const name of ['secret-second', 'not-there'])
      expect((await world.api('get', `/v1/providers/${name}`)).status).toBe(403);
  });

  it('keeps what is open when a provider is taken from it, but cannot move it', async () => {
    const { id, conversationId } = await world.active();
    allowed = ['secret-second'];
    await world.stopGateway();
    await world.startGateway();
    expect(await start({ provider: 'support-8x8' })).toMatchObject({ status: 400 });
    await world.say(id, 'Still there?');
    await world.delivered(id);
    expect(world.userTexts(conversationId)).toContain('Still there?');
    await world
      .api('patch', `/v1/handovers/${id}`)
      .send({ user: { name: 'Ann' } })
      .expect(200);
    await world
      .api('patch', `/v1/handovers/${id}`)
      .send({ settings: { queueId: '102' } })
      .expect(409);
    allowed = undefined;
    await world.stopGateway();
    await world.startGateway();
    expect(await start({ provider: 'support-8x8' })).toMatchObject({ status: 201 });
  });

  it('is not given one that is not in the file, and no conversations of one that it may not use', async () => {
    allowed = ['support-8x8', 'supprt'];
    await expect(world.replica()).rejects.toThrow(
      /handover\.yaml:\d+: bots\[0\]\.providers\[1\]: "supprt" is not a provider of this file: use one of support-8x8/,
    );
    allowed = [];
    await expect(world.replica()).rejects.toThrow(/bots\[0\]\.providers: must name a provider/);
    allowed = undefined;
  });
});
