import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProviderSession } from '#contract';
import type { Gateway } from '../../apps/gateway/gateway.js';
import { until } from '../support/wait.js';
import { OTHER_BOT_KEY, World } from '../support/world.js';

type Signal = World['simulator'] extends { conversation(id: string): { signals: (infer S)[] } } ? S : never;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => world.simulator.faults.reset());
afterAll(() => world.stop());

const signal = (id: string, kind: string, body?: object) => world.api('post', `/v1/handovers/${id}/${kind}`).send(body);
const shown = (conversation: string): Signal[] => world.simulator.conversation(conversation).signals;

describe('signals to the agent', () => {
  it('show who types, once in a while however often the bot says so', async () => {
    const { id, conversationId } = await world.active();
    await signal(id, 'typing', { typing: false }).expect(202);
    const begun = Date.now();
    for (let call = 0; call < 20; call++) await signal(id, 'typing', { typing: true }).expect(202);
    await signal(id, 'typing', { typing: true, author: 'bot' }).expect(202);
    await until('both', () => shown(conversationId).length === 2);
    expect(shown(conversationId)).toMatchObject([
      { kind: 'typing', authorType: 'user' },
      { kind: 'typing', authorType: 'bot' },
    ]);
    await until('the user, again', async () => {
      await signal(id, 'typing', { typing: true }).expect(202);
      return shown(conversationId).length === 3;
    });
    expect(shown(conversationId)[2]!.at - begun).toBeGreaterThanOrEqual(2_900);
  });

  it('show that the bot prepares something, and what was read', async () => {
    const { id, conversationId } = await world.active();
    await signal(id, 'thinking').expect(202);
    await until('the default', () => shown(conversationId).length === 1);
    await signal(id, 'thinking', { maxSeconds: 600 }).expect(202);
    await until('the longest', () => shown(conversationId).length === 2);
    await signal(id, 'read', { at: '2026-11-23T11:00:00.000+01:00' }).expect(202);
    await until('the receipt', () => shown(conversationId).length === 3);
    expect(shown(conversationId)).toMatchObject([
      { kind: 'thinking', authorType: 'bot', maxSeconds: 60 },
      { kind: 'thinking', maxSeconds: 600 },
      { kind: 'read-receipt', authorType: 'user', readAt: Date.parse('2026-11-23T10:00:00.000Z') },
    ]);
  });

  it.each([
    ['typing', {}, '/typing'],
    ['typing', { typing: 'yes' }, '/typing'],
    ['typing', { typing: true, author: 'agent' }, '/author'],
    ['typing', { typing: true, until: 1 }, '/until'],
    ['thinking', { maxSeconds: 0 }, '/maxSeconds'],
    ['thinking', { maxSeconds: 601 }, '/maxSeconds'],
    ['thinking', { maxSeconds: 1.5 }, '/maxSeconds'],
    ['read', {}, '/at'],
    ['read', { at: 'yesterday' }, '/at'],
    ['read', { at: 1_713_100_000_000 }, '/at'],
  ])('are refused where they are wrong: %s %j', async (kind, body, pointer) => {
    const { id } = await world.handover();
    const answer = await signal(id, kind, body).expect(400);
    expect((answer.body as { errors: object[] }).errors).toMatchObject([{ pointer }]);
  });

  it('are dropped before there is a queue, refused after the end, and nobody else’s business', async () => {
    world.simulator.faults.set({ delayMs: 300 });
    const id = await world.requestHandover();
    await signal(id, 'typing', { typing: true }).expect(202);
    world.simulator.faults.reset();
    const conversationId = await world.conversationOf(id);
    for (const kind of ['typing', 'thinking', 'read'])
      await world.api('post', `/v1/handovers/${id}/${kind}`, OTHER_BOT_KEY).send(bodyOf(kind)).expect(404);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'cancelled');
    for (const kind of ['typing', 'thinking', 'read']) await signal(id, kind, bodyOf(kind)).expect(409);
    expect(shown(conversationId)).toEqual([]);
  });

  it.each(['typing', 'thinking', 'read'] as const)('answer 409 where the contact centre has no %s', async (kind) => {
    const { id } = await world.active();
    const { session } = (world.gateway as Gateway).runtime.registry.get('support-8x8')!;
    Object.defineProperty(session, kind, { value: undefined, configurable: true });
    try {
      const { body } = await signal(id, kind, bodyOf(kind)).expect(409);
      expect(body).toMatchObject({ status: 409, reason: 'unsupported' });
    } finally {
      delete (session as Partial<ProviderSession>)[kind];
    }
    await signal(id, kind, bodyOf(kind)).expect(202);
  });

  it.each([
    ['typing', {}],
    ['typing', { authorType: 'agent' }],
    ['typing', { authorType: 'user', typing: true }],
    ['thinking', { authorType: 'user' }],
    ['thinking', { maxThinkingTimeSeconds: 0 }],
    ['read-receipt', { authorType: 'user' }],
    ['read-receipt', { authorType: 'user', readAt: '2026-11-23T10:00:00.000Z' }],
  ])('are checked by the simulator as 8x8 would: %s %j', async (kind, body) => {
    const { conversationId } = await world.handover();
    const call = (conversation: string) =>
      fetch(`${world.simulator.url}/chat-gateway/v1/conversations/${conversation}/${kind}`, {
        method: 'POST',
        headers: { 'x-api-key': world.simulator.apiKey, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const refused = await call(conversationId);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      errors: [{ code: 'invalid_parameter' }],
      referenceId: expect.any(String),
    });
    expect((await call('unknown')).status).toBe(404);
    expect(shown(conversationId)).toEqual([]);
  });

  it('that 8x8 does not answer hold up no message', async () => {
    const { id, conversationId } = await world.active();
    const hang = {
      match: { path: '/(typing|thinking|read-receipt)$' },
      times: 1_000,
      fault: { hang: 'before' as const },
    };
    world.simulator.faults.set({ api: [hang] });
    await Promise.all(Array.from({ length: 50 }, () => signal(id, 'thinking').expect(202)));
    await world.say(id, 'still here');
    await until('the message', () => world.simulator.conversation(conversationId).messages.length === 1);
    const calls = hang.times - world.simulator.faults.current.api[0]!.times!;
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(4);
    // A call that hangs is recorded once it was given up: the message came before that.
    expect(world.simulator.requests.filter(({ path }) => path.endsWith(`${conversationId}/thinking`))).toEqual([]);
  });
});

const bodyOf = (kind: string): object =>
  ({ typing: { typing: true }, thinking: {}, read: { at: '2026-11-23T10:00:00.000Z' } })[kind]!;
