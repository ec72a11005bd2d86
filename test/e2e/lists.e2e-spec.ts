import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ADMIN_KEY, World } from '../support/world.js';

/** More than one page may walk along. */
const MANY = 10_050;

interface Listed {
  data: { id: string }[];
  next: string | null;
}

describe('lists that several filters narrow', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start();
    const id = await world.requestHandover();
    const copy = async (bot: string, provider: string, first: number, count: number): Promise<void> => {
      await world.database.query(
        `INSERT INTO bot SELECT one.* FROM bot b, LATERAL jsonb_populate_record(b, jsonb_build_object('name', $1::text, 'key_hash', md5($1))) one
           LIMIT 1 ON CONFLICT DO NOTHING`,
        [bot],
      );
      await world.database.query(
        `INSERT INTO provider SELECT one.* FROM provider p, LATERAL jsonb_populate_record(p, jsonb_build_object('name', $1::text)) one
           LIMIT 1 ON CONFLICT DO NOTHING`,
        [provider],
      );
      await world.database.query(
        `INSERT INTO handover SELECT one.* FROM handover h, generate_series($3::int, $3::int + $4::int - 1) n,
           LATERAL jsonb_populate_record(h, jsonb_build_object('id', 'ho_' || lpad(to_hex(n), 32, '0'), 'bot', $1::text, 'provider', $2::text,
             'session_id', 's-' || n, 'user_id', 'u', 'status', 'completed', 'end_reason', 'bot', 'ended_at', now(), 'conversation_id', NULL,
             'wake_at', NULL)) one
         WHERE h.id = $5`,
        [bot, provider, first, count, id],
      );
      await world.database.query(
        `INSERT INTO inbox OVERRIDING SYSTEM VALUE SELECT one.* FROM generate_series($1::int, $1::int + $2::int - 1) n, LATERAL jsonb_populate_record(NULL::inbox,
           jsonb_build_object('id', 1000000 + n, 'source', 's', 'key', 'k-' || n, 'type', 't', 'providers', jsonb_build_array($3::text),
             'tenant', 't', 'conversation_id', 'many', 'body', '', 'status', 'ignored', 'received_at', now(), 'repeats', 0)) one`,
        [first, count, provider],
      );
    };
    // The newest are one bot's, of another provider. Behind them it has one that fits, and the oldest are another bot's, which all fit.
    await copy('one', 'other', 5_000, MANY);
    await copy('one', 'wanted', 4_000, 1);
    await copy('two', 'wanted', 1, 1_200);
    await world.database.query('ANALYZE handover');
  });
  afterAll(() => world.stop());

  async function all(path: string): Promise<string[]> {
    const ids: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const answer = await world.api('get', `${path}&limit=100${cursor && `&cursor=${cursor}`}`, ADMIN_KEY).expect(200);
      const { data, next } = answer.body as Listed;
      expect(next).not.toBe(cursor);
      ids.push(...data.map(({ id }) => id));
      cursor = next;
    }
    return ids;
  }

  it('have each handover once, also one behind a long walk while another bot fills the page', async () => {
    const ids = await all('/v1/handovers?status=completed&provider=wanted');
    expect(ids).toHaveLength(1_201);
    expect(new Set(ids).size).toBe(1_201);
    expect(ids[0]).toBe(`ho_${(4_000).toString(16).padStart(32, '0')}`);
  });

  it('have each event of the inbox once, also one behind a long walk', async () => {
    const ids = await all('/v1/inbox?conversationId=many&provider=wanted');
    expect(ids).toHaveLength(1_201);
    expect(ids[0]).toBe('1004000');
  });
});
