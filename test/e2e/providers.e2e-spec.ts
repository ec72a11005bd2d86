import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, BOT_KEY, World } from '../support/world.js';

const KEY = 'key-of-the-provider-tests';
const TOKEN = 'token-of-the-provider-tests';

describe('the list of providers', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      settings: { webhookToken: TOKEN },
      providers: ({ url }) => [
        {
          name: 'a-second',
          type: 'eightByEight',
          settings: { baseUrl: url, apiKey: KEY },
          copilot: { baseUrl: 'https://copilot.example.com', urlToken: 'url-token-of-the-doctor-tests' },
          waitTimeout: '15m',
        },
      ],
    });
  });
  afterAll(() => world.stop());

  it('shows what is configured, with every secret masked', async () => {
    const { body } = await world.api('get', '/v1/providers', ADMIN_KEY).expect(200);
    const { simulator } = world;
    expect(body).toEqual({
      data: [
        {
          name: 'a-second',
          type: 'eightByEight',
          settings: { baseUrl: simulator.url, apiKey: '••••' },
          defaults: {},
          options: {
            waitTimeout: '15m',
            copilot: { builtIn: false, baseUrl: 'https://copilot.example.com', urlToken: '••••' },
          },
          enabled: true,
          provisioned: true,
          pinnedTenant: null,
          ignoredEvents: [],
        },
        {
          name: 'support-8x8',
          type: 'eightByEight',
          settings: { baseUrl: simulator.url, apiKey: '••••', tenant: 'acme01', endGrace: '1s', webhookToken: '••••' },
          defaults: { channelId: 'channel-1', queueId: '101' },
          options: {},
          enabled: true,
          provisioned: true,
          pinnedTenant: null,
          ignoredEvents: [],
        },
      ],
      next: null,
    });
    const one = await world.api('get', '/v1/providers/a-second', ADMIN_KEY).expect(200);
    expect(one.body).toEqual((body as { data: unknown[] }).data[0]);
  });

  it('goes page by page', async () => {
    const first = await world.api('get', '/v1/providers?limit=1', ADMIN_KEY).expect(200);
    expect(first.body).toMatchObject({ data: [{ name: 'a-second' }], next: 'a-second' });
    const second = await world.api('get', '/v1/providers?limit=1&cursor=a-second', ADMIN_KEY).expect(200);
    expect(second.body).toMatchObject({ data: [{ name: 'support-8x8' }], next: null });
    await world.api('get', '/v1/providers?limit=0', ADMIN_KEY).expect(400);
  });

  it('is for operators only', async () => {
    for (const path of ['/v1/providers', '/v1/providers/support-8x8'])
      await world.api('get', path, BOT_KEY).expect(403);
    await world.api('get', '/v1/providers/nobodys', ADMIN_KEY).expect(404);
  });
});
