import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { handover } from '../support/command-line.js';
import { freshDatabase } from '../support/database.js';

describe('handover migrate', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let known: number;
  beforeEach(async () => {
    database = await freshDatabase();
    const [row] = await database.query(`SELECT count(*)::int AS count FROM schema_version`);
    known = row!.count as number;
  });
  afterEach(() => database.drop());

  const migrate = (...more: string[]): ReturnType<typeof handover> =>
    handover(['migrate', ...more], { DATABASE_URL: database.url });

  it('brings an empty database up to date, once', async () => {
    await database.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public`);
    const both = await Promise.all([migrate('--json'), migrate('--json')]);
    const reports = both.map(({ out }) => JSON.parse(out) as { before: number; after: number });
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(reports.map(({ before }) => before).sort()).toEqual([0, known]);
    expect(reports.map(({ after }) => after)).toEqual([known, known]);
    expect(await migrate()).toEqual({ code: 0, out: `The schema is up to date: version ${known}.\n`, err: '' });
  });

  it('refuses a database that needs a newer gateway, and changes nothing', async () => {
    await database.query(`UPDATE schema_floor SET oldest = $1`, [known + 1]);
    const { code, err } = await migrate();
    expect([code, err]).toEqual([1, expect.stringMatching(/too old for its database/)]);
    expect(await database.query(`SELECT oldest FROM schema_floor`)).toEqual([{ oldest: known + 1 }]);
  });

  it('tells a missing variable from a missing database', async () => {
    expect(await handover(['migrate'])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^DATABASE_URL is not set/),
    });
    const away = await handover(['migrate'], { DATABASE_URL: 'postgres://user:pass-word@127.0.0.1:9/x' });
    expect([away.code, away.err]).toEqual([
      3,
      expect.stringMatching(/^DATABASE_URL: the PostgreSQL at 127\.0\.0\.1:9 cannot/),
    ]);
    expect(away.err).not.toContain('pass-word');
  });
});
