import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../apps/simulator/index.js';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

/** A provider for each way in which an operator may limit waiting. All are the same account. */
function impatient(name: string, limits: object): (simulator: Simulator) => Record<string, unknown> {
  return (simulator) => ({
    name,
    type: 'eightByEight',
    settings: { baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'acme01', endGrace: '1s' },
    defaults: { channelId: 'channel-1', queueId: '101' },
    ...limits,
  });
}

const PROVIDERS = [
  impatient('reminds-and-closes', { inactivity: { timeout: '800ms', reminders: 1, close: true } }),
  impatient('only-reminds', { inactivity: { timeout: '400ms', reminders: 2, close: false } }),
  impatient('just-closes', { inactivity: { timeout: '600ms', reminders: 0, close: true } }),
  impatient('waits-briefly', { waitTimeout: '1500ms' }),
  impatient('lasts-briefly', { maxDuration: '2500ms' }),
];

describe('nobody waits for ever', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ providers: (simulator) => PROVIDERS.map((of) => of(simulator)) });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const stateIn8x8 = (conversationId: string): string => world.simulator.conversation(conversationId).state;
  const ofType = (id: string, type: string): Record<string, unknown>[] =>
    world.bot
      .events(id)
      .filter((event) => event.type === type)
      .map(({ data }) => data);

  it('reminds the bot of a silent user, then ends the conversation in 8x8', async () => {
    const { id, conversationId } = await world.active({ provider: 'reminds-and-closes' });
    const { data: reminder } = await world.bot.event(id, 'handover.inactive');
    expect(reminder).toMatchObject({ inactivityCount: 1, willClose: true });
    const { data: end } = await world.bot.event(id, 'handover.completed');
    expect(end.endReason).toBe('inactivity');
    await until('the end in 8x8', () => stateIn8x8(conversationId) === 'idle');
    expect(ofType(id, 'handover.inactive')).toHaveLength(1);
    expect(world.bot.types(id).at(-1)).toBe('handover.completed');
    expect((await world.read(id)).endReason).toBe('inactivity');
  });

  it('goes on for as long as the user writes, and counts from 1 again', async () => {
    const { id, conversationId } = await world.active({ provider: 'reminds-and-closes' });
    await world.bot.event(id, 'handover.inactive');
    await world.say(id, 'I am still here');
    const { data } = await world.bot.event(id, 'handover.inactive', 2);
    expect(data).toMatchObject({ inactivityCount: 1, willClose: true });
    expect(stateIn8x8(conversationId)).toBe('active');
    await world.status(id, 'completed');
  });

  it('does not take the agent or the bot for the user', async () => {
    const { id, conversationId } = await world.active({ provider: 'reminds-and-closes' });
    await world.simulator.agent.say(conversationId, 'are you there?', 'agent-ann');
    await world.api('post', `/v1/handovers/${id}/messages`).send({ author: 'bot', text: 'hello?' }).expect(202);
    await world.bot.event(id, 'handover.completed');
    expect(ofType(id, 'handover.inactive')).toHaveLength(1);
  });

  it('only reminds where it is not to close', async () => {
    const { id, conversationId } = await world.active({ provider: 'only-reminds' });
    await world.bot.event(id, 'handover.inactive', 2);
    await world.say(id, 'sorry, I was away');
    await world.bot.event(id, 'handover.inactive', 4);
    const told = ofType(id, 'handover.inactive').map(({ inactivityCount, willClose }) => [inactivityCount, willClose]);
    expect(told).toEqual([
      [1, false],
      [2, false],
      [1, false],
      [2, false],
    ]);
    expect(stateIn8x8(conversationId)).toBe('active');
  });

  it('closes without a reminder where none is wanted, also while nobody has joined', async () => {
    const { id, conversationId } = await world.handover({ provider: 'just-closes' });
    const { data } = await world.bot.event(id, 'handover.cancelled');
    expect(data.endReason).toBe('inactivity');
    expect(ofType(id, 'handover.inactive')).toEqual([]);
    await until('the end in 8x8', () => stateIn8x8(conversationId) === 'idle');
  });

  it('gives up waiting for an agent, and takes the conversation out of the queue', async () => {
    const { id, conversationId } = await world.handover({ provider: 'waits-briefly' });
    await world.status(id, 'queued');
    const { data } = await world.bot.event(id, 'handover.cancelled');
    expect(data.endReason).toBe('no_agent');
    await until('the end in 8x8', () => stateIn8x8(conversationId) === 'idle');
    const { createdAt, endedAt } = (await world.read(id)) as unknown as { createdAt: string; endedAt: string };
    expect(Date.parse(endedAt) - Date.parse(createdAt)).toBeGreaterThanOrEqual(1_500);
  });

  it('gives up waiting for a contact centre that cannot be reached', async () => {
    world.simulator.faults.set({
      api: [{ match: { method: 'POST', path: '/conversations$' }, fault: { status: 503 } }],
    });
    const id = await world.requestHandover({ provider: 'waits-briefly' });
    // Nothing can be ended there, so the bot gets its user back once the ending has taken ten seconds.
    const { data } = await until('the end', () =>
      world.bot.events(id).find(({ type }) => type === 'handover.cancelled'),
    );
    expect(data.endReason).toBe('no_agent');
  });

  it('waits no longer for an agent who has joined in time', async () => {
    const { id, conversationId } = await world.active({ provider: 'waits-briefly' });
    const { createdAt } = (await world.read(id)) as unknown as { createdAt: string };
    await until('the time-out to be over', () => Date.now() > Date.parse(createdAt) + 2_500);
    expect((await world.read(id)).status).toBe('active');
    expect(stateIn8x8(conversationId)).toBe('active');
    expect(await world.database.query('SELECT 1 FROM handover WHERE id = $1 AND wake_at IS NOT NULL', [id])).toEqual(
      [],
    );
  });

  it('ends what has lasted too long, whoever is in it', async () => {
    const { id, conversationId } = await world.active({ provider: 'lasts-briefly' });
    await world.say(id, 'a message');
    const { data } = await world.bot.event(id, 'handover.completed');
    expect(data.endReason).toBe('operator');
    await until('the end in 8x8', () => stateIn8x8(conversationId) === 'idle');
  });
});
