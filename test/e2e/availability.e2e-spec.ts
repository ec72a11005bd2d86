import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { World, startRequest } from '../support/world.js';

const SCHEDULE = { match: { path: '^/cc/v1/schedules/' } };
const STATISTICS = { match: { path: '^/cc/v1/stats/' } };

describe('whether somebody is there', () => {
  let world: World;
  /** Answers are remembered for some seconds, so each test asks a provider of its own; all are the same account. */
  let next = 0;
  const PROVIDERS = 48;
  beforeAll(async () => {
    world = await World.start({
      providers: (simulator) => {
        const account = { baseUrl: simulator.url, apiKey: simulator.apiKey, tenant: 'acme01' };
        const { realtimeKey, realtimeSecret } = simulator.floor;
        const one = (name: string, settings: object): Record<string, unknown> => ({
          name,
          type: 'eightByEight',
          settings: { ...account, ...settings },
          defaults: { channelId: 'channel-1', queueId: '101' },
        });
        const whole = { scheduleId: 'business-hours', statistics: 'contactCenter' };
        const realtime = { statistics: 'realtime', realtimeKey, realtimeSecret };
        return [
          ...Array.from({ length: PROVIDERS }, (_, index) => one(`whole-${index}`, whole)),
          one('only-statistics', { statistics: 'contactCenter' }),
          one('only-schedule', { scheduleId: 'business-hours' }),
          one('realtime', realtime),
          one('realtime-in-europe', { ...realtime, realtimeRegion: 'eu', scheduleId: 'business-hours' }),
          one('wrong-secret', { ...realtime, realtimeSecret: 'not-the-secret' }),
        ];
      },
    });
  });
  beforeEach(() => {
    world.simulator.faults.reset();
    world.simulator.floor.reset();
    world.simulator.requests.length = 0;
  });
  afterAll(() => world.stop());

  const fresh = (): string => {
    if (next === PROVIDERS) throw new Error('More providers are needed.');
    return `whole-${next++}`;
  };
  const ask = async (provider: string, query = ''): Promise<Record<string, unknown>> =>
    (await world.api('get', `/v1/providers/${provider}/availability${query}`).expect(200)).body as Record<
      string,
      unknown
    >;
  const asked = (path: RegExp): number => world.simulator.requests.filter((request) => path.test(request.path)).length;

  it('is available when it is open and agents are logged in', async () => {
    const asking = Date.now();
    const answer = await ask(fresh());
    expect(answer).toEqual({
      state: 'available',
      reason: null,
      open: true,
      queueSize: 0,
      longestWaitSeconds: 0,
      agentsAvailable: 2,
      observedAt: expect.any(String),
    });
    expect(Math.abs(Date.parse(answer.observedAt as string) - asking)).toBeLessThan(10_000);
    expect(world.simulator.requests.map(({ headers }) => headers['x-8x8-tenant'])).toEqual(['acme01', 'acme01']);
  });

  it('is available when all agents are busy: they will come', async () => {
    world.simulator.floor.setQueue('101', { 'agent-count-waitTransact': 0, 'agent-count-busy': 2, 'queue-size': 7 });
    expect(await ask(fresh())).toMatchObject({ state: 'available', agentsAvailable: 0, queueSize: 7 });
  });

  it('asks about another queue when one is named, and knows nothing of one that does not exist', async () => {
    world.simulator.floor.setQueue('102', { 'queue-size': 3, 'longest-wait-time': 61 });
    const provider = fresh();
    expect(await ask(provider, '?queueId=102')).toMatchObject({ queueSize: 3, longestWaitSeconds: 61 });
    expect(await ask(provider, '?queueId=999')).toMatchObject({
      state: 'unknown',
      open: true,
      reason: expect.stringContaining('8x8 answered 404'),
    });
  });

  it('is that of the queue without the blanks around it, and of the default’s where nothing else is left', async () => {
    world.simulator.floor.setQueue('102', { 'queue-size': 3 });
    const provider = fresh();
    expect(await ask(provider, '?queueId=%20102%20')).toMatchObject({ state: 'available', queueSize: 3 });
    expect(await ask(provider, '?queueId=%20')).toMatchObject({ state: 'available', queueSize: 0 });
  });

  it('is unavailable when the schedule is closed, also where nothing else is known', async () => {
    world.simulator.floor.setSchedule('business-hours', -1);
    world.simulator.faults.set({ api: [{ ...STATISTICS, fault: { status: 500 } }] });
    const closed = { state: 'unavailable', open: false, reason: expect.stringContaining('closed') };
    expect(await ask(fresh())).toMatchObject(closed);
    expect(await ask('only-schedule')).toMatchObject(closed);
  });

  it.each(['phone', 'email', 'vmail'])('is unavailable in a queue for %s, and says so', async (media) => {
    world.simulator.floor.setQueue('102', { 'media-type': media });
    expect(await ask(fresh(), '?queueId=102')).toMatchObject({
      state: 'unavailable',
      open: true,
      agentsAvailable: 2,
      reason: `The queue 102 is for ${media}, not for chats.`,
    });
  });

  it('goes by who is there where it is not said what a queue is for', async () => {
    world.simulator.floor.setQueue('101', { 'media-type': undefined });
    expect(await ask(fresh())).toMatchObject({ state: 'available' });
  });

  it.each([
    [{ 'enabled-agent-count': 0, 'agent-count-waitTransact': 0 }],
    [{ 'agent-count-waitTransact': 0, 'agent-count-busy': 0, 'agent-count-loggedOut': 2 }],
  ])('is unavailable when nobody is logged in: %j', async (figures) => {
    world.simulator.floor.setQueue('101', figures);
    expect(await ask(fresh())).toMatchObject({
      state: 'unavailable',
      open: true,
      agentsAvailable: 0,
      reason: expect.stringContaining('No agent'),
    });
  });

  it.each([
    ['the schedule fails', (): void => world.simulator.faults.set({ api: [{ ...SCHEDULE, fault: { status: 500 } }] })],
    [
      'the schedule is in a special state',
      (): void => world.simulator.floor.setSchedule('business-hours', 'Choice #2'),
    ],
    [
      'the statistics fail',
      (): void => world.simulator.faults.set({ api: [{ ...STATISTICS, fault: { status: 403 } }] }),
    ],
    [
      'a queue is for something new',
      (): void => world.simulator.floor.setQueue('101', { 'media-type': 'of tomorrow' }),
    ],
    [
      'the statistics do not say who is there',
      (): void =>
        world.simulator.floor.setQueue('101', { 'enabled-agent-count': undefined, 'agent-count-waitTransact': 0 }),
    ],
  ])('is unknown when %s, and never guessed', async (_, break_) => {
    break_();
    const { state, reason } = await ask(fresh());
    expect(state).toBe('unknown');
    expect(reason).toEqual(expect.any(String));
    expect(JSON.stringify(reason)).not.toContain(world.simulator.apiKey);
  });

  it('is unknown where nothing is configured, and asks nobody', async () => {
    expect(await ask('support-8x8')).toMatchObject({
      state: 'unknown',
      open: null,
      reason: expect.stringContaining('statistics'),
    });
    expect(world.simulator.requests).toEqual([]);
  });

  it('needs no schedule', async () => {
    expect(await ask('only-statistics')).toMatchObject({ state: 'available', open: null });
  });

  it('is unknown within some seconds when the contact centre hangs, and keeps nobody else waiting', async () => {
    world.simulator.faults.set({ api: [{ ...STATISTICS, fault: { hang: 'before' } }] });
    const begun = Date.now();
    const hanging = ask(fresh());
    await world.active();
    expect(await hanging).toMatchObject({ state: 'unknown', open: true, reason: expect.stringContaining('TIMEOUT') });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(2_900);
  });

  it('asks 8x8 once for all who ask within some seconds, also when it fails', async () => {
    const provider = fresh();
    await Promise.all(Array.from({ length: 20 }, () => ask(provider)));
    await ask(provider);
    expect([asked(/schedules/), asked(/stats/)]).toEqual([1, 1]);
    world.simulator.requests.length = 0;
    world.simulator.faults.set({ api: [{ ...STATISTICS, fault: { status: 500 } }] });
    const failing = fresh();
    for (let time = 0; time < 3; time++) expect((await ask(failing)).state).toBe('unknown');
    expect(asked(/stats/)).toBe(1);
  });

  it('reads the real-time metrics with a token of their own, which it keeps and renews', async () => {
    world.simulator.floor.setQueue('101', { 'agent-count-waitTransact': 2, 'queue-size': 5 });
    expect(await ask('realtime')).toMatchObject({ state: 'available', agentsAvailable: 2, queueSize: 5, open: null });
    world.simulator.floor.setQueue('102', { 'enabled-agent-count': 0, 'agent-count-waitTransact': 0 });
    expect((await ask('realtime', '?queueId=102')).state).toBe('unavailable');
    expect(asked(/oauth/)).toBe(1);
    world.simulator.floor.revokeTokens();
    expect(await ask('realtime', '?queueId=998')).toMatchObject({
      state: 'unknown',
      reason: expect.stringContaining('400'),
    });
    expect(asked(/oauth/)).toBe(2);
    expect((await ask('realtime-in-europe')).state).toBe('available');
    expect(asked(/^\/eu\/analytics/)).toBe(1);
  });

  it('says that the credentials of the real-time metrics are wrong, and does not say them', async () => {
    const { state, reason } = await ask('wrong-secret');
    expect(state).toBe('unknown');
    expect(reason).toMatch(/8x8 answered 401/);
    expect(world.logs.join('') + String(reason)).not.toMatch(/not-the-secret|rt-secret/);
  });

  it('knows no other provider, and needs a key', async () => {
    await world.api('get', '/v1/providers/nobody/availability').expect(404);
    await world.api('get', '/v1/providers/support-8x8/availability', 'wrong-key').expect(401);
    const answer = await world.api('get', '/v1/providers/support-8x8/availability?queue=1').expect(400);
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/queue' }] });
  });

  describe('a start that requires somebody', () => {
    const start = (request: object, key?: string) => {
      const call = world.api('post', '/v1/handovers');
      return (key ? call.set('idempotency-key', key) : call).send({
        ...startRequest(),
        requireAvailable: true,
        ...request,
      });
    };

    it('is refused while nobody is there, and says why', async () => {
      world.simulator.floor.setSchedule('business-hours', -1);
      const before = world.simulator.conversations().length;
      const answer = await start({ provider: fresh(), sessionId: 'refused' }).expect(409);
      expect(answer.body).toMatchObject({
        reason: 'unavailable',
        detail: expect.stringContaining('closed'),
        availability: { state: 'unavailable', open: false },
      });
      const list = await world.api('get', '/v1/handovers?sessionId=refused').expect(200);
      expect((list.body as { data: [] }).data).toEqual([]);
      expect(world.simulator.conversations()).toHaveLength(before);
    });

    it('goes by the queue that the handover asks for', async () => {
      world.simulator.floor.setQueue('102', { 'enabled-agent-count': 0, 'agent-count-waitTransact': 0 });
      const provider = fresh();
      await start({ provider, settings: { queueId: '102' } }).expect(409);
      await start({ provider }).expect(201);
    });

    it.each([
      ['with a blank', { queueId: '102 ' }],
      ['in the JSON properties', { jsonProperties: { assignment: { id: '102' } } }],
      ['in the JSON properties, with a blank', { queueId: '101', jsonProperties: { assignment: { id: ' 102' } } }],
    ])('goes by that queue also where it is written %s', async (_, settings) => {
      const provider = fresh();
      const started = await start({ provider, sessionId: `before ${provider}`, settings }).expect(201);
      const { conversationId } = await world.status((started.body as { id: string }).id, 'queued');
      expect(world.simulator.conversation(conversationId as string).assignment.id).toBe('102');
      world.simulator.floor.setQueue('102', { 'enabled-agent-count': 0, 'agent-count-waitTransact': 0 });
      await start({ provider: fresh(), settings }).expect(409);
    });

    it('is refused in a queue for calls', async () => {
      world.simulator.floor.setQueue('102', { 'media-type': 'phone' });
      const answer = await start({ provider: fresh(), settings: { queueId: '102' } }).expect(409);
      expect(answer.body).toMatchObject({ reason: 'unavailable', detail: expect.stringContaining('is for phone') });
    });

    it('starts when it is not known, and when nobody asks for it', async () => {
      await start({ provider: 'support-8x8' }).expect(201);
      world.simulator.floor.setSchedule('business-hours', -1);
      const provider = fresh();
      await start({ provider }).expect(409);
      await start({ provider, requireAvailable: false }).expect(201);
    });

    it('gets the same answer again under its key, once it was started', async () => {
      const request = { provider: fresh(), sessionId: 'repeated' };
      const first = await start(request, 'key-1').expect(201);
      world.simulator.floor.setSchedule('business-hours', -1);
      const provider = fresh();
      await start({ ...request, provider }, 'key-1').expect(422);
      expect((await start(request, 'key-1').expect(201)).body).toEqual(first.body);
      // What was refused was not done, so nothing keeps the same request from being tried again later.
      await start({ provider, sessionId: 'later' }, 'key-2').expect(409);
      const keys = await world.database.query(`SELECT key FROM idempotency_key WHERE key IN ('key-1', 'key-2')`);
      expect(keys).toEqual([{ key: 'key-1' }]);
    });

    it('is refused for what is wrong with it before anybody is asked', async () => {
      const answer = await start({ provider: fresh(), settings: { channelId: 7 } }).expect(400);
      expect(answer.body).toMatchObject({ errors: [{ pointer: '/settings/channelId' }] });
      expect(world.simulator.requests.filter(({ path }) => path.startsWith('/cc'))).toEqual([]);
      await start({ requireAvailable: 'yes' }).expect(400);
    });
  });
});
