import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { ChatwootSimulator } from '../../apps/simulator/chatwoot/index.js';
import {
  activeInChatwoot,
  OTHER_ACCOUNT,
  startChatwootWorld,
  SUPPORT_SECRET,
  textsInChatwoot,
  webhookOf,
} from '../support/chatwoot.js';
import { until } from '../support/wait.js';
import type { World } from '../support/world.js';

const CREATE = { method: 'POST', path: '/conversations$' };
const PENDING = `SELECT id FROM inbox WHERE status IN ('pending', 'parked')`;
const MESSAGE = { method: 'POST', path: '/messages$' };

describe('an unreliable Chatwoot', () => {
  let world: World;
  let chatwoot: ChatwootSimulator;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ world, chatwoot, stop } = await startChatwootWorld());
  });
  afterEach(() => {
    chatwoot.faults.reset();
    delete chatwoot.accounts[0]!.account.webhooks;
  });
  afterAll(() => stop());

  const conversationsOf = (id: string): unknown[] => chatwoot.conversations().filter(({ sourceId }) => sourceId === id);
  const start = (): Promise<string> => world.requestHandover({ provider: 'support-chatwoot' });

  it.each([
    ['its answer is lost', { drop: 'after' as const }],
    ['it is answered 500 although it took effect', { status: 500, after: true }],
    ['it is answered 503 and had no effect', { status: 503 }],
    ['the connection is reset before it', { drop: 'before' as const }],
    ['it is asked to wait', { status: 429, retryAfter: 0 }],
  ])('never makes two conversations of one handover when %s', async (_, fault) => {
    chatwoot.faults.set({ api: [{ match: CREATE, times: 1, fault }] });
    const id = await start();
    await world.status(id, 'queued');
    expect(conversationsOf(id)).toHaveLength(1);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it.each([
    ['its answer is lost', { drop: 'after' as const }],
    ['it is answered 502 although it took effect', { status: 502, after: true }],
    ['the connection is reset before it', { drop: 'before' as const }],
    ['it is asked to wait', { status: 429, retryAfter: 0 }],
  ])('gets each message once and in order when %s', async (_, fault) => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    chatwoot.faults.set({ api: [{ match: MESSAGE, times: 1, fault }] });
    for (const text of ['one', 'two', 'two', 'three']) await world.say(id, text);
    await until('all delivered', async () => (await world.transcript(id)).filter((one) => one.status === 'delivered').length === 4); // prettier-ignore
    expect(await textsInChatwoot(chatwoot, conversationId, 4)).toEqual(['one', 'two', 'two', 'three']);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('has its conversation found again although not one event tells of it', async () => {
    chatwoot.faults.set({ dropEvents: ['*'], api: [{ match: CREATE, times: 1, fault: { drop: 'after' } }] });
    const id = await start();
    const conversationId = await world.conversationOf(id);
    expect(conversationsOf(id)).toEqual([chatwoot.conversation(conversationId)]);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  const IN_FRONT: [string, { status: number; body: string | object; after?: boolean }][] = [
    ['a page says that it is back soon', { status: 200, body: '<!doctype html><title>Back soon</title>' }],
    ['something else says that it is well', { status: 200, body: { status: 'ok' } }],
    ['its proxy finds no way', { status: 404, body: '404 page not found' }],
    ['a page says that it is forbidden', { status: 403, body: '<html>Forbidden</html>' }],
    ['its proxy has another page in place of what it took', { status: 404, body: '<html>', after: true }],
  ];

  it.each(IN_FRONT)('loses and doubles no message, and fails none, when %s for a moment', async (_, fault) => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    chatwoot.faults.set({ api: [{ match: MESSAGE, times: 2, fault }] });
    for (const text of ['one', 'two']) await world.say(id, text);
    await until('all delivered', async () => (await world.transcript(id)).filter((one) => one.status === 'delivered').length === 2); // prettier-ignore
    expect(await textsInChatwoot(chatwoot, conversationId, 2)).toEqual(['one', 'two']);
    expect(world.bot.types(id)).not.toContain('message.failed');
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it.each(IN_FRONT)('starts one conversation when %s for a moment', async (_, fault) => {
    chatwoot.faults.set({ api: [{ match: CREATE, times: 1, fault }, { match: { path: '/inboxes$' }, times: 1, fault }] }); // prettier-ignore
    const id = await start();
    await world.status(id, 'queued');
    expect(conversationsOf(id)).toHaveLength(1);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('may refuse a message for good, which the bot hears; later ones still go', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    chatwoot.faults.set({
      api: [{ match: MESSAGE, times: 1, fault: { status: 422, body: { error: 'Content is too long' } } }],
    });
    await world.say(id, 'refused');
    await world.say(id, 'taken');
    await world.bot.event(id, 'message.failed');
    expect(await textsInChatwoot(chatwoot, conversationId, 1)).toEqual(['taken']);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('may tell of a conversation before it has answered the create', async () => {
    chatwoot.faults.set({ eventsBeforeCreateAnswer: true });
    const id = await start();
    await world.bot.event(id, 'handover.queued');
    expect(conversationsOf(id)).toHaveLength(1);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('may tell everything several times, over the inbox and over the account', async () => {
    const url = webhookOf(world, 'support-chatwoot');
    chatwoot.accounts[0]!.account.webhooks = [{ url, secret: SUPPORT_SECRET }];
    chatwoot.faults.set({ duplicateEvents: true });
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    await chatwoot.agent.say(conversationId, 'once');
    await chatwoot.agent.say(conversationId, 'once');
    await chatwoot.agent.join(conversationId, 4);
    await chatwoot.agent.resolve(conversationId);
    await world.bot.event(id, 'handover.completed');
    expect(world.bot.types(id)).toEqual([
      'handover.queued',
      'agent.joined',
      'handover.active',
      'message.created',
      'message.created',
      'handover.transferred',
      'agent.joined',
      'agent.left',
      'agent.left',
      'handover.completed',
    ]);
  });

  it('may tell in another order what came about', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    chatwoot.faults.set({ reorder: true });
    await Promise.all([
      chatwoot.agent.join(conversationId, 4),
      chatwoot.agent.unassign(conversationId),
      chatwoot.agent.join(conversationId, 3),
    ]);
    await until('the inbox to be empty', async () => (await world.database.query(PENDING)).length === 0);
    expect(await world.read(id)).toMatchObject({ status: 'active', agent: { id: '3' } });
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
  });

  it('finds everything where it was after a restart of the gateway', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    chatwoot.faults.set({ api: [{ match: MESSAGE, fault: { status: 503 } }] });
    for (const text of ['one', 'two', 'three']) await world.say(id, text);
    await world.stopGateway();
    chatwoot.faults.reset();
    await world.startGateway();
    expect(await textsInChatwoot(chatwoot, conversationId, 3)).toEqual(['one', 'two', 'three']);
    await chatwoot.agent.say(conversationId, 'Welcome back');
    await world.bot.event(id, 'message.created');
    await chatwoot.agent.resolve(conversationId);
    await world.bot.event(id, 'handover.completed');
  });
});

describe("Chatwoot's webhook", () => {
  const TOKEN = 'a-token-in-the-path';
  let world: World;
  let chatwoot: ChatwootSimulator;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    ({ world, chatwoot, stop } = await startChatwootWorld({
      support: { webhookSecret: undefined, webhookToken: TOKEN },
    }));
    // As before 4.13: nothing is signed, the path is all there is.
    delete chatwoot.accounts[0]!.account.inboxes[0]!.secret;
    chatwoot.setWebhook(`${webhookOf(world, 'support-chatwoot')}/${TOKEN}`, { account: 1 });
  });
  afterAll(() => stop());

  const own = { secret: OTHER_ACCOUNT.inboxes[0]!.secret! };
  const resolved = (id: string): object => ({
    event: 'conversation_status_changed',
    id: Number(id),
    status: 'resolved',
  });
  const message = (id: string, account: number): object => ({
    event: 'message_created',
    id: 1,
    content: 'of a stranger',
    message_type: 'outgoing',
    private: false,
    sender: { id: 3, type: 'user' },
    account: { id: account },
    conversation: { id: Number(id) },
  });

  it('is taken without a signature where the path has the token, and only there', async () => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    const url = webhookOf(world, 'support-chatwoot');
    for (const path of [url, `${url}/wrong`])
      expect(await chatwoot.emit(path, resolved(conversationId.split('/').at(-1)!), own)).toEqual({ status: 401 });
    await chatwoot.agent.say(conversationId, 'by the right path');
    await world.bot.event(id, 'message.created');
    expect((await world.read(id)).status).toBe('active');
  });

  it('reaches only handovers of its own account, although both have the same ids', async () => {
    const mine = await activeInChatwoot(world, chatwoot);
    const theirs = await world.handover({ provider: 'other-chatwoot' });
    const number = (id: string): number => Number(id.split('/').at(-1));
    while (number(theirs.conversationId) !== number(mine.conversationId))
      Object.assign(theirs, await world.handover({ provider: 'other-chatwoot' }));
    await chatwoot.agent.join(theirs.conversationId, 4);
    await world.bot.event(theirs.id, 'agent.joined');
    await chatwoot.agent.say(theirs.conversationId, 'for them');
    await chatwoot.agent.say(mine.conversationId, 'for me');
    await world.bot.event(theirs.id, 'message.created');
    await world.bot.event(mine.id, 'message.created');
    expect([world.bot.texts(mine.id), world.bot.texts(theirs.id)]).toEqual([['for me'], ['for them']]);
    await chatwoot.agent.resolve(theirs.conversationId);
    await world.bot.event(theirs.id, 'handover.completed');
    expect((await world.read(mine.id)).status).toBe('active');
  });

  it.each<[string, (id: string) => [url: string, event: object, options: { secret?: string; at?: number }], number]>([
    [
      'with a valid signature of another account',
      (id) => [webhookOf(world, 'support-chatwoot'), resolved(id), own],
      401,
    ],
    ['for another account than it says', (id) => [webhookOf(world, 'other-chatwoot'), message(id, 1), own], 401],
    ['signed with another secret', (id) => [webhookOf(world, 'other-chatwoot'), resolved(id), { secret: 'x' }], 401],
    ['not signed', (id) => [webhookOf(world, 'other-chatwoot'), resolved(id), {}], 401],
    ['signed too long ago', (id) => [webhookOf(world, 'other-chatwoot'), resolved(id), { ...own, at: 1 }], 401],
    ['that is no event', () => [webhookOf(world, 'other-chatwoot'), {}, own], 400],
    ['for nobody', (id) => [webhookOf(world, 'nobody'), resolved(id), own], 404],
    ['for everybody', (id) => [`${world.gateway.url}/handover/chatwoot`, resolved(id), own], 404],
    ["at 8x8's address", (id) => [`${world.gateway.url}/handover/eightByEight`, resolved(id), own], 401],
  ])('is refused %s', async (_, post, status) => {
    const { id, conversationId } = await activeInChatwoot(world, chatwoot);
    await world.bot.event(id, 'handover.active');
    const before = world.bot.types(id);
    const [url, event, options] = post(conversationId.split('/').at(-1)!);
    expect(await chatwoot.emit(url, event, options)).toEqual({ status });
    await chatwoot.agent.say(conversationId, 'still here');
    await world.bot.event(id, 'message.created');
    expect(world.bot.types(id)).toEqual([...before, 'message.created']);
    expect(world.bot.texts(id)).toEqual(['still here']);
  });
});
