import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { ADMIN_KEY, BOT_KEY, OTHER_BOT_KEY, World, type Problem } from '../support/world.js';

const UPLOAD = { method: 'POST', path: '/attachments$' };
const SEND = { method: 'POST', path: '/messages$' };

describe('files that a bot sends', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      attachments: { maxSize: '2MiB', types: ['image/*', 'application/pdf', 'text/plain'] },
    });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  const post = (id: string, body: object, key?: string) =>
    world.api('post', `/v1/handovers/${id}/messages`, key).send(body);
  /** What the agent has of the user and the bot: the text, and the files as they arrived there. */
  const said = (conversationId: string): { text?: string; files: string[] }[] =>
    world.simulator
      .conversation(conversationId)
      .messages.filter(({ authorType }) => authorType === 'user' || authorType === 'bot')
      .map(({ text, attachments }) => ({ text, files: attachments!.map(({ content }) => content.toString('latin1')) }));
  const delivered = (id: string, count: number): Promise<unknown> =>
    until(`${count} messages delivered`, async () => {
      const own = (await world.transcript(id)).filter(({ author }) => author.type !== 'agent');
      return own.length === count && own.every(({ status }) => status === 'delivered');
    });
  const uploadsSeen = (conversationId: string): number =>
    world.simulator.requests.filter(
      ({ method, path, status }) =>
        method === 'POST' && path.endsWith(`${conversationId}/attachments`) && status === 200,
    ).length;

  it('reach the agent byte for byte, in order with the texts around them', async () => {
    const { id, conversationId } = await world.active();
    const content = randomBytes(700_000);
    const uploaded = await world.upload(id, content, 'Größe "1".png', 'image/png').expect(201);
    expect(uploaded.body).toEqual({
      id: expect.stringMatching(/^att_[0-9a-f]{32}$/),
      filename: 'Größe "1".png',
      contentType: 'image/png',
      size: 700_000,
    });
    const file = uploaded.body as { id: string };
    await world.say(id, 'before');
    const accepted = await post(id, { text: 'look', attachments: [{ id: file.id }] }).expect(202);
    expect(accepted.body).toMatchObject({ status: 'pending', attachments: [uploaded.body] });
    await world.say(id, 'after');
    await delivered(id, 3);
    expect(said(conversationId)).toEqual([
      { text: 'before', files: [] },
      { text: 'look', files: [content.toString('latin1')] },
      { text: 'after', files: [] },
    ]);
    const [there] = world.simulator.conversation(conversationId).attachments;
    expect(there).toMatchObject({ filename: 'Größe "1".png', contentType: 'image/png', sizeInBytes: 700_000 });
  });

  it('go without a text under their name, of the bot as well, several at a time', async () => {
    const { id, conversationId } = await world.active();
    const one = await world.uploaded(id, 'first', 'a.txt');
    const two = await world.uploaded(id, 'second', 'b.txt');
    await post(id, { author: 'bot', attachments: [{ id: two }, { id: one }] }).expect(202);
    await delivered(id, 1);
    expect(said(conversationId)).toEqual([{ text: 'b.txt, a.txt', files: ['second', 'first'] }]);
    const [message] = await world.transcript(id);
    expect(message!.text).toBeNull();
  });

  it('wait for the conversation like any message, and may be named again', async () => {
    const id = await world.requestHandover();
    const file = await world.uploaded(id, 'early', 'early.txt');
    await post(id, { attachments: [{ id: file }] }).expect(202);
    await post(id, { text: 'again', attachments: [{ id: file }] }).expect(202);
    await delivered(id, 2);
    const conversationId = await world.conversationOf(id);
    expect(said(conversationId)).toEqual([
      { text: 'early.txt', files: ['early'] },
      { text: 'again', files: ['early'] },
    ]);
    // Housekeeping goes by this.
    expect(await world.database.query(`SELECT named FROM attachment WHERE id = $1`, [file])).toEqual([{ named: true }]);
  });

  it('are served to the bot and to operators by any replica, and to no other bot', async () => {
    const { id } = await world.handover();
    const content = randomBytes(600_001);
    const file = await world.uploaded(id, content, "naïve 'file'.pdf", 'application/pdf');
    const path = `/v1/handovers/${id}/attachments/${file}`;
    const replica = await world.startReplica();
    try {
      for (const [url, key] of [
        [world.gateway.url, ADMIN_KEY],
        [replica.url, BOT_KEY],
      ]) {
        const answer = await fetch(url + path, { headers: { authorization: `Bearer ${key}` } });
        expect(Object.fromEntries(answer.headers)).toMatchObject({
          'content-type': 'application/pdf',
          'content-length': '600001',
          'content-disposition': `attachment; filename="na_ve 'file'.pdf"; filename*=UTF-8''na%C3%AFve%20%27file%27.pdf`,
          'x-content-type-options': 'nosniff',
          'content-security-policy': expect.stringContaining("default-src 'none'"),
        });
        expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
      }
    } finally {
      await replica.stop();
    }
    expect((await world.api('get', path, OTHER_BOT_KEY).expect(404)).body).toMatchObject({ status: 404 });
    await world.api('get', `/v1/handovers/${id}/attachments/att_none`).expect(404);
    // A file is of one handover only.
    const other = await world.requestHandover();
    await world.api('get', `/v1/handovers/${other}/attachments/${file}`).expect(404);
    const refused = await post(other, { attachments: [{ id: file }] }).expect(400);
    expect((refused.body as Problem).errors).toEqual([
      { pointer: '/attachments/0/id', detail: 'is no file that was uploaded here: upload it first' },
    ]);
    await post(id, { attachments: [{ id: file }] }, OTHER_BOT_KEY).expect(404);
    await world.upload(id, 'x', 'x.txt', undefined, OTHER_BOT_KEY).expect(404);
    await world.upload(id, 'x', 'x.txt', undefined, ADMIN_KEY).expect(403);
  });

  it('come back whole whatever their size is to that of the pieces they are kept and read in', async () => {
    const { id } = await world.active();
    for (const size of [1, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 81_920, 131_072, 131_073]) {
      const content = randomBytes(size);
      const file = await world.uploaded(id, content, 'picture.png', 'image/png');
      const served = await world.api('get', `/v1/handovers/${id}/attachments/${file}`).buffer(true).expect(200);
      expect((served.body as Buffer).equals(content)).toBe(true);
    }
  });

  it('are refused with what to do when they are too large, of a wrong type, or no file at all', async () => {
    const { id } = await world.handover();
    const path = `/v1/handovers/${id}/attachments`;
    const problem = async (request: PromiseLike<{ status: number; body: unknown }>): Promise<Problem> =>
      (await request).body as Problem;
    const form = () => world.api('post', path);
    const large = Buffer.alloc(2 * 1_048_576 + 1);
    expect(await problem(world.upload(id, large, 'large.pdf'))).toMatchObject({
      status: 413,
      detail: expect.stringContaining('2 MiB'),
    });
    expect(await problem(world.upload(id, 'MZ', 'run.exe', 'application/x-msdownload'))).toMatchObject({
      status: 415,
      detail: expect.stringContaining('image/*, application/pdf, text/plain'),
    });
    expect(await problem(form().send({ file: 'no form' }))).toMatchObject({
      status: 415,
      detail: expect.stringContaining('multipart/form-data'),
    });
    const errorsOf = async (request: PromiseLike<{ status: number; body: unknown }>) => {
      const { status, errors } = await problem(request);
      return [status, ...(errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`)];
    };
    expect(await errorsOf(world.upload(id, '', 'empty.txt'))).toEqual([400, '/file is empty']);
    expect(await errorsOf(form().field('file', 'a text'))).toEqual([
      400,
      expect.stringContaining('/file must be a file'),
    ]);
    expect(await errorsOf(form().attach('other', Buffer.from('x'), 'x.txt'))).toEqual([
      400,
      expect.stringContaining('/other is not a known field'),
    ]);
    expect(
      await errorsOf(form().attach('file', Buffer.from('x'), 'x.txt').attach('file', Buffer.from('y'), 'y.txt')),
    ).toEqual([400, '/file must be one file']);
    expect(await errorsOf(form().attach('file', Buffer.from('x'), 'x.txt').field('text', 'hello'))).toEqual([
      400,
      expect.stringContaining('/text is not a known field'),
    ]);
    const raw = (body: string, type: string) => world.raw('POST', path, body, { 'content-type': type });
    expect((await raw('--x--\r\n', 'multipart/form-data; boundary=x')).problem.errors?.[0]?.pointer).toBe('/file');
    expect((await raw('what', 'multipart/form-data')).status).toBe(400);
    expect(
      (
        await raw(
          '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\ncut',
          'multipart/form-data; boundary=x',
        )
      ).status,
    ).toBe(400);
    // Forms are for uploads only.
    expect(
      (await world.raw('POST', '/v1/handovers', 'x', { 'content-type': 'multipart/form-data; boundary=x' })).status,
    ).toBe(415);
    // Nothing of all that is kept.
    expect(await world.database.query(`SELECT 1 FROM attachment WHERE handover_id = $1`, [id])).toEqual([]);
  });

  /** An upload in the hands of the test: a file of 600,000 bytes, and then nothing yet. */
  const beginUpload = (id: string): ClientRequest => {
    const upload = httpRequest({
      port: new URL(world.gateway.url).port,
      method: 'POST',
      path: `/v1/handovers/${id}/attachments`,
      headers: { authorization: `Bearer ${BOT_KEY}`, 'content-type': 'multipart/form-data; boundary=x' },
    });
    upload.on('error', () => undefined);
    upload.write(`--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n`);
    upload.write(Buffer.alloc(600_000));
    return upload;
  };
  const kept = (id: string) => world.database.query(`SELECT status FROM attachment WHERE handover_id = $1`, [id]);

  it('are not kept when the caller breaks off half-way', async () => {
    const { id } = await world.handover();
    const upload = beginUpload(id);
    await until('the first pieces', async () => (await kept(id)).length === 1);
    upload.destroy();
    await until('nothing of it', async () => (await kept(id)).length === 0);
  });

  it('are not there before their form has ended well', async () => {
    const { id } = await world.handover();
    const upload = beginUpload(id);
    const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
    upload.write('\r\n--x\r\nContent-Disposition: form-data; name="text"\r\n\r\n');
    const pieces = async () =>
      world.database.query(
        `SELECT sum(length(bytes)) AS total FROM attachment_chunk c JOIN attachment a ON a.id = c.attachment_id
         WHERE a.handover_id = $1`,
        [id],
      );
    await until('all but the last piece', async () => Number((await pieces())[0]!.total) >= 9 * 65_536);
    expect(await kept(id)).toEqual([{ status: 'partial' }]);
    upload.end('hello\r\n--x--\r\n');
    const [answer] = await answered;
    expect(answer.statusCode).toBe(400);
    answer.resume();
    expect(await kept(id)).toEqual([]);
  });

  it('are refused once the handover is over, and named only as they were uploaded', async () => {
    const { id } = await world.handover();
    const file = await world.uploaded(id, 'x', 'x.txt');
    const twice = await post(id, { attachments: [{ id: file }, { id: file }] }).expect(400);
    expect((twice.body as Problem).errors).toEqual([{ pointer: '/attachments/1/id', detail: 'is named twice' }]);
    const wrong = await post(id, { attachments: [{ id: file, name: 'x' }] }).expect(400);
    expect((wrong.body as Problem).errors?.[0]?.pointer).toBe('/attachments/0/name');
    await post(id, { attachments: [] }).expect(400);
    await world.api('post', `/v1/handovers/${id}/close`).expect(202);
    await world.status(id, 'cancelled');
    const late = await world.upload(id, 'x', 'x.txt').expect(409);
    expect((late.body as Problem).detail).toContain('cancelled');
    await world.api('get', `/v1/handovers/${id}/attachments/${file}`).expect(200);
  });

  it('answer a repeated request as the first one', async () => {
    const { id, conversationId } = await world.active();
    const file = await world.uploaded(id, 'x', 'x.txt');
    const send = () =>
      post(id, { attachments: [{ id: file }] })
        .set('idempotency-key', 'the-same')
        .expect(202);
    const [first, second] = [await send(), await send()];
    expect(second.body).toEqual(first.body);
    await delivered(id, 1);
    expect(said(conversationId)).toHaveLength(1);
  });

  it('that 8x8 refuses fail their message, and later ones still go', async () => {
    const { id, conversationId } = await world.active();
    const file = await world.uploaded(id, 'x', 'x.txt');
    world.simulator.faults.set({ api: [{ match: UPLOAD, times: 1, fault: { status: 413 } }] });
    await post(id, { text: 'with a file', attachments: [{ id: file }] }).expect(202);
    await world.say(id, 'later');
    const failed = await world.bot.event(id, 'message.failed');
    expect(failed.data).toMatchObject({
      message: { text: 'with a file', status: 'failed', attachments: [{ id: file }] },
      error: { message: expect.stringContaining('413') },
    });
    await until('the later one', () => said(conversationId).length === 1);
    expect(said(conversationId)).toEqual([{ text: 'later', files: [] }]);
  });

  it('are brought again after an upload that was reset half-way or whose answer was lost', async () => {
    const { id, conversationId } = await world.active();
    const content = randomBytes(1_500_000);
    const file = await world.uploaded(id, content, 'x.png');
    world.simulator.faults.set({
      api: [
        { match: UPLOAD, times: 1, fault: { drop: 'midway' } },
        { match: UPLOAD, times: 1, fault: { drop: 'after' } },
        { match: UPLOAD, times: 1, fault: { status: 503 } },
      ],
    });
    await post(id, { text: 'at last', attachments: [{ id: file }] }).expect(202);
    await world.say(id, 'then');
    await delivered(id, 2);
    expect(said(conversationId)).toEqual([
      { text: 'at last', files: [content.toString('latin1')] },
      { text: 'then', files: [] },
    ]);
  });

  it('are not shown twice when the answer to their message is lost, nor is a text that looks like theirs', async () => {
    const { id, conversationId } = await world.active();
    const files = await Promise.all(['one', 'two'].map((text) => world.uploaded(id, text, `${text}.txt`)));
    world.simulator.faults.set({ api: [{ match: SEND, times: 3, fault: { drop: 'after' } }] });
    await post(id, { attachments: [{ id: files[0] }] }).expect(202);
    await post(id, { text: 'same', attachments: [{ id: files[1] }] }).expect(202);
    await world.say(id, 'same');
    await delivered(id, 3);
    expect(said(conversationId)).toEqual([
      { text: 'one.txt', files: ['one'] },
      { text: 'same', files: ['two'] },
      { text: 'same', files: [] },
    ]);
    expect(uploadsSeen(conversationId)).toBe(2);
  });
});
