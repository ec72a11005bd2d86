import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from '#persistence';
import { Housekeeping, openDatabase, PgHousekeepingStore } from '../support/built.js';
import { freshDatabase } from '../support/database.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, BOT_KEY, World } from '../support/world.js';

type Database = Awaited<ReturnType<typeof freshDatabase>>;
const DAY_MS = 86_400_000;
const KEPT = { inboxMs: 7 * DAY_MS, attachmentsMs: 30 * DAY_MS, handoversMs: null };
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined };

async function addEvents(database: Database, status: string, ageDays: number, count = 1): Promise<void> {
  await database.query(
    `INSERT INTO inbox (source, key, type, providers, conversation_id, body, status, received_at)
     SELECT 's', gen_random_uuid()::text, 't', '{p}', 'c', '', $1, now() - $2 * interval '1 day' FROM generate_series(1, $3)`,
    [status, ageDays, count],
  );
}

let files = 0;

async function addHandover(database: Database, id: string, status: string): Promise<void> {
  await database.query(
    `INSERT INTO handover (id, bot, provider, session_id, user_id, "user", settings, status, created_at, lifecycle,
       transcript_length, message_sequence, event_sequence)
     VALUES ($1, 'b', 'p', $1, 'u', '{}', '{}', $2, now(), '{}', 0, 0, 0)`,
    [id, status],
  );
}

/** A file of two pieces. Its id begins with its time, as those of real ones do. */
async function addFile(database: Database, handover: string, ageDays: number, named = true): Promise<void> {
  const id = `att_${String(1_000 - ageDays * 10).padStart(6, '0')}-${files++}`;
  await database.query(
    `INSERT INTO attachment (id, handover_id, filename, status, size, named, created_at)
     VALUES ($1, $2, $3, 'complete', 2, $4, now() - $5 * interval '1 day')`,
    [id, handover, `${handover} ${ageDays}`, named, ageDays],
  );
  await database.query(`INSERT INTO attachment_chunk VALUES ($1, 0, 'a'), ($1, 1, 'b')`, [id]);
}

const filesOf = async (database: Database): Promise<string[]> =>
  (await database.query(`SELECT filename FROM attachment ORDER BY filename`)).map(({ filename }) => String(filename));

const countsOf = async (database: Database): Promise<Record<string, unknown>> => {
  const rows = await database.query(`SELECT status, count(*)::int AS n FROM inbox GROUP BY status`);
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
};

describe('housekeeping', () => {
  let database: Database;
  let connections: DataSource;
  beforeAll(async () => {
    database = await freshDatabase();
    connections = await openDatabase(database.url, 6);
    await database.query(`INSERT INTO bot (name, key_hash, enabled, provisioned) VALUES ('b', 'h', true, true)`);
    await database.query(
      `INSERT INTO provider (name, type, settings, defaults, enabled, provisioned) VALUES ('p', 't', '{}', '{}', true, true)`,
    );
  });
  beforeEach(() => database.query(`TRUNCATE inbox, idempotency_key, replica, attachment, attachment_chunk`));
  afterAll(async () => {
    await connections.destroy();
    await database.drop();
  });

  const housekeeping = (): Housekeeping => new Housekeeping(new PgHousekeepingStore(connections), KEPT, quiet);

  it('removes settled events that are old, and neither young ones nor any that is still to be applied', async () => {
    for (const status of ['pending', 'parked', 'applied', 'ignored', 'dead']) await addEvents(database, status, 8);
    for (const status of ['applied', 'ignored', 'dead']) await addEvents(database, status, 6);
    await housekeeping().sweep();
    expect(await countsOf(database)).toEqual({ pending: 1, parked: 1, applied: 1, ignored: 1, dead: 1 });
  });

  it('goes on batch by batch, past events that stay', async () => {
    await addEvents(database, 'parked', 30, 1_500);
    await addEvents(database, 'applied', 20, 2_600);
    await addEvents(database, 'applied', 1, 10);
    await housekeeping().sweep();
    expect(await countsOf(database)).toEqual({ parked: 1_500, applied: 10 });
  });

  it('can be done by several replicas at the same time', async () => {
    await addEvents(database, 'applied', 20, 3_500);
    await database.query(
      `INSERT INTO idempotency_key (bot, scope, key, fingerprint, created_at)
       SELECT 'b', 's', n::text, 'f', now() - interval '25 hours' FROM generate_series(1, 2500) n`,
    );
    await Promise.all([1, 2, 3, 4].map(() => housekeeping().sweep()));
    await housekeeping().sweep();
    expect(await countsOf(database)).toEqual({});
    expect(await database.query(`SELECT 1 FROM idempotency_key`)).toEqual([]);
  });

  it('waits for nobody: a row that is being changed is left for later', async () => {
    await database.query(
      `INSERT INTO idempotency_key (bot, scope, key, fingerprint, created_at) VALUES
       ('b', 's', 'locked', 'f', now() - interval '25 hours'), ('b', 's', 'old', 'f', now() - interval '25 hours'),
       ('b', 's', 'young', 'f', now() - interval '23 hours')`,
    );
    await connections.transaction(async (manager) => {
      await manager.query(`SELECT 1 FROM idempotency_key WHERE key = 'locked' FOR UPDATE`);
      await housekeeping().sweep();
    });
    const keys = await database.query(`SELECT key FROM idempotency_key ORDER BY key`);
    expect(keys.map(({ key }) => key)).toEqual(['locked', 'young']);
  });

  it('removes files a while after they came, but not of a handover that is open, nor before', async () => {
    await addHandover(database, 'open', 'active');
    await addHandover(database, 'over', 'completed');
    for (const handover of ['open', 'over', 'gone']) for (const age of [31, 29]) await addFile(database, handover, age);
    await housekeeping().sweep();
    expect(await filesOf(database)).toEqual(['gone 29', 'open 29', 'open 31', 'over 29']);
    expect(await database.query(`SELECT DISTINCT attachment_id FROM attachment_chunk`)).toHaveLength(4);
  });

  it('goes on past files that stay', async () => {
    await addHandover(database, 'busy', 'active');
    for (let n = 0; n < 12; n++) await addFile(database, 'busy', 40);
    await addFile(database, 'gone', 35);
    await housekeeping().sweep();
    expect((await filesOf(database)).filter((file) => file.startsWith('gone'))).toEqual([]);
  });

  it('removes files that no message has named within a day', async () => {
    await addHandover(database, 'talking', 'active');
    await addFile(database, 'talking', 0.9, false);
    await addFile(database, 'talking', 1.1, false);
    await addFile(database, 'talking', 1.2, true);
    await housekeeping().sweep();
    expect(await filesOf(database)).toEqual(['talking 0.9', 'talking 1.2']);
  });
});

