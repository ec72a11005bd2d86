import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const CREATE = { method: 'POST', path: '/conversations$' };
const SEND = { method: 'POST', path: '/messages$' };

describe('an 8x8 that fails', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const conversationsOf = (id: string): number =>
    world.simulator.conversations().filter(({ user }) => JSON.stringify(user).includes(id)).length;

  it('applies events that come before the answer to the create', async () => {
    world.simulator.faults.set({ eventsBeforeCreateAnswer: true });
    const { id, conversationId } = await world.handover();
    await world.status(id, 'queued');
    await world.simulator.agent.join(conversationId, 'agent-ann');
    await world.bot.event(id, 'handover.active');
    expect(world.bot.types(id)).toEqual(['handover.queued', 'agent.joined', 'handover.active']);
    expect(conversationsOf(id)).toBe(1);
  });

  it.each([
    ['is answered 429 with Retry-After', { status: 429, retryAfter: 1 }],
    ['is answered 500 without an effect', { status: 500 }],
    ['is answered 500 after it took effect', { status: 500, after: true }],
    ['is answered with a page of 200', { status: 200, body: '<!doctype html><title>Back soon</title>' }],
    ['is answered 404 by a proxy', { status: 404, body: '404 page not found' }],
    ['is answered 403 by a proxy after it took effect', { status: 403, body: '<html>', after: true }],
    ['loses its connection before it took effect', { drop: 'before' }],
    ['loses its connection after it took effect', { drop: 'after' }],
  ] as const)('opens exactly one conversation when the create %s', async (_, fault) => {
    world.simulator.faults.set({ api: [{ match: CREATE, times: 1, fault: fault as never }] });
    const { id, conversationId } = await world.handover();
    await world.say(id, 'hello');
    await until('the message', () =>
      world.simulator.conversation(conversationId).messages.some(({ text }) => text === 'hello'),
    );
    await until('delivered', async () => (await world.transcript(id)).every(({ status }) => status === 'delivered'));
    expect(conversationsOf(id)).toBe(1);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'cancelled');
  });

  it.each([
    ['is answered 429 with Retry-After', { status: 429, retryAfter: 1 }],
    ['is answered 502 without an effect', { status: 502 }],
    ['is answered 502 after it took effect', { status: 502, after: true }],
    ['is answered with a page of 200', { status: 200, body: '<!doctype html><title>Back soon</title>' }],
    ['is answered by something that is well', { status: 200, body: { status: 'ok' } }],
    ['is answered 404 by a proxy', { status: 404, body: '404 page not found' }],
    ['is answered 405 by a proxy', { status: 405, body: '<html>' }],
    ['loses its connection before it took effect', { drop: 'before' }],
    ['loses its connection after it took effect', { drop: 'after' }],
  ] as const)('neither loses, doubles nor reorders messages when a send %s', async (_, fault) => {
    const { id, conversationId } = await world.handover();
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: fault as never }] });
    for (const text of ['same', 'same', 'other', 'same']) await world.say(id, text);
    await world.delivered(id);
    expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual([
      'same',
      'same',
      'other',
      'same',
    ]);
  });

  it('sends nothing into a conversation before 8x8 has confirmed it', async () => {
    world.simulator.faults.set({ webhookDelayMs: 400 });
    const { id, conversationId } = await world.handover();
    await world.say(id, 'early');
    await until('the message', () => world.simulator.conversation(conversationId).messages.length > 0);
    const sent = world.simulator.requests.find(({ path }) => path.endsWith(`${conversationId}/messages`))!;
    const confirmed = world.simulator.webhooks.filter((one) => one.conversationId === conversationId);
    expect(confirmed.filter(({ at }) => at <= sent.at).map(({ eventType }) => eventType)).toContain(
      'CONVERSATION_UPDATE',
    );
    expect(['queued', 'active']).toContain((await world.read(id)).status);
  });

  it('sends into a conversation that 8x8 never confirms all the same, and again when it was not ready', async () => {
    const notReady = { match: SEND, times: 2, fault: { status: 400 } };
    world.simulator.faults.set({ dropEvents: ['*'], api: [notReady] });
    const { id, conversationId } = await world.handover();
    await world.say(id, 'anybody?');
    await until('the message', () => world.simulator.conversation(conversationId).messages.length > 0);
    await until('delivered', async () => (await world.transcript(id))[0]!.status === 'delivered');
    expect((await world.read(id)).status).toBe('requested');
  });

  it('fails the handover at once when 8x8 refuses the channel, and says what to do', async () => {
    const id = await world.requestHandover({ settings: { channelId: 'no-such-channel' } });
    const failed = await world.status(id, 'failed');
    expect(failed.error).toMatchObject({ reason: 'rejected' });
    expect((failed.error as { message: string }).message).toMatch(/Check channelId/);
    const event = await world.bot.event(id, 'handover.failed');
    expect(event.data.error).toEqual(failed.error);
    expect(world.bot.types(id)).toEqual(['handover.failed']);
  });

  it('tells the bot of a message that 8x8 refuses for good, and sends the later ones', async () => {
    const { id, conversationId } = await world.handover();
    world.simulator.faults.set({
      api: [
        {
          match: SEND,
          times: 1,
          fault: { status: 400, body: { message: 'Bad text', errors: [{ code: 'invalid_parameter', message: 'no' }] } },
        },
      ],
    });
    await world.say(id, 'refused');
    await world.say(id, 'accepted');
    const event = await world.bot.event(id, 'message.failed');
    expect(event.data).toMatchObject({
      message: { text: 'refused', status: 'failed' },
      error: { message: expect.stringContaining('Bad text') as unknown },
    });
    await until('the later one', async () => (await world.transcript(id)).at(-1)!.status === 'delivered');
    expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual(['accepted']);
    expect((await world.transcript(id)).map(({ status }) => status)).toEqual(['failed', 'delivered']);
  });

  it('ends a conversation that is still being created when the bot closes', async () => {
    world.simulator.faults.set({ delayMs: 500 });
    const id = await world.requestHandover();
    await until('the create', () => world.simulator.requests.length > 0);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'cancelled');
    await until('the ending', () =>
      world.simulator
        .conversations()
        .filter(({ user }) => JSON.stringify(user).includes(id))
        .every(({ state }) => state === 'idle'),
    );
    expect(conversationsOf(id)).toBeLessThanOrEqual(1);
  });

  it('gives up after giveUpAfter and says that 8x8 was unreachable', async () => {
    const short = await World.start({ settings: { giveUpAfter: '1s' } });
    try {
      short.simulator.faults.set({ api: [{ match: { path: '.*' }, fault: { status: 500 } }] });
      const id = await short.requestHandover();
      expect((await short.status(id, 'failed')).error).toMatchObject({ reason: 'unreachable' });
    } finally {
      await short.stop();
    }
  });
});
