import { createServer, type Server } from 'node:http';
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/wait.js';
import { World } from '../support/world.js';

const CONTENT = { method: 'GET', path: '/content$' };
type Attachment = { id: string; filename: string; contentType: string | null; size: number | null; error?: string };

describe('files that an agent sends', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({
      attachments: { maxSize: '1MiB', types: ['image/*', 'text/plain', 'application/pdf'] },
    });
  });
  afterEach(() => world.simulator.faults.reset());
  afterAll(() => world.stop());

  /** The files of the nth message that the bot heard of. */
  const attachmentsOf = async (id: string, nth = 1): Promise<Attachment[]> =>
    (await world.bot.event(id, 'message.created', nth)).data.message!.attachments as Attachment[];
  const bytesOf = async (id: string, file: Attachment): Promise<Buffer> => {
    const path = `/v1/handovers/${id}/attachments/${file.id}`;
    return (await world.api('get', path).buffer(true).parse(binary).expect(200)).body as Buffer;
  };

  it('reach the bot with their message, and stay when their address is void', async () => {
    const { id, conversationId } = await world.active();
    const content = randomBytes(700_000);
    await world.simulator.agent.sendFile(
      conversationId,
      { filename: 'bill.pdf', contentType: 'application/pdf', content },
      'here',
    );
    const { message } = (await world.bot.event(id, 'message.created')).data;
    const file = {
      id: expect.stringMatching(/^att_/),
      filename: 'bill.pdf',
      contentType: 'application/pdf',
      size: 700_000,
    };
    expect(message).toMatchObject({ text: 'here', author: { type: 'agent' }, attachments: [file] });
    world.simulator.faults.set({ fileUrlsExpired: true, api: [{ match: CONTENT, fault: { status: 404 } }] });
    const [attachment] = message!.attachments as Attachment[];
    expect((await bytesOf(id, attachment!)).equals(content)).toBe(true);
    expect((await world.api('get', `/v1/handovers/${id}/messages`)).body).toMatchObject({
      data: [{ attachments: [attachment] }],
    });
    // Its address was enough: the key was not used.
    expect(world.simulator.requests.filter(({ path }) => path.endsWith('/content'))).toEqual([]);
  });

  it('come in order with the texts around them', async () => {
    const { id, conversationId } = await world.active();
    const { agent } = world.simulator;
    const file = (filename: string) => ({ filename, contentType: 'text/plain', content: filename });
    await agent.say(conversationId, 'one');
    await agent.sendFile(conversationId, file('two.txt'));
    await agent.sendFile(conversationId, [file('three-a.txt'), file('three-b.txt')]);
    await agent.say(conversationId, 'four');
    await until('all four', () => world.bot.events(id).filter(({ type }) => type === 'message.created').length === 4);
    expect(world.bot.texts(id)).toEqual(['one', null, null, 'four']);
    expect((await attachmentsOf(id, 2)).map(({ filename }) => filename)).toEqual(['two.txt']);
    const both = await attachmentsOf(id, 3);
    expect(both.map(({ filename }) => filename)).toEqual(['three-a.txt', 'three-b.txt']);
    expect((await bytesOf(id, both[1]!)).toString()).toBe('three-b.txt');
  });

  it('hold up no other conversation, and nothing in theirs but what comes behind them', async () => {
    const [held, other] = [await world.active(), await world.active()];
    world.simulator.faults.set({ fileUrlsExpired: true, delayMs: 2_000 });
    const { agent } = world.simulator;
    await agent.sendFile(held.conversationId, { filename: 'a.txt', content: 'a' });
    await agent.say(held.conversationId, 'behind it');
    await agent.say(other.conversationId, 'elsewhere');
    await world.bot.event(other.id, 'message.created');
    expect(world.bot.texts(held.id)).toEqual([]);
    await world.bot.event(held.id, 'message.created', 2);
    expect(world.bot.texts(held.id)).toEqual([null, 'behind it']);
  });

  it('are fetched with the key when their address has expired or breaks off', async () => {
    const { id, conversationId } = await world.active();
    const file = { filename: 'photo.jpg', contentType: 'image/jpeg', content: randomBytes(400_000) };
    for (const [nth, fault] of [
      [1, { fileUrlsExpired: true }],
      [2, { fileUrlsBreakOff: true }],
    ] as const) {
      world.simulator.faults.set(fault);
      await world.simulator.agent.sendFile(conversationId, file);
      const [attachment] = await attachmentsOf(id, nth);
      // By the key it comes without its type; the name tells.
      expect(attachment).toMatchObject({ filename: 'photo.jpg', contentType: 'image/jpeg', size: 400_000 });
      expect((await bytesOf(id, attachment!)).equals(file.content)).toBe(true);
      world.simulator.faults.reset();
    }
  });

  it('leave their message with an error when they are gone, too large or of a wrong type', async () => {
    const { id, conversationId } = await world.active();
    const { agent, faults } = world.simulator;
    faults.set({ fileUrlsExpired: true, api: [{ match: CONTENT, fault: { status: 404 } }] });
    await agent.sendFile(conversationId, { filename: 'gone.pdf', content: 'x' }, 'gone');
    const [gone] = await attachmentsOf(id, 1);
    expect(gone).toEqual({
      id: expect.any(String),
      filename: 'gone.pdf',
      contentType: null,
      size: null,
      error: expect.stringContaining('8x8 answered 404'),
    });
    faults.reset();
    const large = { filename: 'large.pdf', contentType: 'application/pdf', content: Buffer.alloc(1_048_577) };
    const program = { filename: 'run.exe', contentType: 'application/x-msdownload', content: 'MZ' };
    const fine = { filename: 'fine.txt', contentType: 'text/plain', content: 'fine' };
    await agent.sendFile(conversationId, [large, program, fine], 'three');
    expect(await attachmentsOf(id, 2)).toMatchObject([
      { filename: 'large.pdf', size: null, error: expect.stringContaining('1 MiB') },
      { filename: 'run.exe', size: null, error: expect.stringContaining('application/x-msdownload') },
      { filename: 'fine.txt', size: 4 },
    ]);
    expect(world.bot.texts(id)).toEqual(['gone', 'three']);
    const refused = await world.api('get', `/v1/handovers/${id}/attachments/${gone!.id}`).expect(404);
    expect(refused.body).toMatchObject({ detail: expect.stringContaining('could not be fetched') });
  });

  it('that 8x8 gives no id are fetched from their address, and have an error where there is none either', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.sendFile(conversationId, {
      filename: 'a.txt',
      contentType: 'text/plain',
      content: 'A',
    });
    await attachmentsOf(id);
    const [stored] = world.simulator.conversation(conversationId).attachments;
    const preSignedUrl = `${world.simulator.url}/files/${stored!.token}?expires=${Date.now() + 60_000}`;
    const attachments = [{ fileName: 'a.txt', preSignedUrl }, { fileName: 'b.txt' }];
    const data = { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, attachments };
    await world.simulator.emit({ eventType: 'MESSAGE', conversationId, timestamp: Date.now(), data });
    const [a, b] = await attachmentsOf(id, 2);
    expect((await bytesOf(id, a!)).toString()).toBe('A');
    expect(b).toMatchObject({ filename: 'b.txt', size: null, error: expect.stringContaining('offers no way to it') });
  });

  it('are never fetched from where an event must not lead', async () => {
    const { id, conversationId } = await world.active();
    const inside = await Inside.start();
    try {
      const urls = [
        `http://127.0.0.1:${inside.port}/latest/meta-data`,
        `https://127.0.0.1:${inside.port}/`,
        `https://[::ffff:127.0.0.1]:${inside.port}/`,
        'https://169.254.169.254/latest/meta-data',
        `http://localhost:${inside.port}/`,
        `https://localhost:${inside.port}/`,
      ];
      const attachments = urls.map((preSignedUrl, n) => ({
        id: `none-${n}`,
        type: 'file',
        fileName: 'x',
        preSignedUrl,
      }));
      const data = { isEcho: false, sender: { id: 'agent-ann', type: 'agent' }, text: 'look', attachments };
      const event = { eventType: 'MESSAGE', conversationId, timestamp: Date.now(), data };
      expect((await world.simulator.emit(event)).status).toBeLessThan(300);
      const found = await attachmentsOf(id);
      expect(found).toHaveLength(urls.length);
      for (const { size, error } of found) {
        expect(size).toBeNull();
        expect(error).toMatch(/its address is not https|is not on the public internet/);
      }
      expect(inside.connections).toBe(0);
    } finally {
      await inside.stop();
    }
  });

  it('come with an error when the contact centre does not give them in time, and the next messages go on', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({ fileUrlsExpired: true, api: [{ match: CONTENT, fault: { status: 503 } }] });
    await world.simulator.agent.sendFile(conversationId, { filename: 'never.txt', content: 'x' });
    await world.simulator.agent.say(conversationId, 'next');
    await world.bot.event(id, 'message.created', 2);
    expect(world.bot.texts(id)).toEqual([null, 'next']);
    expect((await attachmentsOf(id))[0]!.error).toContain('503');
    // Tried again, but not for ever.
    const tries = world.simulator.requests.filter(({ path }) => path.includes(`${conversationId}/attachments/`));
    expect(tries).toHaveLength(3);
  });

  it('come with an error when the contact centre falls silent, after twenty seconds, and the next messages go on', async () => {
    const { id, conversationId } = await world.active();
    world.simulator.faults.set({
      fileUrlsExpired: true,
      api: [{ match: CONTENT, fault: { hang: 'before' } }],
    });
    await world.simulator.agent.sendFile(conversationId, { filename: 'never.txt', content: 'x' });
    await world.simulator.agent.say(conversationId, 'next');
    await world.bot.event(id, 'message.created', 2);
    expect(world.bot.texts(id)).toEqual([null, 'next']);
    expect((await attachmentsOf(id))[0]!.error).toContain('it took too long');
  });

  it('are in the transcript when they come after the end, which no event tells', async () => {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.leave(conversationId);
    await world.status(id, 'completed');
    const attachments = [{ id: 'x', fileName: 'late.txt' }];
    const data = { sender: { id: 'agent-ann', type: 'agent' }, text: 'late', attachments };
    await world.simulator.emit({ eventType: 'MESSAGE', conversationId, timestamp: Date.now(), data });
    const late = await until('the late message', async () => (await world.transcript(id))[0]);
    expect(late).toMatchObject({ text: 'late', status: 'failed', attachments: [{ filename: 'late.txt', size: null }] });
  });
});

