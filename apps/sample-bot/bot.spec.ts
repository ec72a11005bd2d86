import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { startSampleBot, type SampleBot } from './bot.js';

const SECRET = 'whsec_' + Buffer.from('0123456789abcdef0123456789abcdef').toString('base64');

type Call = { path: string; key: unknown; authorization: unknown; body: Record<string, unknown> };
type Reply = { status: number; body: object };
type State = { entries: { author: string; text: string; path?: string }[]; status: string; human: boolean };

/** The gateway's side of the contract, as scripted by a test: notes the calls and answers what it is told to. */
class FakeGateway {
  readonly calls: Call[] = [];
  reply: (call: Call) => Reply | Promise<Reply> = ({ path }) =>
    path === '/v1/handovers' ? { status: 201, body: { id: 'ho_1' } } : { status: 202, body: { id: 'msg_1' } };
  private server: Server;
  private waiting: () => void = () => {};

  /** Waits until so many calls have come. */
  async called(times: number): Promise<Call[]> {
    while (this.calls.length < times) await new Promise<void>((resolve) => (this.waiting = resolve));
    return this.calls;
  }

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      void (async () => {
        const { 'idempotency-key': key, authorization } = request.headers;
        const call = { path: request.url!, key, authorization, body: await bodyOf(request) };
        this.calls.push(call);
        this.waiting();
        const { status, body } = await this.reply(call);
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      })();
    }).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close().closeAllConnections();
  }
}

/** JSON, or whatever else came as `text`. */
async function bodyOf(request: IncomingMessage): Promise<Call['body']> {
  const text = await textOf(request);
  return text.startsWith('{') ? (JSON.parse(text) as Call['body']) : { text };
}

/** A browser tab: acts like the page and keeps what the stream says. */
class Tab {
  state: State | null = null;
  ended: Promise<void>;
  private readonly aborter = new AbortController();
  private waiting: () => void = () => {};

  constructor(
    private readonly url: string,
    readonly session: string,
  ) {
    this.ended = this.read().catch(() => {});
  }

  async post(action: string, body: unknown = {}, type = 'application/json'): Promise<number> {
    const request = { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) };
    return (await fetch(`${this.url}/chats/${this.session}/${action}`, request)).status;
  }

  async write(text: string): Promise<void> {
    expect(await this.post('messages', { text })).toBe(202);
  }

  /** Waits until the page shows something; Jest's time limit is the limit. */
  async until(shown: (state: State) => boolean): Promise<State> {
    while (!this.state || !shown(this.state)) await new Promise<void>((resolve) => (this.waiting = resolve));
    return this.state;
  }

  untilSaid(text: string): Promise<State> {
    return this.until(({ entries }) => entries.at(-1)!.text === text);
  }

  close(): void {
    this.aborter.abort();
  }

  private async read(): Promise<void> {
    const response = await fetch(`${this.url}/chats/${this.session}/stream`, { signal: this.aborter.signal });
    let rest = '';
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + part).split('\n\n');
      rest = blocks.pop()!;
      for (const block of blocks) this.state = JSON.parse(block.slice('data: '.length)) as State;
      this.waiting();
    }
  }
}

