import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from '#persistence';
import { LiveChannel, openDatabase } from '../support/built.js';
import { freshDatabase } from '../support/database.js';
import { until } from '../support/wait.js';

describe('what one replica tells the others', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let source: DataSource;
  const heard: string[][] = [[], []];
  let channels: LiveChannel[];
  beforeAll(async () => {
    database = await freshDatabase();
    source = await openDatabase(database.url, 2);
    channels = heard.map((own) => new LiveChannel(source, database.url, (id, body) => own.push(`${id} ${body}`)));
    for (const channel of channels) await channel.start();
  });
  afterAll(async () => {
    for (const channel of channels) await channel.stop();
    await source.destroy();
    await database.drop();
  });

  it('reaches them, and not itself', async () => {
    await channels[0]!.say('ho_1', '{"a":"🙂"}');
    await until('the other', () => heard[1]!.length === 1);
    await channels[1]!.say('ho_2', '{}');
    await until('the first', () => heard[0]!.length === 1);
    expect(heard).toEqual([['ho_2 {}'], ['ho_1 {"a":"🙂"}']]);
  });

  it('is dropped when it is too long to be carried', async () => {
    await expect(channels[0]!.say('ho_1', 'é'.repeat(4_000))).resolves.toBeUndefined();
  });

  it('is heard again after the connection broke', async () => {
    const broken = await source.query<unknown[]>(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    );
    expect(broken).toHaveLength(2);
    await until('both to hear again', async () => {
      await channels[0]!.say('ho_3', '');
      await channels[1]!.say('ho_3', '');
      return heard.every((own) => own.includes('ho_3 '));
    });
  });
});
