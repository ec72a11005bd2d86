import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { linkToken } from '../support/built.js';
import { COPILOT_TOKEN, CopilotPage, tokenFor, withCopilot } from '../support/copilot.js';
import { answer, handOver, openWebChat, visit, type Visit } from '../support/visitors.js';
import { until } from '../support/wait.js';
import { OTHER_BOT_KEY, startRequest, World } from '../support/world.js';

type Json = Record<string, unknown>;

const OTHER_TOKEN = 'copilot-token-of-another-desk';
const INCOMING_TOKEN = 'copilot-token-of-incoming-ones';
const NEXT_TOKEN = 'copilot-token-that-comes-next';
const TILE = { kind: 'text', title: 'Note', text: 'first' };

describe("the copilot's page", () => {
  let world: World;
  let copilot: Json = { builtIn: true, urlToken: COPILOT_TOKEN };
  const pages: CopilotPage[] = [];
  const replicas: World['gateway'][] = [];
  beforeAll(async () => {
    world = await World.start({
      options: {
        endpoint: { bot: 'test-bot', handBack: true },
        copilot: { builtIn: true, urlToken: INCOMING_TOKEN },
      },
      providers: (simulator) => [
        withCopilot(simulator, copilot),
        { ...withCopilot(simulator, { builtIn: true, urlToken: OTHER_TOKEN }), name: 'other-desk' },
        {
          ...withCopilot(simulator, { baseUrl: 'https://copilot.example.com', urlToken: 'token-of-an-own-page' }),
          name: 'own-page',
        },
      ],
    });
    openWebChat(world);
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) page.close();
    await Promise.all(replicas.splice(0).map((replica) => replica.stop()));
  });
  afterAll(() => world.stop());

  async function open(
    { userId = 'u-42', sessionId, secret }: { userId?: string; sessionId: string; secret?: string },
    gateway = world.gateway,
  ): Promise<CopilotPage> {
    const urlToken = await tokenFor(world, { userId, sessionId }, secret);
    const page = await CopilotPage.open(gateway, { userId, sessionId, urlToken });
    pages.push(page);
    return page;
  }
  const get = (query: string): Promise<Response> => fetch(`${world.gateway.url}/copilot/${query}`);
  const query = (link: Json): string =>
    `?${new URLSearchParams({ userId: 'u-42', ...link } as Record<string, string>).toString()}`;
  const own = (sessionId: string): Promise<string> => tokenFor(world, { userId: 'u-42', sessionId });
  const putTile = (id: string, key: string, text: string): Promise<unknown> =>
    world.api('put', `/v1/handovers/${id}/copilot/tiles/${key}`).send({ ...TILE, text });

  it('is served with a policy that lets nothing foreign in, and tells nothing by itself', async () => {
    await world.handover({ provider: 'desk', sessionId: 'policy', user: { name: 'Secret Customer' } });
    const files = ['main.js', 'feed.js', 'view.js', 'tiles.js', 'markdown.js', 'card.js', 'dom.js', 'copilot.css'];
    for (const file of [query({ sessionId: 'policy', URLToken: await own('policy') }), ...files]) {
      const answer = await get(file);
      const policy = answer.headers.get('content-security-policy')!;
      expect([file, answer.status, (await answer.text()).includes('Secret Customer')]).toEqual([file, 200, false]);
      for (const rule of ["default-src 'none'", "script-src 'self'", "base-uri 'none'", "form-action 'none'"])
        expect(policy).toContain(rule);
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.has('permissions-policy')).toBe(true);
    }
  });

  it('refuses every wrong link in the same way, and leaves no trace of its token', async () => {
    const { id } = await world.handover({ provider: 'desk', sessionId: 'right' });
    await world.handover({ provider: 'desk', sessionId: 'beside' });
    const ownPage = await world.handover({ provider: 'own-page', sessionId: 'own' });
    const URLToken = await own('right');
    const right = await (await get(query({ sessionId: 'right', URLToken }))).text();
    const wrong: Json[] = [
      { sessionId: 'right', URLToken: 'a-guess-of-a-token' },
      { sessionId: 'right', URLToken: '' },
      { sessionId: 'right', URLToken: `${URLToken}x` },
      { sessionId: 'right', URLToken: `${URLToken.slice(0, -1)}${URLToken.endsWith('A') ? 'Q' : 'A'}` },
      { sessionId: 'right', URLToken: COPILOT_TOKEN },
      { sessionId: 'right', URLToken: linkToken(OTHER_TOKEN, id) },
      { sessionId: 'right', URLToken: await own('beside') },
      { sessionId: 'right', userId: 'somebody-else', URLToken },
      { sessionId: 'beside', URLToken },
      { sessionId: 'nowhere', URLToken },
      { sessionId: '', URLToken },
      { sessionId: 'x'.repeat(300), URLToken },
      { sessionId: 'own', URLToken: 'token-of-an-own-page' },
      { sessionId: 'own', URLToken: linkToken('token-of-an-own-page', ownPage.id) },
    ];
    const sessions = new Set<string>();
    for (const link of wrong) {
      const page = await get(query(link));
      expect([link, page.status, await page.text()]).toEqual([link, 403, right]);
      const { userId = 'u-42', sessionId, URLToken: urlToken } = link as Record<string, string>;
      if (sessionId && sessionId.length < 256 && urlToken) {
        const { status, body } = await CopilotPage.session(world.gateway, { userId, sessionId, urlToken });
        sessions.add(JSON.stringify([status, body]));
      }
    }
    expect((await get('')).status).toBe(403);
    expect([...sessions]).toEqual([expect.stringContaining('[403,')]);
    const logs = world.logs.join('');
    for (const token of ['a-guess-of-a-token', COPILOT_TOKEN, OTHER_TOKEN, URLToken]) expect(logs).not.toContain(token);
  });

  it('refuses a stream without a ticket, with a forged one and with a key of the API', async () => {
    for (const authorization of ['', 'Bearer x.y', `Bearer ${COPILOT_TOKEN}`, `Bearer ${OTHER_BOT_KEY}`]) {
      for (const path of ['events', 'messages?before=5'])
        expect((await fetch(`${world.gateway.url}/copilot/${path}`, { headers: { authorization } })).status).toBe(403);
    }
    expect((await world.raw('POST', '/copilot/session', '{"userId":1,"sessionId":"s"}')).problem.errors).toHaveLength(
      2,
    );
  });

  it('shows who the customer is, what was said before and since, and the tiles; then every change of it', async () => {
    const { id, conversationId } = await world.handover({
      provider: 'desk',
      sessionId: 'live',
      user: { name: 'Ann', properties: { Intent: 'balance' } },
      transcript: [
        { author: 'user', text: 'before' },
        { author: 'bot', text: 'handing over' },
      ],
      metadata: { private: 'of the bot' },
    });
    await putTile(id, 'one', 'first');
    const page = await open({ sessionId: 'live' });
    await until('the tiles', () => page.last('tiles'));
    expect(page.last('handover')).toMatchObject({ user: { name: 'Ann', properties: { Intent: 'balance' } } });
    expect(page.messages.map(({ text }) => text)).toEqual(['before', 'handing over']);
    expect(page.last('tiles')).toMatchObject({ order: ['one'], changed: [{ key: 'one', text: 'first' }] });
    await world.say(id, 'since');
    await page.sees('since');
    await world.simulator.agent.join(conversationId, 'agent-ann');
    await world.simulator.agent.say(conversationId, 'an answer', 'agent-ann');
    await page.sees('an answer');
    await until('active', () => page.last('handover')!.status === 'active');
    await world
      .api('patch', `/v1/handovers/${id}`)
      .send({ user: { company: 'Acme' } })
      .expect(200);
    await until('the company', () => (page.last('handover') as { user: Json }).user.company === 'Acme');
    await putTile(id, 'two', 'second');
    await putTile(id, 'one', 'again');
    await until('both tiles', () => (page.last('tiles') as { order: string[] }).order.length === 2);
    await until('the new text', () => JSON.stringify(page.last('tiles')).includes('again'));
    await world.api('delete', `/v1/handovers/${id}/copilot/tiles/one`).expect(204);
    await until('one to be gone', () => JSON.stringify(page.last('tiles')) === '{"order":["two"],"changed":[]}');
    expect(JSON.stringify(page.events)).not.toContain('of the bot');
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await until('the end', () => page.isOver);
    expect(page.last('handover')).toMatchObject({ status: 'completed' });
    expect(page.events.at(-1)).toEqual({ event: 'end', data: {} });
    const later = await open({ sessionId: 'live' });
    await until('the end', () => later.isOver);
    expect(later.messages.map(({ text }) => text)).toEqual(['before', 'handing over', 'since', 'an answer']);
  });

  it('shows that a message did not arrive', async () => {
    const { id } = await world.active({ provider: 'desk', sessionId: 'refused' });
    const page = await open({ sessionId: 'refused' });
    await until('the start', () => page.last('handover'));
    world.simulator.faults.set({ api: [{ match: { path: '/messages$' }, times: 1, fault: { status: 400 } }] });
    await world.say(id, 'refused by 8x8');
    await until('the failure', () => page.messages[0]?.status === 'failed');
    world.simulator.faults.reset();
  });

  it('shows the newest messages of a long talk, and earlier ones when asked', async () => {
    const transcript = Array.from({ length: 450 }, (_, index) => ({ author: 'user', text: `m${index + 1}` }));
    await world.handover({ provider: 'desk', sessionId: 'long', transcript });
    const page = await open({ sessionId: 'long' });
    await page.sees('m450');
    expect(page.messages.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 200 }, (_, n) => n + 251));
    expect(page.last('start')).toEqual({ before: '251' });
    type Earlier = { data: { text: string }[]; next: string | null };
    const earlier = async (before: string): Promise<Earlier> =>
      (await (await page.ask(`messages?before=${before}`)).json()) as Earlier;
    const second = await earlier('251');
    expect([second.data.length, second.data[0]!.text, second.data.at(-1)!.text, second.next]).toEqual([
      200,
      'm51',
      'm250',
      '51',
    ]);
    const third = await earlier('51');
    expect([third.data.length, third.data[0]!.text, third.next]).toEqual([50, 'm1', null]);
    expect(await earlier('1')).toEqual({ data: [], next: null });
    expect((await page.ask('messages?before=x')).status).toBe(400);
  });

  const openFor = ({ id, conversationId }: Visit): Promise<CopilotPage> =>
    open({ userId: conversationId, sessionId: id, secret: INCOMING_TOKEN });
  const seen = ({ messages }: CopilotPage): [number, string][] =>
    messages.map(({ sequence, text }) => [sequence, text]);

  it('shows what was said before in a conversation that began in the contact centre, and each word once', async () => {
    const { customer, agent } = world.simulator;
    const visitor = await visit(world, 'before');
    const { id, conversationId } = visitor;
    await answer(world, visitor, 'handing over');
    await handOver(world, visitor);
    const page = await openFor(visitor);
    await page.sees('handing over');
    await customer.say(conversationId, 'to the agent');
    await page.sees('to the agent');
    expect(seen(page)).toEqual([
      [-1, 'before'],
      [0, 'handing over'],
      [1, 'to the agent'],
    ]);
    expect([page.last('start'), page.last('handover')]).toMatchObject([{ before: null }, { transcriptLength: 0 }]);

    world.simulator.faults.set({ silentHandBack: true });
    await agent.leave(conversationId, 'agent-ann');
    await customer.say(conversationId, 'to nobody');
    await world.bot.event(id, 'conversation.resumed');
    world.simulator.faults.reset();
    await until('the end', () => page.isOver);
    await customer.say(conversationId, 'to the bot');
    await world.bot.event(id, 'message.created', 3);
    expect(world.bot.texts(id)).toEqual(['before', 'to nobody', 'to the bot']);
    await handOver(world, visitor);
    const again = await openFor(visitor);
    await again.sees('to the bot');
    await customer.say(conversationId, 'to the agent again');
    await again.sees('to the agent again');
    expect(seen(again)).toEqual([
      [-4, 'before'],
      [-3, 'handing over'],
      [-2, 'to the agent'],
      [-1, 'to nobody'],
      [0, 'to the bot'],
      [1, 'to the agent again'],
    ]);
  });

  it('shows earlier messages of such a conversation when asked, over all that it was in', async () => {
    const { customer, agent } = world.simulator;
    const visitor = await visit(world, 'a1');
    const { id, conversationId } = visitor;
    const more = (of: string, first: number, last: number): Promise<void> =>
      Array.from({ length: last - first + 1 }, (_, n) => `${of}${first + n}`).reduce(
        (before, text) => before.then(() => customer.say(conversationId, text)),
        Promise.resolve(),
      );
    await more('a', 2, 120);
    await world.bot.event(id, 'message.created', 120);
    const first = await handOver(world, visitor);
    await more('b', 1, 90);
    await until('all of it', async () => (await world.transcript(first)).length >= 90);
    await agent.leave(conversationId, 'agent-ann');
    await world.bot.event(id, 'conversation.resumed');
    await more('c', 1, 10);
    await world.bot.event(id, 'message.created', 130);
    await handOver(world, visitor);
    const page = await openFor(visitor);
    await page.sees('c10');
    const shown = seen(page);
    expect([shown.length, shown[0], shown[99], shown[100], shown.at(-1)]).toEqual([
      200,
      [-199, 'a21'],
      [-100, 'a120'],
      [-99, 'b1'],
      [0, 'c10'],
    ]);
    expect(page.last('start')).toEqual({ before: '-199' });
    const earlier = (await (await page.ask('messages?before=-199')).json()) as { data: never[]; next: null };
    expect(earlier).toMatchObject({ next: null });
    expect(earlier.data.map(({ sequence, text }) => [sequence, text])).toEqual(
      Array.from({ length: 20 }, (_, n) => [n - 219, `a${n + 1}`]),
    );
  });

  it('opens its own handover and no other, not even of the same session and user', async () => {
    const first = await world.handover({ provider: 'desk', sessionId: 'again', user: { name: 'First' } });
    const link = { userId: 'u-42', sessionId: 'again', urlToken: await own('again') };
    await world.api('post', `/v1/handovers/${first.id}/close`).expect(202);
    await world.status(first.id, 'cancelled');
    await world.handover({ provider: 'desk', sessionId: 'again', user: { name: 'Second' } });
    // Another bot uses the same ids at the same desk, after it, and shows what it likes.
    const other = startRequest({ provider: 'desk', sessionId: 'again', user: { name: 'Third' } });
    await world.api('post', '/v1/handovers', OTHER_BOT_KEY).send(other).expect(201);
    const page = await CopilotPage.open(world.gateway, link);
    pages.push(page);
    await until('the handover', () => page.last('handover'));
    expect(page.last('handover')).toMatchObject({ user: { name: 'First' } });
    const newest = await open({ sessionId: 'again' });
    await until('the handover', () => newest.last('handover'));
    expect(newest.last('handover')).toMatchObject({ user: { name: 'Third' } });
  });

  it('opens for an hour after the end, and so does its ticket', async () => {
    const { id } = await world.handover({ provider: 'desk', sessionId: 'over' });
    const link = { userId: 'u-42', sessionId: 'over', urlToken: await own('over') };
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'cancelled');
    const ended = (ago: string): Promise<unknown> =>
      world.database.query(`UPDATE handover SET ended_at = now() - $2::interval, version = version + 1 WHERE id = $1`, [
        id,
        ago,
      ]);
    await ended('55 minutes');
    const { status, body } = await CopilotPage.session(world.gateway, link);
    expect([status, Date.parse(body.expiresAt as string) < Date.now() + 6 * 60_000]).toEqual([200, true]);
    await ended('61 minutes');
    expect((await CopilotPage.session(world.gateway, link)).status).toBe(403);
    expect((await get(query({ sessionId: 'over', userId: 'u-42', URLToken: link.urlToken }))).status).toBe(403);
  });

  it('is live at every replica, and a ticket of one is good at the others', async () => {
    const replica = await world.replica();
    replicas.push(replica);
    const { id, conversationId } = await world.active({ provider: 'desk', sessionId: 'replicas' });
    const page = await open({ sessionId: 'replicas' }, replica);
    await until('the start', () => page.last('handover'));
    await world.say(id, 'accepted elsewhere');
    await page.sees('accepted elsewhere');
    await world.simulator.agent.say(conversationId, 'reported elsewhere', 'agent-ann');
    await page.sees('reported elsewhere');
    await putTile(id, 'elsewhere', 'put elsewhere');
    await until('the tile', () => JSON.stringify(page.last('tiles'))?.includes('put elsewhere'));
    const { body } = await CopilotPage.session(world.gateway, {
      userId: 'u-42',
      sessionId: 'replicas',
      urlToken: await own('replicas'),
    });
    const headers = { authorization: `Bearer ${body.ticket as string}` };
    expect((await fetch(`${replica.url}/copilot/messages?before=2`, { headers })).status).toBe(200);
  });

  it('takes the previous token while a new one is brought in, and neither it nor its tickets afterwards', async () => {
    const { id } = await world.handover({ provider: 'desk', sessionId: 'rotated' });
    const link = { userId: 'u-42', sessionId: 'rotated' };
    const [current, next] = [COPILOT_TOKEN, NEXT_TOKEN].map((secret) => linkToken(secret, id));
    const { body } = await CopilotPage.session(world.gateway, { ...link, urlToken: current });
    const statuses = async (): Promise<number[]> => [
      (await CopilotPage.session(world.gateway, { ...link, urlToken: current })).status,
      (await CopilotPage.session(world.gateway, { ...link, urlToken: next })).status,
      (
        await fetch(`${world.gateway.url}/copilot/messages?before=1`, {
          headers: { authorization: `Bearer ${body.ticket as string}` },
        })
      ).status,
    ];
    expect(await statuses()).toEqual([200, 403, 200]);
    copilot = { builtIn: true, urlToken: NEXT_TOKEN, previousUrlToken: COPILOT_TOKEN };
    await world.stopGateway();
    await world.startGateway();
    expect(await statuses()).toEqual([200, 200, 200]);
    copilot = { builtIn: true, urlToken: NEXT_TOKEN };
    await world.stopGateway();
    await world.startGateway();
    expect(await statuses()).toEqual([403, 200, 403]);
  });
});
