import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

type Webhook = { eventType: string; data?: unknown };

const HOP: Webhook[] = [
  { eventType: 'MEMBERS_CHANGED', data: { memberType: 'agent', change: 'left', id: 'agent-ann' } },
  { eventType: 'TRANSFER' },
  { eventType: 'QUEUED', data: { queueId: '102', queueName: 'Billing' } },
  { eventType: 'MEMBERS_CHANGED', data: { memberType: 'agent', change: 'joined', id: 'agent-ben' } },
];
const label = (event: Webhook): string => (event.data as { change?: string } | undefined)?.change ?? event.eventType;

function permutations<T>(items: T[]): T[][] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
}

describe('a transfer told in any order', () => {
  let world: World;
  const orders = permutations(HOP).map((order) => [order.map(label).join(', '), order] as const);
  /** All orders at the same time, each with a handover of its own: what they wait for is the grace. */
  let outcomes: Map<string, Promise<{ id: string; status: string }>>;
  beforeAll(async () => {
    world = await World.start();
    outcomes = new Map(orders.map(([name, order]) => [name, transfer(order)]));
    await Promise.allSettled(outcomes.values());
  });
  afterAll(() => world.stop());

  async function transfer(order: Webhook[]): Promise<{ id: string; status: string }> {
    const { id, conversationId } = await world.active();
    // By 8x8's own clock the steps lie close together, however busy the machine of this test is.
    const start = Date.now();
    for (const [step, event] of order.entries()) {
      const delivery = { ...event, conversationId, timestamp: start + step };
      const eventId = `${id}-${label(event)}`;
      for (const retry of [0, 1]) {
        const { status } = await world.simulator.emit(delivery, { eventId, retry });
        if (status !== 204) throw new Error(`${label(event)} was answered ${status}`);
      }
    }
    await world.bot.event(id, 'agent.joined', 2);
    const left = await world.bot.event(id, 'agent.left');
    await until(
      'the second agent',
      async () => ((await world.read(id)).agent as { id: string } | null)?.id === 'agent-ben',
    );
    await until('the end of the grace', () => Date.now() > Date.parse(left.timestamp) + 1_500);
    return { id, status: (await world.read(id)).status };
  }

  it.each(orders)('%s, each told twice, ends nothing', async (name) => {
    const { id, status } = await outcomes.get(name)!;
    expect(status).toBe('active');
    const types = world.bot.types(id);
    expect(types.filter((type) => type === 'handover.transferred')).toHaveLength(1);
    expect(types.filter((type) => type === 'agent.left')).toHaveLength(1);
    expect(types.some((type) => /completed|cancelled|failed/.test(type))).toBe(false);
  });

  it('takes an agent leaving for the end when nothing follows, after the grace', async () => {
    const { id, conversationId } = await world.active();
    const leaving = Date.now();
    await world.simulator.emit({ ...HOP[0]!, conversationId, timestamp: Date.now() });
    await world.bot.event(id, 'agent.left');
    await world.say(id, 'a message during the grace');
    await world.status(id, 'completed');
    expect(Date.now() - leaving).toBeGreaterThanOrEqual(1_000);
    const sent = world.simulator.conversation(conversationId).messages.map(({ text }) => text);
    expect(sent).toContain('a message during the grace');
  });

  it('delivers a late message, and ignores everything after the end', async () => {
    const { id, conversationId } = await world.active();
    const say = (text: string, timestamp: number): Promise<{ status: number }> =>
      world.simulator.emit({
        eventType: 'MESSAGE',
        conversationId,
        timestamp,
        data: { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text },
      });
    await say('new', Date.now());
    await say('late', Date.now() - 60_000);
    await world.bot.event(id, 'message.created', 2);
    expect(world.bot.texts(id)).toEqual(['new', 'late']);
    await world.simulator.emit({
      eventType: 'CONVERSATION_UPDATE',
      conversationId,
      timestamp: Date.now(),
      data: { state: 'idle' },
    });
    await world.bot.event(id, 'handover.completed');
    expect(await say('too late', Date.now())).toEqual({ status: 204 });
    await world.simulator.emit({ ...HOP[3]!, conversationId, timestamp: Date.now() });
    await until('both settled', async () => {
      const rows = await world.database.query(
        `SELECT status FROM inbox WHERE conversation_id = $1 AND reason = 'the handover is over'`,
        [conversationId],
      );
      return rows.length === 2;
    });
    expect(world.bot.types(id).at(-1)).toBe('handover.completed');
    expect((await world.read(id)).endReason).toBe('contact_center');
    const kept = (await world.transcript(id)).at(-1);
    expect(kept).toMatchObject({ text: 'too late', status: 'failed', error: expect.stringContaining('after the end') });
  });

  it('shows the bot only what agents say', async () => {
    const { id, conversationId } = await world.active();
    for (const type of ['user', 'bot', 'system', 'supervisor', undefined]) {
      await world.simulator.emit({
        eventType: 'MESSAGE',
        conversationId,
        timestamp: Date.now(),
        data: { isEcho: false, sender: { id: 'x', type }, text: `from ${type}` },
      });
    }
    await world.simulator.agent.say(conversationId, 'from the agent', 'agent-ann');
    await world.bot.event(id, 'message.created');
    expect(world.bot.texts(id)).toEqual(['from the agent']);
  });

  it('ends for the user when 8x8 reports the user gone', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.emit({
      eventType: 'MEMBERS_CHANGED',
      conversationId,
      timestamp: Date.now(),
      data: { memberType: 'user', change: 'left', id: 'u' },
    });
    expect((await world.bot.event(id, 'handover.completed')).data.endReason).toBe('user');
  });
});
