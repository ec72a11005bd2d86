import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EchoDesk } from '../../examples/handover-provider-echo/test/echo-desk.js';
import { Installation } from '../support/installation.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World } from '../support/world.js';

const ACCOUNT = { id: 'acme', apiKey: 'key-of-echo-desk', secret: 'secret-of-echo-desk' };
const TEXTS = ['Hello', 'Café €10 👩‍👩‍👧‍👦', 'مرحبا שלום', 'x'.repeat(4_000)];

describe('the example package, packed, installed and named', () => {
  let installation: Installation;
  let desk: EchoDesk;
  let world: World;
  // Compiles, packs and installs: three programs, one after the other.
  beforeAll(async () => {
    installation = new Installation();
    await installation.install('examples/handover-provider-echo');
  }, 90_000);
  beforeAll(async () => {
    desk = new EchoDesk(ACCOUNT);
    await desk.http.start();
    const { id: account, apiKey, secret: webhookSecret } = ACCOUNT;
    const settings = { baseUrl: desk.http.baseUrl, account, apiKey, webhookSecret, endGrace: '1s' };
    world = await World.start({
      asProcess: true,
      root: installation.gateway,
      env: { HANDOVER_PROVIDERS: 'handover-provider-echo' },
      providers: () => [{ name: 'echo-desk', type: 'echo', settings, defaults: { queueId: 'sales' } }],
    });
  });
  afterAll(async () => {
    await world?.stop();
    await desk?.http.stop();
    installation.remove();
  });

  /** Sends an event, and expects it to be taken. */
  const send = async (chat: string, type: string, more: object = {}): Promise<void> => {
    const { headers, body } = desk.sign(desk.event(chat, type, more), { at: Date.now(), by: 'account' });
    expect((await world.raw('POST', '/handover/echo/echo-desk', body, headers as Record<string, string>)).status).toBe(
      204,
    );
  };

  it('brings nothing along but itself', () => {
    expect(readdirSync(join(installation.folder, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'handover-provider-echo',
    ]);
    expect(readdirSync(join(installation.folder, 'node_modules/handover-provider-echo')).sort()).toEqual([
      'README.md',
      'dist',
      'package.json',
    ]);
  });

  it('is a type like any other, with its settings and secrets', async () => {
    const types = (await world.api('get', '/v1/provider-types').expect(200)).body as { data: { type: string }[] };
    expect(types.data.map(({ type }) => type).sort()).toEqual(['chatwoot', 'echo', 'eightByEight']);
    const { body } = await world.api('get', '/v1/providers/echo-desk', ADMIN_KEY).expect(200);
    expect(body).toMatchObject({ type: 'echo', settings: { account: 'acme', apiKey: '••••', webhookSecret: '••••' } });
  });

  it('carries a handover there and back', async () => {
    const { id, conversationId: chat } = await world.handover({
      provider: 'echo-desk',
      user: { name: 'James Jones' },
      transcript: [{ author: 'user', text: 'My balance please' }],
    });
    expect(desk.chat(chat)).toMatchObject({
      reference: id,
      queue: { id: 'sales' },
      customer: { id: 'u-42', name: 'James Jones' },
      history: [{ author: 'user', text: 'My balance please' }],
    });
    await send(chat, 'chat.queued', { queue: desk.chat(chat).queue });
    desk.agentJoins(chat, 'ann');
    await send(chat, 'agent.joined', { agent: { id: 'ann', name: 'Ann' } });
    await world.status(id, 'active');
    for (const text of TEXTS) await world.say(id, text);
    for (const text of TEXTS) await send(chat, 'message.created', desk.agentSays(chat, text, Date.now()));
    await world.bot.event(id, 'message.created', TEXTS.length);
    expect(world.bot.texts(id)).toEqual(TEXTS);
    await until('all messages', () => desk.conversations()[0]!.messages.length === TEXTS.length);
    expect(desk.conversations()[0]!.messages.map(({ text }) => text)).toEqual(TEXTS);

    desk.agentEnds(chat);
    await send(chat, 'agent.left', { agent: { id: 'ann', name: 'Ann' } });
    await send(chat, 'chat.closed');
    expect((await world.bot.event(id, 'handover.completed')).data.endReason).toBe('agent');
    expect(world.bot.types(id)).toEqual([
      'handover.queued',
      'agent.joined',
      'handover.active',
      ...TEXTS.map(() => 'message.created'),
      'agent.left',
      'handover.completed',
    ]);
  });

  it("tells the gateway its errors and refusals in the gateway's own words", async () => {
    const { headers, body } = desk.sign(Buffer.from('{}'), { at: Date.now(), by: 'stranger' });
    const forged = await world.raw('POST', '/handover/echo/echo-desk', body, headers as Record<string, string>);
    expect(forged.status).toBe(401);
    expect(forged.problem.detail).toContain('Echo Desk');

    void desk.http.next('start', { answer: () => ({ status: 422, body: { message: 'no such queue' } }) });
    const id = await world.requestHandover({ provider: 'echo-desk' });
    const { error } = (await world.status(id, 'failed')) as { error: object };
    expect(error).toEqual({ reason: 'rejected', message: 'Echo Desk answered 422: no such queue' });
  });

  it('finds again what was opened when the answer was lost', async () => {
    void desk.http.next('start', 'reset after');
    const { id, conversationId } = await world.handover({ provider: 'echo-desk' });
    expect(desk.chat(conversationId).reference).toBe(id);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'cancelled');
    expect(desk.chat(conversationId).state).toBe('closed');
  });
});
