import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { linkToken } from '../support/built.js';
import { withCopilot } from '../support/copilot.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World } from '../support/world.js';

type Json = Record<string, unknown>;
type Created = { user: { additionalProperties: { key: string; value: string }[] }; history: { messages: Json[] } };

const TOKEN = 'a-secret/with+odd=chars&all';
const ENCODED = 'a-secret%2Fwith%2Bodd%3Dchars%26all';
const CREATE = { method: 'POST', path: '/conversations$' };
const SEND = { method: 'POST', path: '/messages$' };
const PUBLIC_URL = 'https://handover.example.com/gateway';

describe("the copilot's link", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      providers: (simulator) => [
        withCopilot(simulator, { baseUrl: 'https://copilot.example.com/', urlToken: TOKEN }),
        { ...withCopilot(simulator, { builtIn: true, urlToken: TOKEN }), name: 'built-in' },
      ],
    });
    await world.stopGateway();
    await world.startGateway({ PUBLIC_URL });
  });
  afterAll(() => world.stop());

  const created = (conversationId: string): Created => world.simulator.conversation(conversationId).request as Created;
  const propertyOf = ({ user }: Created): unknown[] =>
    user.additionalProperties.filter(({ key }) => key === 'copilotUrl').map(({ value }) => value);
  const link = (userId: string, sessionId: string, base = 'https://copilot.example.com'): string =>
    `${base}/?userId=${userId}&sessionId=${sessionId}&URLToken=${ENCODED}`;

  it('reaches the agent percent-encoded, as a property and as the last message of the history', async () => {
    const { conversationId } = await world.handover({
      provider: 'desk',
      sessionId: 's/1 & 2?#',
      userId: 'ü+42',
      transcript: [
        { author: 'user', text: 'one' },
        { author: 'bot', text: 'two' },
      ],
    });
    const expected = link('%C3%BC%2B42', 's%2F1%20%26%202%3F%23');
    expect(propertyOf(created(conversationId))).toEqual([expected]);
    expect(created(conversationId).history.messages).toEqual([
      { authorType: 'user', text: 'one' },
      { authorType: 'bot', text: 'two' },
      { authorType: 'bot', text: expected },
    ]);
  });

  it('leads to the gateway where its own page is used', async () => {
    const { id, conversationId } = await world.handover({ provider: 'built-in', sessionId: 'own', userId: 'u' });
    const own = `${PUBLIC_URL}/copilot/?userId=u&sessionId=own&URLToken=${linkToken(TOKEN, id)}`;
    expect(propertyOf(created(conversationId))).toEqual([own]);
  });

  it('cannot be overridden, and is there again after a change of the customer', async () => {
    const forged = { copilotUrl: 'https://evil.example' };
    const { id, conversationId } = await world.handover({
      provider: 'desk',
      sessionId: 'forged',
      userId: 'u',
      user: { properties: forged },
      settings: { jsonProperties: { user: { additionalProperties: forged }, history: { messages: [] } } },
    });
    expect(propertyOf(created(conversationId))).toEqual([link('u', 'forged')]);
    await world.status(id, 'queued');
    await world
      .api('patch', `/v1/handovers/${id}`)
      .send({ user: { name: 'Ann' } })
      .expect(200);
    const user = await until('the change', () => {
      const now = world.simulator.conversation(conversationId).user as Created['user'] & { name?: string };
      return now.name === 'Ann' && now;
    });
    expect(propertyOf({ user } as Created)).toEqual([link('u', 'forged')]);
  });

  it('is one of the 200 messages and 30 properties that 8x8 takes', async () => {
    const transcript = Array.from({ length: 205 }, (_, index) => ({ author: 'user', text: `m${index}` }));
    const properties = (count: number): Json =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
    const { conversationId } = await world.handover({
      provider: 'desk',
      transcript,
      user: { properties: properties(28) },
    });
    const { user, history } = created(conversationId);
    expect(user.additionalProperties).toHaveLength(30);
    expect(history.messages.map(({ text }) => text)).toEqual([
      ...transcript.slice(-199).map(({ text }) => text),
      expect.stringContaining(ENCODED),
    ]);
    const tooMany = { provider: 'desk', sessionId: 's', userId: 'u', user: { properties: properties(29) } };
    const { status, problem } = await world.raw('POST', '/v1/handovers', JSON.stringify(tooMany));
    expect([status, problem.errors?.map(({ pointer }) => pointer)]).toEqual([400, ['/user/properties']]);
  });

  it('does not hide from a read-back that the first message has arrived', async () => {
    const { id, conversationId } = await world.handover({
      provider: 'desk',
      transcript: [{ author: 'user', text: 'hello' }],
    });
    await world.status(id, 'queued');
    world.simulator.faults.set({ api: [{ match: SEND, times: 1, fault: { drop: 'after' } }] });
    await world.say(id, 'hello');
    await until('delivered', async () => (await world.transcript(id)).every(({ status }) => status === 'delivered'));
    world.simulator.faults.reset();
    expect(world.simulator.conversation(conversationId).messages.map(({ text }) => text)).toEqual(['hello']);
  });

  it('is told to nobody but the contact centre: no answer, no event, no log line, no row of the database', async () => {
    const { id, conversationId } = await world.active({ provider: 'desk', transcript: [{ author: 'bot', text: 'x' }] });
    await world.say(id, 'hello');
    await world.simulator.agent.say(conversationId, 'hi', 'agent-ann');
    await world.bot.event(id, 'message.created');
    // 8x8 repeats what it refuses.
    const body = { message: `The value ${link('u', 'echo')} is invalid.`, errors: [{ code: link('u', 'echo') }] };
    world.simulator.faults.set({ api: [{ match: CREATE, times: 1, fault: { status: 400, body } }] });
    const failed = await world.requestHandover({ provider: 'desk', sessionId: 'echo', userId: 'u' });
    expect(await world.status(failed, 'failed')).toMatchObject({
      error: { message: expect.stringContaining('sessionId=echo&URLToken=••••') },
    });
    const answers = await Promise.all(
      [id, failed].flatMap((one) => [
        world.api('get', `/v1/handovers/${one}`),
        world.api('get', `/v1/handovers/${one}/messages`),
        world.api('get', `/v1/handovers/${one}/events`).set('accept', 'application/json'),
        world.api('get', `/v1/handovers/${one}`, ADMIN_KEY),
      ]),
    );
    const deadLetters = await world.api('get', '/v1/deliveries', ADMIN_KEY);
    expect(world.simulator.webhooks.length).toBeGreaterThan(0);
    const told = {
      answers: JSON.stringify([...answers, deadLetters].map(({ body }) => body as unknown)),
      events: JSON.stringify(world.bot.deliveries),
      logs: world.logs.join(''),
      database: await everythingIn(world),
    };
    for (const [where, text] of Object.entries(told)) {
      expect([where, text.length > 100]).toEqual([where, true]);
      expect([where, text.includes(TOKEN), text.includes(ENCODED), text.includes('a-secret')]).toEqual([
        where,
        false,
        false,
        false,
      ]);
    }
    expect(told.database).toContain('sealed:v2:');
    expect(told.database).toContain('URLToken=••••');
  });
});

/** Every row of every table as text, raw bodies of webhooks included. */
async function everythingIn(world: World): Promise<string> {
  const tables = await world.database.query(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const rows = await Promise.all(
    tables.map(({ name }) => world.database.query(`SELECT t::text AS row FROM "${name as string}" t`)),
  );
  const bodies = await world.database.query(`SELECT convert_from(body, 'UTF8') AS row FROM inbox`);
  return [...rows.flat(), ...bodies].map(({ row }) => row as string).join('\n');
}
