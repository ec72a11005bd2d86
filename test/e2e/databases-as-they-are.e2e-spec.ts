import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { migrateDatabase } from '../support/built.js';
import { handover } from '../support/command-line.js';
import { freshDatabase } from '../support/database.js';
import { Pooler } from '../support/pooler.js';
import { until } from '../support/wait.js';
import { ADMIN_KEY, World } from '../support/world.js';

type Database = Awaited<ReturnType<typeof freshDatabase>>;

const nameOf = ({ url }: Database): string => new URL(url).pathname.slice(1);

describe('a database with settings of its own', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it.each([
    ['datestyle', `'German'`],
    ['datestyle', `'Postgres, DMY'`],
    ['timezone', `'Asia/Kathmandu'`],
    ['intervalstyle', `'sql_standard'`],
    ['bytea_output', `'escape'`],
    ['extra_float_digits', `-15`],
    ['standard_conforming_strings', `off`],
    ['default_transaction_isolation', `'serializable'`],
    ['client_encoding', `'LATIN1'`],
    ['statement_timeout', `'1ms'`],
    ['lc_messages', `'de_DE.UTF-8'`],
  ])('works with %s = %s', async (name, value) => {
    await world.stopGateway();
    const database = nameOf(world.database);
    await world.database.query(`ALTER DATABASE ${database} SET ${name} = ${value}`).catch((error: Error) => {
      // A language that this server does not have cannot be set.
      if (name !== 'lc_messages') throw error;
    });
    await world.startGateway();
    const { id, conversationId } = await world.active({ sessionId: 'one session', user: { name: 'Zoë 🙂' } });
    const again = await world
      .api('post', '/v1/handovers')
      .send({ provider: 'support-8x8', sessionId: 'one session', userId: 'u' });
    expect([again.status, (again.body as { handoverId?: string }).handoverId]).toEqual([409, id]);
    await world.say(id, 'question');
    await world.simulator.agent.say(conversationId, 'ę 🙂', 'agent-ann');
    await world.bot.event(id, 'message.created');
    await world.delivered(id);
    const { createdAt } = await world.read(id);
    expect(Math.abs(Date.parse(createdAt as string) - Date.now())).toBeLessThan(600_000);
    for (const path of ['/v1/handovers', `/v1/handovers/${id}/messages`, `/v1/handovers/${id}/events`])
      await world.api('get', path).set('accept', 'application/json').expect(200);
    await world.api('get', '/v1/inbox', ADMIN_KEY).expect(200);
    await world.api('post', `/v1/handovers/${id}/close`).send({}).expect(202);
    await world.database.query(`ALTER DATABASE ${database} RESET ${name}`);
  });
});

describe('a database that keeps other texts than UTF-8', () => {
  let database: Database;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database.drop());

  it.each(['LATIN1', 'WIN1252', 'EUC_JP'])('is refused at the start, and left empty: %s', async (encoding) => {
    const name = `odd_${encoding.toLowerCase()}`;
    await database.query(
      `CREATE DATABASE ${name} ENCODING '${encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0`,
    );
    const url = new URL(database.url);
    url.pathname = `/${name}`;
    await expect(migrateDatabase(url.href)).rejects.toThrow(
      new RegExp(`^DATABASE_URL: the database "${name}" has the encoding ${encoding}.*ENCODING 'UTF8'`),
    );
    const { code, err } = await handover(['migrate'], { DATABASE_URL: url.href });
    expect([code, err]).toEqual([1, expect.stringContaining(encoding)]);
    await database.query(`DROP DATABASE ${name}`);
  });
});