describe('sample bot', () => {
  let gateway: FakeGateway;
  let bot: SampleBot;
  let tab: Tab;
  let sequence: number;

  beforeEach(async () => {
    gateway = new FakeGateway();
    sequence = 0;
    bot = await startSampleBot({
      gatewayUrl: await gateway.start(),
      apiKey: 'bot-key',
      callbackSecret: SECRET,
      port: 0,
    });
    tab = new Tab(bot.url, 's-0123456789abcdef');
  });

  afterEach(async () => {
    tab.close();
    await bot.stop();
    gateway.stop();
  });

  async function deliver(type: string, data: object = {}, headers: Record<string, string> = {}): Promise<number> {
    const numbered = { handoverId: 'ho_1', sessionId: tab.session, sequence: ++sequence, ...data };
    const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data: numbered });
    const signature = new Webhook(SECRET).sign('evt_1', new Date(), body);
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signed = { 'webhook-id': 'evt_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
    return (await fetch(bot.callbackUrl, { method: 'POST', headers: { ...signed, ...headers }, body })).status;
  }

  const said = (text: string, sequence: number): [string, object] => [
    'message.created',
    { sequence, message: { author: { type: 'agent' }, text } },
  ];

  async function handedOver(): Promise<void> {
    expect(await tab.post('human')).toBe(202);
    await tab.until(({ human }) => human);
  }

  it('answers simple questions itself', async () => {
    await tab.write('What is my balance?');
    expect((await tab.untilSaid('Your balance is 1,234.56 €.')).entries.map(({ author }) => author)).toEqual([
      'bot',
      'user',
      'bot',
    ]);
    expect(gateway.calls).toEqual([]);
  });

  it('serves its page', async () => {
    const response = await fetch(bot.url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('data-testid="input"');
  });

  it.each(['I want a human', 'agent please', 'Can a PERSON help?'])('hands over on "%s"', async (text) => {
    await tab.write('balance');
    await tab.write(text);
    await tab.until(({ human }) => human);
    expect(gateway.calls).toEqual([
      {
        path: '/v1/handovers',
        key: expect.any(String),
        authorization: 'Bearer bot-key',
        body: {
          sessionId: tab.session,
          userId: expect.any(String),
          user: expect.objectContaining({ name: expect.any(String), properties: { Source: 'Sample bot' } }),
          transcript: [
            { author: 'bot', text: expect.stringContaining('Hello!') },
            { author: 'user', text: 'balance' },
            { author: 'bot', text: 'Your balance is 1,234.56 €.' },
            { author: 'user', text },
          ],
        },
      },
    ]);
  });

  it('keeps "personal" for itself', async () => {
    await tab.write('my personal balance');
    await tab.untilSaid('Your balance is 1,234.56 €.');
    expect(gateway.calls).toEqual([]);
  });

  it('starts one handover however often the button is pressed', async () => {
    await Promise.all([tab.post('human'), tab.post('human')]);
    await tab.until(({ human }) => human);
    await tab.write('are you there?');
    await tab.post('end');
    expect((await gateway.called(3)).map(({ path }) => path)).toEqual([
      '/v1/handovers',
      '/v1/handovers/ho_1/messages',
      '/v1/handovers/ho_1/close',
    ]);
  });

  it('sends what is written during the start to the handover, in order', async () => {
    let answerStart: (reply: Reply) => void = () => {};
    gateway.reply = ({ path }) =>
      path === '/v1/handovers' ? new Promise((resolve) => (answerStart = resolve)) : { status: 202, body: {} };
    await tab.post('human');
    await tab.write('first 👋');
    await tab.write('שלום');
    await tab.untilSaid('שלום');
    answerStart({ status: 201, body: { id: 'ho_1' } });
    await tab.post('end');
    await tab.until(({ human }) => human);
    expect((await gateway.called(4)).slice(1).map(({ body }) => body)).toEqual([
      { text: 'first 👋' },
      { text: 'שלום' },
      { reason: 'user' },
    ]);
  });

  it('tells the user what happens, and answers again afterwards', async () => {
    await handedOver();
    await deliver('handover.queued', { queue: { id: '101', name: 'Support' }, agent: null });
    await deliver('agent.joined', { agent: { id: 'a', name: 'Ann' } });
    await deliver('handover.active', { queue: { id: '101', name: 'Support' }, agent: { id: 'a', name: 'Ann' } });
    await deliver('typing', { agent: { id: 'a', name: 'Ann' }, typing: true, sequence: undefined });
    await tab.until(({ status }) => status === 'Ann is typing …');
    await deliver('message.created', { message: { author: { type: 'agent' }, text: 'Hello 🙂' } });
    await deliver('handover.transferred');
    await deliver('handover.queued', { queue: { id: '102', name: null }, agent: null });
    await deliver('agent.joined', { agent: { id: 'agent-2', name: null } });
    await deliver('handover.completed', { endReason: 'agent' });
    const { entries, human, status } = await tab.untilSaid('You are back with the bot.');
    expect(entries.slice(1)).toEqual([
      { author: 'system', text: 'You are in the queue Support.' },
      { author: 'system', text: 'Ann has joined.' },
      { author: 'agent', text: 'Hello 🙂' },
      { author: 'system', text: 'You are being transferred.' },
      { author: 'system', text: 'You are in the queue 102.' },
      { author: 'system', text: 'An agent has joined.' },
      { author: 'system', text: 'You are back with the bot.' },
    ]);
    expect({ human, status }).toEqual({ human: false, status: 'You are back with the bot.' });
    await tab.write('balance');
    await tab.untilSaid('Your balance is 1,234.56 €.');
  });

  it('shows an event once, however often it is delivered', async () => {
    await handedOver();
    for (const [text, number] of [['one', 1], ['two', 2], ['two', 2], ['one', 1], ['three', 3]] as const)
      expect(await deliver(...said(text, number))).toBe(204); // prettier-ignore
    const { entries } = await tab.untilSaid('three');
    expect(entries.slice(1).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
  });

  it('offers the quick replies of an agent', async () => {
    await handedOver();
    const content = { options: [{ title: 'Yes', data: { postback: '1' } }, { title: 'No' }] };
    const cards = [{ contentType: 'application/8x8.quick.replies', content }];
    await deliver('message.created', { message: { author: { type: 'agent' }, text: '- Yes\n- No', cards } });
    const { entries } = await tab.untilSaid('- Yes\n- No');
    expect(entries.at(-1)).toEqual({ author: 'agent', text: '- Yes\n- No', replies: ['Yes', 'No'] });
  });

  it('takes numbered events after one without a number', async () => {
    await handedOver();
    await deliver(...said('one', 1));
    await deliver('typing', { typing: true, sequence: undefined });
    await deliver(...said('two', 2));
    await tab.untilSaid('two');
  });

  it('is back with the bot when the end overtakes the answer to the start', async () => {
    let answerStart: (reply: Reply) => void = () => {};
    gateway.reply = () => new Promise((resolve) => (answerStart = resolve));
    await tab.post('human');
    await tab.until(({ status }) => status === 'Looking for a human …');
    await deliver('handover.failed', { error: { reason: 'rejected', message: 'the queue is unknown' } });
    answerStart({ status: 201, body: { id: 'ho_1' } });
    await tab.write('balance');
    const { entries, human } = await tab.untilSaid('Your balance is 1,234.56 €.');
    expect(human).toBe(false);
    expect(entries[1]!.text).toBe('You are back with the bot. No human could be reached: the queue is unknown');
  });

  it('ignores the late end of another handover', async () => {
    await handedOver();
    await deliver('handover.completed', { handoverId: 'ho_0', sequence: 9 });
    await deliver(...said('still here', 1));
    expect((await tab.untilSaid('still here')).human).toBe(true);
  });

  it('goes on with an open handover after a restart', async () => {
    await deliver(...said('are you back?', 7));
    await tab.until(({ human }) => human);
    await tab.write('yes');
    expect((await gateway.called(1))[0]).toMatchObject({ path: '/v1/handovers/ho_1/messages', body: { text: 'yes' } });
  });

  it('takes up the handover that its session has open already', async () => {
    gateway.reply = ({ path }) =>
      path === '/v1/handovers'
        ? { status: 409, body: { detail: 'open', handoverId: 'ho_8' } }
        : { status: 202, body: {} };
    await handedOver();
    await tab.post('end');
    expect((await gateway.called(2))[1]!.path).toBe('/v1/handovers/ho_8/close');
  });

  it('says in words why the gateway refused', async () => {
    gateway.reply = () => ({ status: 400, body: { title: 'Bad Request', detail: 'The queue 999 is unknown.' } });
    await tab.post('human');
    const { human, status } = await tab.untilSaid('That did not work: The queue 999 is unknown.');
    expect({ human, status }).toEqual({ human: false, status: 'You are chatting with the bot.' });
  });

  it('tries again under the same key while the gateway is away, then says so', async () => {
    gateway.reply = () => ({ status: 503, body: {} });
    await tab.post('human');
    await tab.untilSaid('That did not work: the handover gateway cannot be reached');
    expect(gateway.calls).toHaveLength(3);
    expect(new Set(gateway.calls.map(({ key }) => key)).size).toBe(1);
  });

  const sendFile = (session: string, headers: Record<string, string> = { 'x-file-type': 'text/plain' }) =>
    fetch(`${bot.url}/chats/${session}/files/${encodeURIComponent('a ü.txt')}`, {
      method: 'POST',
      headers,
      body: 'hello',
    });

  it("uploads the user's file and names it in a message, once there is a human", async () => {
    gateway.reply = ({ path }) => ({ status: 201, body: { id: path.endsWith('/attachments') ? 'att_1' : 'ho_1' } });
    expect((await sendFile(tab.session)).status).toBe(202);
    await tab.untilSaid('Only a human can look at files. Write "human" to talk to one.');
    expect(gateway.calls).toEqual([]);
    await tab.post('human');
    await gateway.called(1);
    await sendFile(tab.session);
    const [, upload, message] = await gateway.called(3);
    expect(upload).toMatchObject({ path: '/v1/handovers/ho_1/attachments', authorization: 'Bearer bot-key' });
    expect(upload!.body.text).toMatch(/name="file"; filename="a ü.txt"\r\nContent-Type: text\/plain\r\n\r\nhello/);
    expect(message).toMatchObject({ path: '/v1/handovers/ho_1/messages', body: { attachments: [{ id: 'att_1' }] } });
    const { entries } = await tab.untilSaid('a ü.txt');
    expect(entries.at(-1)).toEqual({ author: 'user', text: 'a ü.txt', path: 'ho_1/attachments/att_1' });
    expect((await sendFile(tab.session, {})).status).toBe(404);
  });

  it("shows the agent's files, and hands them out in their own chat only", async () => {
    const attachments = [
      { id: 'att_1', filename: 'photo.jpg' },
      { id: 'att_2', filename: 'gone.jpg', error: 'It is gone.' },
    ];
    await deliver('message.created', { message: { author: { type: 'agent' }, text: null, attachments } });
    const { entries } = await tab.untilSaid('gone.jpg: It is gone.');
    expect(entries.slice(1)).toEqual([
      { author: 'agent', text: 'photo.jpg', path: 'ho_1/attachments/att_1' },
      { author: 'agent', text: 'gone.jpg: It is gone.' },
    ]);
    gateway.reply = () => ({ status: 200, body: { bytes: true } });
    const get = (session: string) => fetch(`${bot.url}/chats/${session}/files/ho_1/attachments/att_1`);
    expect(await (await get(tab.session)).json()).toEqual({ bytes: true });
    expect(gateway.calls).toMatchObject([
      { path: '/v1/handovers/ho_1/attachments/att_1', authorization: 'Bearer bot-key' },
    ]);
    expect((await get('s-fedcba9876543210')).status).toBe(404);
  });

  it('refuses events that the gateway did not sign', async () => {
    await tab.until(() => true);
    expect(await deliver(...said('forged', 1), { 'webhook-signature': 'v1,AAAA' })).toBe(401);
    expect(await deliver(...said('old', 1), { 'webhook-timestamp': '1600000000' })).toBe(401);
    expect(await deliver(...said('other', 1), { 'webhook-id': 'evt_2' })).toBe(401);
    expect(await (await fetch(bot.callbackUrl, { method: 'POST', body: '{}' })).status).toBe(401);
    await tab.write('balance');
    expect((await tab.untilSaid('Your balance is 1,234.56 €.')).entries).toHaveLength(3);
  });

  it('refuses what is too long, and requests that a foreign page could send', async () => {
    expect(await tab.post('messages', { text: 'x'.repeat(4001) })).toBe(422);
    expect(await tab.post('messages', { text: 7 })).toBe(422);
    expect(await tab.post('messages', { text: 'x'.repeat(1024 * 1024) })).toBe(413);
    expect(await tab.post('messages', { text: 'hi' }, 'text/plain')).toBe(404);
    expect(await tab.post('messages', null)).toBe(400);
    expect(await tab.post('nonsense')).toBe(404);
    expect((await fetch(`${bot.url}/chats/short/stream`)).status).toBe(404);
  });

  it('ends its streams when it is stopped', async () => {
    await tab.until(() => true);
    await bot.stop();
    await tab.ended;
    await expect(fetch(bot.url)).rejects.toThrow();
  });
});
