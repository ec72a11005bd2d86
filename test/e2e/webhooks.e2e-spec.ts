import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const message = (
  conversationId: string,
  text: string,
): { eventType: string; conversationId: string; timestamp: number; data: unknown } => ({
  eventType: 'MESSAGE',
  conversationId,
  timestamp: Date.now(),
  data: { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text },
});

describe('webhooks of 8x8', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      simulator: { tenants: [tenant('acme01'), tenant('other01'), tenant('third01')] },
      providers: (simulator) => [
        {
          name: 'other-8x8',
          type: 'eightByEight',
          settings: { baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'other01' },
          defaults: { channelId: 'channel-1' },
        },
        {
          name: 'secret-8x8',
          type: 'eightByEight',
          settings: {
            baseUrl: simulator.url,
            apiKey: simulator.apiKey,
            tenant: 'third01',
            webhookToken: 'a-secret-path',
          },
          defaults: { channelId: 'channel-1' },
        },
      ],
    });
  });
  afterAll(() => world.stop());

  function tenant(id: string): {
    id: string;
    customerId: string;
    queues: { id: string; name: string }[];
    agents: { id: string; name: string }[];
  } {
    return {
      id,
      customerId: 'acme',
      queues: [{ id: '101', name: 'Support' }],
      agents: [{ id: 'agent-ann', name: 'Ann' }],
    };
  }

  const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(world.gateway.url + path, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });

  /** Nothing was stored for the conversation, and the bot heard nothing. */
  async function expectNoEffect(id: string, conversationId: string, before: number): Promise<void> {
    const rows = await world.database.query(`SELECT count(*)::int AS n FROM inbox WHERE conversation_id = $1`, [
      conversationId,
    ]);
    expect(rows[0]!.n).toBe(before);
    expect(world.bot.texts(id)).toEqual([]);
  }

  const stored = async (conversationId: string): Promise<number> =>
    (
      await world.database.query(`SELECT count(*)::int AS n FROM inbox WHERE conversation_id = $1`, [conversationId])
    )[0]!.n as number;

  it.each([
    ['no signature', { signWith: 'none' as const }],
    ['the signature of another key under the same kid', { signWith: 'foreign-key' as const }],
    ['a key that 8x8 does not know', { signWith: 'unknown-kid' as const }],
    ['a checksum of other bytes', { badCrc: true }],
    ['a transmission time too long ago', { transmissionTime: Date.now() - 10 * 60_000 }],
    ['a transmission time too far ahead', { transmissionTime: Date.now() + 10 * 60_000 }],
  ])('refuses %s with 401 and stores nothing', async (_, options) => {
    const { id, conversationId } = await world.active();
    const before = await stored(conversationId);
    expect(await world.simulator.emit(message(conversationId, 'forged'), options)).toEqual({ status: 401 });
    await expectNoEffect(id, conversationId, before);
  });

  it('answers the connection test, signed or not, and changes nothing', async () => {
    const body = '{"notificationVersion":"Chat Gateway v1.0","eventType":"WEB_HOOK_VERIFY"}';
    for (const path of [
      '/handover/eightByEight',
      '/handover/eightByEight/support-8x8',
      '/handover/eightByEight/secret-8x8/a-secret-path',
    ]) {
      expect((await post(path, body)).status).toBe(204);
    }
    expect(await world.simulator.emit(JSON.parse(body) as { eventType: string })).toEqual({ status: 204 });
  });

  it('answers 400 to a signed body that is no event, and 401 to an unsigned one', async () => {
    for (const rawBody of [
      '',
      'not json',
      '[]',
      '"text"',
      '{}',
      '{"eventType":7}',
      '{"eventType":"MESSAGE"}',
      '\ufeff{',
      '{"eventType":"MESSAGE","conversationId":"c",',
    ]) {
      expect([rawBody, (await world.simulator.emit({ eventType: 'MESSAGE' }, { rawBody })).status]).toEqual([
        rawBody,
        400,
      ]);
      expect([rawBody, (await post('/handover/eightByEight', rawBody)).status]).toEqual([rawBody, 401]);
    }
  });

  it('tolerates whatever 8x8 may add to an event, and events that it may add', async () => {
    const { id, conversationId } = await world.active();
    const added = { ...message(conversationId, 'with more'), version: 9, extra: { deep: [1] } };
    expect(await world.simulator.emit(added)).toEqual({ status: 204 });
    expect(
      await world.simulator.emit({ eventType: 'SOMETHING_NEW', conversationId, timestamp: Date.now(), data: { x: 1 } }),
    ).toEqual({ status: 204 });
    for (const data of [undefined, null, [], 'x', { state: 5 }, { sender: [] }]) {
      for (const eventType of [
        'CONVERSATION_UPDATE',
        'QUEUED',
        'MEMBERS_CHANGED',
        'MESSAGE',
        'ACTIVITY',
        'TRANSFER2',
      ]) {
        expect(await world.simulator.emit({ eventType, conversationId, timestamp: Date.now(), data })).toEqual({
          status: 204,
        });
      }
    }
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['with more']);
    expect((await world.read(id)).status).toBe('active');
  });

  it('takes an event once, however often and however concurrently it comes', async () => {
    const { id, conversationId } = await world.active();
    const event = message(conversationId, 'once');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, retry) => world.simulator.emit(event, { eventId: `${id}-once`, retry })),
    );
    expect(answers.every(({ status }) => status === 204)).toBe(true);
    await world.simulator.emit(message(conversationId, 'once'), { eventId: `${id}-another` });
    await world.bot.event(id, 'message.created', 2);
    expect(world.bot.texts(id)).toEqual(['once', 'once']);
  });

  it("never lets another tenant's event reach a handover, however well signed", async () => {
    const { id, conversationId } = await world.active();
    const before = await stored(conversationId);
    expect((await world.simulator.emit(message(conversationId, 'foreign'), { tenant: 'other01' })).status).toBe(204);
    expect((await world.simulator.emit(message(conversationId, 'foreign'), { tenant: 'stranger' })).status).toBe(204);
    const named = `${world.gateway.url}/handover/eightByEight/other-8x8`;
    expect((await world.simulator.emit(message(conversationId, 'foreign'), { url: named })).status).toBe(204);
    await world.simulator.agent.say(conversationId, 'ours', 'agent-ann');
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['ours']);
    const rows = await world.database.query(
      `SELECT status FROM inbox WHERE conversation_id = $1 AND providers = '{other-8x8}'`,
      [conversationId],
    );
    expect(rows.every(({ status }) => status === 'ignored')).toBe(true);
    const strangers = await world.database.query(
      `SELECT status, reason FROM inbox WHERE conversation_id = $1 AND tenant = 'stranger'`,
      [conversationId],
    );
    expect(strangers).toEqual([]);
    expect(await stored(conversationId)).toBe(before + 2 + rows.length - 1);
  });

  it('counts an event of a conversation that is not ours as ignored', async () => {
    expect(await world.simulator.emit(message('not-ours', 'hello'))).toEqual({ status: 204 });
    await until('ignored', async () => {
      const rows = await world.database.query(`SELECT status FROM inbox WHERE conversation_id = 'not-ours'`);
      return rows.length === 1 && rows[0]!.status === 'ignored';
    });
  });

  it('takes events of a provider at its own path, and 404 for a name that is none', async () => {
    const { id, conversationId } = await world.active();
    const own = `${world.gateway.url}/handover/eightByEight/support-8x8`;
    expect(await world.simulator.emit(message(conversationId, 'at my own path'), { url: own })).toEqual({
      status: 204,
    });
    await world.bot.event(id, 'message.created');
    const none = await post('/handover/eightByEight/nobody', '{}');
    expect(none.status).toBe(404);
    expect(none.headers.get('content-type')).toContain('application/problem+json');
  });

  it('takes events of a provider with a webhookToken only at the path with the token', async () => {
    const event = { ...message('c', 'x') };
    const url = (path: string): string => `${world.gateway.url}/handover/eightByEight/${path}`;
    const status = async (path: string): Promise<number> =>
      (await world.simulator.emit(event, { url: url(path), tenant: 'third01' })).status;
    expect(await status('secret-8x8/a-secret-path')).toBe(204);
    expect(await status('secret-8x8')).toBe(401);
    expect(await status('secret-8x8/wrong')).toBe(401);
    expect(await status('support-8x8/a-secret-path')).toBe(404);
    expect(world.logs.join('')).not.toContain('a-secret-path');
  });

  it('answers HEAD at each address at which it takes events, and nothing comes of it', async () => {
    const head = async (path: string): Promise<[string, number, string]> => {
      const answer = await fetch(`${world.gateway.url}/handover/${path}`, { method: 'HEAD' });
      return [path, answer.status, await answer.text()];
    };
    const count = async (): Promise<unknown> => world.database.query('SELECT count(*)::int AS n FROM inbox');
    const before = await count();
    for (const [path, status] of [
      ['eightByEight', 200],
      ['eightByEight/support-8x8', 200],
      ['eightByEight/secret-8x8/a-secret-path', 200],
      ['eightByEight/secret-8x8', 401],
      ['eightByEight/secret-8x8/wrong', 401],
      ['eightByEight/support-8x8/a-secret-path', 404],
      ['eightByEight/nobody', 404],
      ['eightByEight/nobody/a-secret-path', 404],
      ['chatwoot', 404],
      ['chatwoot/support-8x8', 404],
      ['nothing', 404],
    ] as const)
      expect(await head(path)).toEqual([path, status, '']);
    expect(await count()).toEqual(before);
    expect(world.logs.join('')).not.toContain('a-secret-path');
  });

  it('answers 503 while the key cannot be fetched, and takes the event when it can', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.rotateKey();
    world.simulator.faults.set({ jwkStatus: 500 });
    expect(await world.simulator.emit(message(conversationId, 'later'), { eventId: `${id}-later` })).toEqual({
      status: 503,
    });
    world.simulator.faults.reset();
    expect(await world.simulator.emit(message(conversationId, 'later'), { eventId: `${id}-later`, retry: 1 })).toEqual({
      status: 204,
    });
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['later']);
  });

  it('verifies with a rotated key at once', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.rotateKey();
    await world.simulator.agent.say(conversationId, 'after the rotation', 'agent-ann');
    await world.bot.event(id, 'message.created');
  });

  it('answers 413 to a body over the limit', async () => {
    expect((await post('/handover/eightByEight', 'x'.repeat(1_048_577))).status).toBe(413);
  });
});