describe('a server that takes no changes, as after a failover', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
  });
  afterAll(() => world.stop());

  it('is away: 503 and not ready, until it takes changes again', async () => {
    const { id } = await world.active();
    const database = nameOf(world.database);
    const ready = async (): Promise<number> => (await fetch(`${world.gateway.url}/health/ready`)).status;
    await world.database.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    await world.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`,
    );
    await until('not ready', async () => (await ready()) === 503);
    const refused = await world.api('post', `/v1/handovers/${id}/messages`).send({ text: 'once' });
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '2']);
    for (const path of [`/v1/handovers/${id}/close`, `/v1/handovers/${id}/typing`])
      expect((await world.api('post', path).send({})).status).not.toBe(500);
    expect((await world.upload(id, 'content', 'a.txt')).status).toBe(503);
    await world.database.query(
      `SET transaction_read_only = off; ALTER DATABASE ${database} RESET default_transaction_read_only`,
    );
    await until('ready again', async () => (await ready()) === 200);
    await until(
      'a message',
      async () => (await world.api('post', `/v1/handovers/${id}/messages`).send({ text: 'twice' })).status === 202,
    );
  });

  it('does not take a new gateway in, and says why', async () => {
    const database = nameOf(world.database);
    await world.stopGateway();
    await world.database.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
    await expect(world.startGateway()).rejects.toThrow(/^DATABASE_URL: .* is read-only: .*address of the primary/);
    await world.database.query(
      `SET transaction_read_only = off; ALTER DATABASE ${database} RESET default_transaction_read_only`,
    );
    await world.startGateway();
  });
});

describe('a pooler that knows few startup parameters', () => {
  let world: World;
  let pooler: Pooler;
  beforeAll(async () => {
    world = await World.start();
    await world.stopGateway();
    pooler = await Pooler.start(world.database.url);
  });
  afterAll(async () => {
    await world.stop();
    await pooler.stop();
  });

  it('is started and worked through, with the session as it has to be', async () => {
    await world.startGateway({ DATABASE_URL: pooler.url });
    const { id, conversationId } = await world.active();
    await world.simulator.agent.say(conversationId, 'through the pooler', 'agent-ann');
    await world.bot.event(id, 'message.created');
  });
});

describe('DATABASE_URL without a host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'handover-socket-'));
  let database: Database;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(async () => {
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['', '?host=FOLDER'],
    [':5433', '?host=FOLDER'],
    ['', '?host=FOLDER&port=5433'],
    [':5433', '?application_name=gw&host=FOLDER'],
  ])('means the socket in the folder that the query names: @%s/db%s', async (port, query) => {
    const { username, password, pathname, port: tcp } = new URL(database.url);
    const file = join(folder, `.s.PGSQL.${port || query.includes('port=') ? 5433 : 5432}`);
    // The server of the tests listens on TCP only.
    const socket = createServer((client) => {
      const server = connect(Number(tcp), '127.0.0.1').on('error', () => client.destroy());
      client
        .on('error', () => server.destroy())
        .pipe(server)
        .pipe(client);
    }).listen(file);
    await once(socket, 'listening');
    const url = `postgres://${username}:${password}@${port}${pathname}${query.replace('FOLDER', encodeURIComponent(folder))}`;
    const { code, err } = await handover(['migrate'], { DATABASE_URL: url });
    await new Promise((resolve) => socket.close(resolve));
    expect([code, err]).toEqual([0, '']);
  });

  it('names the folder when there is no socket in it', async () => {
    const { code, err } = await handover(['migrate'], {
      DATABASE_URL: `postgres://u:pass-word@/db?host=${folder}/none`,
    });
    expect([code, err]).toEqual([3, expect.stringContaining(`the PostgreSQL at ${folder}/none cannot be used`)]);
    expect(err).not.toContain('pass-word');
  });
});

describe('a server with TLS of an authority of its own', () => {
  const [key, cert] = ['key', 'pem'].map((end) => readFileSync(`test/support/tls/own-authority.${end}`));
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // PostgreSQL's protocol, SSLRequest: answered by one letter, then the handshake.
    socket.once('data', () => {
      socket.write('S');
      new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ key, cert }) }).on(
        'error',
        () => undefined,
      );
    });
  });
  let url: string;
  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `postgres://u:pass-word@127.0.0.1:${(server.address() as AddressInfo).port}/db`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  it.each(['require', 'verify-full', 'prefer'])('is refused with what to do about it: sslmode=%s', async (mode) => {
    const { code, err } = await handover(['migrate'], { DATABASE_URL: `${url}?sslmode=${mode}` });
    expect(code).toBe(3);
    for (const way of ['sslrootcert=', 'NODE_EXTRA_CA_CERTS', 'sslmode=no-verify']) expect(err).toContain(way);
    expect(err).not.toContain('pass-word');
  });

  it('names a certificate file that is not there', async () => {
    const { code, err } = await handover(['migrate'], {
      DATABASE_URL: `${url}?sslmode=verify-full&sslrootcert=/no/ca.pem`,
    });
    expect([code, err]).toEqual([3, expect.stringMatching(/DATABASE_URL: the file \/no\/ca\.pem cannot be read/)]);
  });
});

describe('what strangers say on the channel of the replicas', () => {
  let world: World;
  afterEach(() => world.stop());

  it('ends no replica, and reaches no stream as it is', async () => {
    world = await World.start({ asProcess: true });
    const { id } = await world.active();
    for (const said of ['x', '', '{}', 'null', '[1]', '["a"]', '["a", 1, 2]', `["a", "${id}", "x\\n\\nevent: forged"]`])
      await world.database.query(`SELECT pg_notify('handover_live', $1)`, [said]);
    await world.say(id, 'still here');
    await world.delivered(id);
  });
});
