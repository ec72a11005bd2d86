import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World } from '../support/world.js';

const SEND = { method: 'POST', path: '/messages$' };
const PARTS = ['first part '.repeat(9), 'second one '.repeat(9), 'third part '.repeat(9), 'and the end'];
const LONG = PARTS.join('');

describe('a text that is longer than the contact centre takes', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ settings: { maxTextLength: 100 } });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const sent = (conversation: string): (string | undefined)[] =>
    world.simulator.conversation(conversation).messages.map(({ text }) => text);
  const refused = (conversation: string): number =>
    world.simulator.requests.filter(
      ({ method, path, status }) => method === 'POST' && path.endsWith(`${conversation}/messages`) && status !== 202,
    ).length;

  /** Hits the calls after the next `calls` ones that take effect. */
  function faultAfter(calls: number, conversation: string, fault: object): void {
    const at = world.simulator.conversation(conversation).messages.length + calls;
    const set = (): void => {
      if (world.simulator.conversation(conversation).messages.length < at) return;
      world.simulator.events.off('change', set);
      world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: fault as never }] });
    };
    world.simulator.events.on('change', set);
  }

  it('arrives in parts, in order and before what was said after it, and is one message to the bot', async () => {
    const { id, conversationId } = await world.active();
    await world.say(id, 'before');
    await world.say(id, LONG);
    await world.say(id, 'after');
    await world.delivered(id);
    expect(sent(conversationId)).toEqual(['before', ...PARTS, 'after']);
    const transcript = await world.transcript(id);
    expect(transcript.map(({ text }) => text)).toEqual(['before', LONG, 'after']);
    expect(transcript[1]).not.toHaveProperty('conversion');
  });

  it.each([
    ['answered 502 after it took effect', { status: 502, after: true }],
    ['answered 502 without an effect', { status: 502 }],
    ['cut off after it took effect', { drop: 'after' }],
    ['cut off before it took effect', { drop: 'before' }],
    ['answered 429', { status: 429, retryAfter: 1 }],
  ])('neither loses nor doubles anything when a part in the middle is %s', async (_, fault) => {
    const { id, conversationId } = await world.active();
    faultAfter(2, conversationId, fault);
    await world.say(id, LONG);
    await world.say(id, 'after');
    await world.delivered(id);
    expect(sent(conversationId)).toEqual([...PARTS, 'after']);
    expect(refused(conversationId)).toBe(1);
  });

  it.each([1, 2, 3, 4].flatMap((calls) => [[calls, 'before'] as const, [calls, 'after'] as const]))(
    'tells equal parts and equal messages apart when call %i is cut off %s it took effect',
    async (calls, drop) => {
      const { id, conversationId } = await world.active();
      const same = 'x'.repeat(100);
      faultAfter(calls, conversationId, { drop });
      await world.say(id, same);
      await world.say(id, same.repeat(3));
      await world.say(id, same);
      await world.delivered(id);
      expect(sent(conversationId)).toEqual([same, same, same, same, same]);
      expect(refused(conversationId)).toBe(1);
    },
  );

  it('fails as a whole when a part is refused; later messages go, and a resend sends what is missing', async () => {
    const { id, conversationId } = await world.active();
    faultAfter(1, conversationId, { status: 400 });
    await world.say(id, LONG);
    await world.say(id, 'after');
    const failed = await world.bot.event(id, 'message.failed');
    expect(failed.data).toMatchObject({ message: { text: LONG, status: 'failed' } });
    expect((failed.data.error as { message: string }).message).toMatch(/^Part 2 of 4, the parts before it were sent: /);
    await until('the later message', () => sent(conversationId).at(-1) === 'after');
    expect(sent(conversationId)).toEqual([PARTS[0], 'after']);
    await until('its delivery', async () => (await world.transcript(id)).at(-1)!.status === 'delivered');
    expect((await world.transcript(id)).map(({ status }) => status)).toEqual(['failed', 'delivered']);
    expect(world.bot.types(id).filter((type) => type === 'message.failed')).toHaveLength(1);

    const letters = await until('the dead letters', async () => {
      const { body } = await world.api('get', `/v1/deliveries?status=failed&handoverId=${id}`, ADMIN_KEY).expect(200);
      const { data } = body as { data: { id: string; sequence: number }[] };
      return data.length === 3 ? data : null;
    });
    await world.api('post', `/v1/deliveries/${letters[0]!.id}/retry`, ADMIN_KEY).expect(202);
    await world.delivered(id);
    expect(sent(conversationId)).toEqual([PARTS[0], 'after', ...PARTS.slice(1)]);
  });

  it('goes on with the next part after a restart', async () => {
    const { id, conversationId } = await world.active();
    faultAfter(2, conversationId, { status: 503, retryAfter: 2 });
    await world.say(id, LONG);
    await until('two parts and a refusal', () => {
      const calls = world.simulator.requests.filter(({ path }) => path.endsWith(`${conversationId}/messages`));
      return calls.at(-1)?.status === 503;
    });
    await world.stopGateway();
    await world.startGateway();
    await world.delivered(id);
    expect(sent(conversationId)).toEqual(PARTS);
  });
});