it('files that an agent sends are fetched in production from no address without TLS, be it the contact centre’s own', async () => {
  const production = { NODE_ENV: 'production', HANDOVER_ENCRYPTION_KEY: randomBytes(32).toString('base64') };
  const world = await World.start({ env: production });
  try {
    const { id, conversationId } = await world.active();
    await world.simulator.agent.sendFile(conversationId, {
      filename: 'a.txt',
      contentType: 'text/plain',
      content: 'A',
    });
    const [stored] = world.simulator.conversation(conversationId).attachments;
    const preSignedUrl = `${world.simulator.url}/files/${stored!.token}?expires=${Date.now() + 60_000}`;
    const data = {
      isEcho: false,
      sender: { id: 'agent-ann', type: 'agent' },
      attachments: [{ fileName: 'a.txt', preSignedUrl }],
    };
    await world.simulator.emit({ eventType: 'MESSAGE', conversationId, timestamp: Date.now(), data });
    const files = [1, 2].map(
      async (nth) => (await world.bot.event(id, 'message.created', nth)).data.message!.attachments,
    );
    const [withKey, byAddress] = (await Promise.all(files)) as Attachment[][];
    expect(withKey![0]).toMatchObject({ filename: 'a.txt', size: 1 });
    expect(byAddress![0]).toMatchObject({ size: null, error: expect.stringContaining('not https') });
  } finally {
    await world.stop();
  }
});

function binary(response: unknown, done: (error: Error | null, body: Buffer) => void): void {
  const parts: Buffer[] = [];
  const stream = response as NodeJS.ReadableStream;
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('end', () => done(null, Buffer.concat(parts)));
}

/** Something that only the gateway could reach. */
class Inside {
  connections = 0;
  private constructor(private readonly server: Server) {
    server.on('connection', () => (this.connections += 1));
  }

  static async start(): Promise<Inside> {
    const server = createServer((_request, response) => response.end('secret'));
    await new Promise<void>((resolve) => server.listen(0, resolve));
    return new Inside(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