describe('a gateway with a retention', () => {
  it('removes what is older by itself, soon after its start', async () => {
    const world = await World.start({ retention: { inbox: '2d' } });
    try {
      await addEvents(world.database, 'applied', 3);
      await addEvents(world.database, 'applied', 1);
      await until('one to be removed', async () => (await countsOf(world.database)).applied === 1);
    } finally {
      await world.stop();
    }
  });
});

describe('handovers that are over', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ retention: { handovers: '2h' } });
  });
  afterAll(() => world.stop());

  const TABLES = ['message', 'event', 'command', 'attachment', 'copilot_tile', 'inbox', 'lane'];

  const leftOf = async (id: string): Promise<string[]> => {
    const left: string[] = [];
    for (const table of TABLES)
      if ((await world.database.query(`SELECT 1 FROM ${table} WHERE handover_id = $1`, [id])).length > 0)
        left.push(table);
    return left;
  };

  /** One that is over, with something of everything. */
  async function whole(userId: string): Promise<string> {
    const { id, conversationId } = await world.active({ userId });
    const file = await world.uploaded(id, 'content', 'a.txt', 'text/plain');
    await world
      .api('post', `/v1/handovers/${id}/messages`)
      .send({ text: 'x', attachments: [{ id: file }] })
      .expect(202);
    await world
      .api('put', `/v1/handovers/${id}/copilot/tiles/t`)
      .send({ kind: 'text', title: 't', content: { text: 'x' } });
    await world.simulator.agent.say(conversationId, 'answer', 'agent-ann');
    await world.bot.event(id, 'message.created');
    await world.delivered(id);
    await world.api('post', `/v1/handovers/${id}/close`).send({}).expect(202);
    await world.status(id, 'completed');
    await until('all to be delivered', async () => !(await leftOf(id)).includes('lane'));
    return id;
  }

  it('are removed by and by with all that is theirs, and what is open or young stays', async () => {
    const [old, young] = [await whole('u-old'), await whole('u-young')];
    const { id: open } = await world.active({ userId: 'u-open' });
    expect(await leftOf(old)).toEqual(expect.arrayContaining(['message', 'event', 'command', 'attachment', 'inbox']));
    await world.database.query(
      `UPDATE handover SET created_at = now() - interval '3 hours', ended_at = CASE WHEN id = $2 THEN NULL ELSE now() - interval '3 hours' END
       WHERE id = ANY($1)`,
      [[old, open], open],
    );
    await world.stopGateway();
    await world.startGateway();
    await until(
      'the old one to be gone',
      async () => (await world.api('get', `/v1/handovers/${old}`)).status === 404,
      30_000,
    );
    expect(await leftOf(old)).toEqual([]);
    expect((await world.read(young)).status).toBe('completed');
    expect((await world.read(open)).status).toBe('active');
    expect(await leftOf(young)).toContain('message');
  });

  it('are erased for a user when an operator asks for it, once they are closed', async () => {
    const [one, other] = [await whole('u-erase'), await whole('u-other')];
    const { id: open } = await world.active({ userId: 'u-erase' });
    const erase = async (input: object, key = ADMIN_KEY): Promise<[number, Record<string, unknown>]> => {
      const { status, body } = await world.api('post', '/v1/handovers/erase', key).send(input);
      return [status, body as Record<string, unknown>];
    };
    expect((await erase({ userId: 'u-erase' }, BOT_KEY))[0]).toBe(403);
    expect((await erase({}))[0]).toBe(400);
    expect(await erase({ userId: 'u-erase' })).toEqual([409, expect.objectContaining({ handoverId: open })]);
    expect(await leftOf(one)).toContain('message');
    await world.api('post', `/v1/handovers/${open}/close`).send({}).expect(202);
    await world.status(open, 'completed');
    expect(await erase({ userId: 'u-erase', bot: 'other-bot' })).toEqual([200, { erased: 0 }]);
    expect(await erase({ userId: 'u-erase', bot: 'test-bot' })).toEqual([200, { erased: 2 }]);
    expect((await world.api('get', `/v1/handovers/${one}`)).status).toBe(404);
    expect(await leftOf(one)).toEqual([]);
    expect((await world.read(other)).status).toBe('completed');
  });
});
