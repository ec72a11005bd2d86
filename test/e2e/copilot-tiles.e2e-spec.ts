import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { withCopilot } from '../support/copilot.js';
import { ADMIN_KEY, OTHER_BOT_KEY, World, type Problem } from '../support/world.js';

type Json = Record<string, unknown>;

const TILES: Record<string, Json> = {
  text: { kind: 'text', title: 'Note', text: 'Asked **twice**.', format: 'markdown', width: 2 },
  keyValue: { kind: 'keyValue', title: 'Account', entries: [{ label: 'Balance', value: '1,234.56 €' }] },
  links: { kind: 'links', title: 'Invoices', links: [{ title: 'No 42', url: 'https://shop.example.com/i/42?a=b' }] },
  suggestedReply: { kind: 'suggestedReply', title: 'Say', text: 'Your balance is …' },
  adaptiveCard: {
    kind: 'adaptiveCard',
    title: 'Card',
    card: { type: 'AdaptiveCard', version: '1.3', body: [{ type: 'TextBlock', text: 'Hi' }], $schema: 'x' },
  },
};

describe('copilot tiles', () => {
  let world: World;
  let id: string;
  beforeAll(async () => {
    world = await World.start({ providers: (simulator) => [withCopilot(simulator)] });
    id = (await world.handover({ provider: 'desk' })).id;
  });
  afterAll(() => world.stop());

  const path = (key = '', handover = id): string => `/v1/handovers/${handover}/copilot/tiles${key && `/${key}`}`;
  const keys = async (handover = id): Promise<string[]> =>
    ((await world.api('get', path('', handover)).expect(200)).body as { data: { key: string }[] }).data.map(
      ({ key }) => key,
    );

  it('of every kind are put, read, listed in the order of their first put, replaced and removed', async () => {
    for (const [key, tile] of Object.entries(TILES)) {
      const { body } = await world.api('put', path(key)).send(tile).expect(201);
      const { createdAt, updatedAt, ...rest } = body as Json;
      expect(rest).toEqual({ width: 1, ...tile, key });
      expect([createdAt, updatedAt]).toEqual([expect.stringMatching(/Z$/), createdAt]);
      expect((await world.api('get', path(key)).expect(200)).body).toEqual(body);
    }
    const again = await world
      .api('put', path('text'))
      .send({ ...TILES.links, title: 'New' })
      .expect(200);
    expect(again.body).toMatchObject({ key: 'text', kind: 'links', title: 'New', width: 1 });
    expect(again.body).not.toHaveProperty('text');
    expect(await keys()).toEqual(Object.keys(TILES));
    for (let twice = 0; twice < 2; twice++) await world.api('delete', path('links')).expect(204);
    await world.api('get', path('links')).expect(404);
    expect(await keys()).toEqual(['text', 'keyValue', 'suggestedReply', 'adaptiveCard']);
  });

  it.each<[string, unknown, string]>([
    ['nothing', [], ''],
    ['no kind', { title: 't' }, '/kind'],
    ['an unknown kind', { kind: 'html', title: 't', text: 'x' }, '/kind'],
    ['no title', { kind: 'text', text: 'x' }, '/title'],
    ['an empty title', { kind: 'text', title: '', text: 'x' }, '/title'],
    ['a field of another kind', { ...TILES.suggestedReply, format: 'plain' }, '/format'],
    ['an unknown format', { ...TILES.text, format: 'html' }, '/format'],
    ['too long a text', { ...TILES.text, text: 'x'.repeat(16_001) }, '/text'],
    ['a width of 4', { ...TILES.text, width: 4 }, '/width'],
    ['a width of text', { ...TILES.text, width: '1' }, '/width'],
    ['no entries', { ...TILES.keyValue, entries: [] }, '/entries'],
    ['too many entries', { ...TILES.keyValue, entries: Array(51).fill({ label: 'l', value: 'v' }) }, '/entries'],
    ['an entry without a value', { ...TILES.keyValue, entries: [{ label: 'l' }] }, '/entries/0/value'],
    ['a script as a link', { ...TILES.links, links: [{ title: 't', url: 'javascript:alert(1)' }] }, '/links/0/url'],
    [
      'a link with a user',
      { ...TILES.links, links: [{ title: 't', url: 'https://bank@evil.example' }] },
      '/links/0/url',
    ],
    ['a link that is none', { ...TILES.links, links: [{ title: 't', url: '/i/42' }] }, '/links/0/url'],
    ['a card that is none', { ...TILES.adaptiveCard, card: { type: 'Card', version: '1.3' } }, '/card/type'],
    ['too new a card', { ...TILES.adaptiveCard, card: { type: 'AdaptiveCard', version: '1.4' } }, '/card/version'],
    ['a card that is text', { ...TILES.adaptiveCard, card: 'x' }, '/card'],
    ['too much', { ...TILES.keyValue, entries: Array(10).fill({ label: 'l', value: 'ü'.repeat(2_000) }) }, ''],
  ])('refuse %s', async (_, tile, pointer) => {
    const { status, problem } = await world.raw('PUT', path('bad'), JSON.stringify(tile));
    expect([status, problem.errors?.map((error) => error.pointer)]).toEqual([400, [pointer]]);
    expect(await keys()).not.toContain('bad');
  });

  it.each(['a%20b', 'x'.repeat(65), 'a%2Fb', '%C3%BC'])('refuse the key %s', async (key) => {
    expect((await world.raw('PUT', path(key), JSON.stringify(TILES.text))).status).toBe(400);
  });

  it('keep half a surrogate pair from becoming an error', async () => {
    const { status } = await world.raw('PUT', path('odd'), '{"kind":"text","title":"\\ud800","text":"a\\udc00b"}');
    expect(status).toBe(201);
    expect((await world.api('get', path('odd')).expect(200)).body).toMatchObject({ title: '\ufffd', text: 'a\ufffdb' });
    await world.api('delete', path('odd')).expect(204);
  });

  it('are the own bot’s only; the operator reads them', async () => {
    for (const method of ['get', 'put', 'delete'] as const)
      await world
        .api(method, path('text'), OTHER_BOT_KEY)
        .send(method === 'put' ? TILES.text : undefined)
        .expect(404);
    await world.api('get', path(), OTHER_BOT_KEY).expect(404);
    expect((await world.api('get', path(), ADMIN_KEY).expect(200)).body).toMatchObject({ next: null });
    await world.api('put', path('text'), ADMIN_KEY).send(TILES.text).expect(403);
    await world.api('delete', path('text'), ADMIN_KEY).expect(403);
    expect((await world.raw('GET', path(), undefined, { authorization: '' })).status).toBe(401);
    expect((await world.raw('PUT', path('x', 'ho_none'), JSON.stringify(TILES.text))).status).toBe(404);
  });

  it('are at most 50, however many are put at the same moment', async () => {
    const { id: full } = await world.handover({ provider: 'desk' });
    const put = async (key: string): Promise<number> =>
      (await world.raw('PUT', path(key, full), JSON.stringify(TILES.text))).status;
    await Promise.all(Array.from({ length: 49 }, (_, index) => put(`t${index}`)));
    for (let round = 0; round < 5; round++) {
      const statuses = await Promise.all(Array.from({ length: 12 }, (_, index) => put(`r${round}-${index}`)));
      expect(statuses.sort()).toEqual([201, ...Array<number>(11).fill(409)]);
      const last = (await keys(full)).at(-1);
      expect(await put(last!)).toBe(200);
      await world.api('delete', path(last, full)).expect(204);
    }
    expect(await keys(full)).toHaveLength(49);
  });

  it('are refused where there is no page to show them, and once the handover is over', async () => {
    const { id: elsewhere } = await world.handover();
    const unsupported = await world.api('put', path('x', elsewhere)).send(TILES.text).expect(409);
    expect(unsupported.body as Problem).toMatchObject({ reason: 'unsupported' });
    const { id: over } = await world.handover({ provider: 'desk' });
    await world.api('put', path('kept', over)).send(TILES.text).expect(201);
    await world.api('post', `/v1/handovers/${over}/close`).expect(202);
    await world.status(over, 'cancelled');
    await world.api('put', path('x', over)).send(TILES.text).expect(409);
    await world.api('delete', path('kept', over)).expect(409);
    expect(await keys(over)).toEqual(['kept']);
  });

  it('stand in the API reference, one schema for each kind', async () => {
    const { body } = await world.api('get', '/openapi.json').expect(200);
    const { paths, components } = body as { paths: Record<string, Json>; components: { schemas: Json } };
    const put = paths['/v1/handovers/{id}/copilot/tiles/{key}']!.put as {
      requestBody: { content: { 'application/json': { schema: { oneOf: { $ref: string }[] } } } };
    };
    const refs = put.requestBody.content['application/json'].schema.oneOf.map(({ $ref }) => $ref.split('/').at(-1)!);
    expect(refs).toHaveLength(5);
    for (const name of refs) expect(components.schemas).toHaveProperty(name);
    expect(Object.keys(paths).filter((one) => one.startsWith('/copilot'))).toEqual([]);
  });
});
