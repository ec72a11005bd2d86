import net from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProviderError } from '#contract';
import { ChatwootClient } from './client.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';

const NOW = Date.parse('2026-11-23T10:00:00Z');
const TOKEN = 'the-api-token';
const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn() };
let vendor: VendorServer;

beforeAll(async () => {
  vendor = await VendorServer.start();
});
afterAll(() => vendor.stop());
beforeEach(() => void log.warn.mockClear());

const clientAt = (url: string, timeoutMs?: number) =>
  new ChatwootClient(quickTransport({ responseTimeoutMs: timeoutMs ?? 2_000 }), {
    baseUrl: url,
    accountId: '2',
    token: TOKEN,
    secrets: [TOKEN],
    now: () => NOW,
    log,
  });
const send = (client = clientAt(vendor.url)) =>
  client.account('POST', '/conversations/1/messages?x=1', { content: 'words of the user' });

async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const outcome = await call.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ProviderError);
  return outcome as ProviderError;
}

describe('a call', () => {
  it('of the account carries the token and JSON', async () => {
    vendor.answer(200, { id: 1 });
    expect(await send()).toEqual({ id: 1 });
    expect(vendor.calls.at(-1)).toMatchObject({
      method: 'POST',
      path: '/api/v1/accounts/2/conversations/1/messages?x=1',
      headers: { api_access_token: TOKEN, 'content-type': 'application/json' },
      body: { content: 'words of the user' },
    });
  });

  it('of a contact carries no token', async () => {
    vendor.answer(200, []);
    await clientAt(vendor.url).contact('GET', 'in/box', '/contacts/a/conversations');
    expect(vendor.calls.at(-1)).toMatchObject({ path: '/public/api/v1/inboxes/in%2Fbox/contacts/a/conversations' });
    expect(vendor.calls.at(-1)!.headers.api_access_token).toBeUndefined();
  });

  it.each<[number, unknown, string, string]>([
    [400, { error: 'bad' }, 'invalid', 'never'],
    [401, { error: 'Invalid Access Token' }, 'unauthorized', 'never'],
    [402, { error: 'Suspended' }, 'forbidden', 'never'],
    [403, {}, 'forbidden', 'never'],
    [404, { error: 'Resource could not be found' }, 'not_found', 'never'],
    [408, '', 'unknown_outcome', 'after_readback'],
    [409, {}, 'conflict', 'never'],
    [413, '<html>', 'too_large', 'never'],
    [422, { message: 'Content is too long', attributes: ['content'] }, 'invalid', 'never'],
    [429, 'Retry later', 'rate_limited', 'safe'],
    [500, { status: 500 }, 'unknown_outcome', 'after_readback'],
    [502, '<html>', 'unknown_outcome', 'after_readback'],
    [301, '', 'invalid', 'never'],
  ])('answered %d is %s: %s', async (status, body, code, retry) => {
    vendor.answer(status, body as never, { location: 'http://127.0.0.1:1/' });
    const failure = await failureOf(send());
    expect(failure).toMatchObject({ code, retry });
    expect(failure.message).toContain(String(status));
    expect(failure.message).not.toContain('<html>');
  });

  it.each<[string, number | undefined]>([
    ['7', 7_000],
    ['Mon, 23 Nov 2026 10:00:30 GMT', 30_000],
    ['999999999', 86_400_000],
    ['Mon, 23 Nov 2020 10:00:30 GMT', 0],
    ['soon', undefined],
  ])('is tried again as Retry-After says: %s', async (retryAfter, expected) => {
    vendor.answer(429, '', { 'retry-after': retryAfter });
    expect((await failureOf(send())).retryAfterMs).toBe(expected);
  });

  it('tells neither its token nor its content, in errors or in the log', async () => {
    vendor.answer(422, { message: `no ${TOKEN}`, attributes: ['content'] });
    const failure = await failureOf(send());
    const told = `${failure.message} ${JSON.stringify(log.warn.mock.calls)}`;
    expect(told).not.toMatch(/the-api-token|words of the user/);
    expect(log.warn.mock.calls[0]![0]).toEqual({
      status: 422,
      code: null,
      referenceId: null,
      method: 'POST',
      path: '/conversations/1/messages',
    });
  });

  it('whose answer is no JSON says nothing', async () => {
    vendor.answer(200, '<html>');
    expect(await send()).toBeUndefined();
  });

  it('whose answer is endless is of unknown outcome', async () => {
    vendor.answer(200, 'x'.repeat(6 * 1024 * 1024));
    expect(await failureOf(send())).toMatchObject({ code: 'unknown_outcome' });
  });
});

describe('a call that is not answered', () => {
  async function serverThat(onConnection: (socket: net.Socket) => void): Promise<{ url: string; close(): void }> {
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`, close: () => void server.close() };
  }

  it('is certainly not done when nobody listens', async () => {
    const server = await serverThat(() => undefined);
    server.close();
    expect(await failureOf(send(clientAt(server.url)))).toMatchObject({ code: 'unreachable', retry: 'safe' });
  });

  it('may be done when the connection is reset after the request was read', async () => {
    const server = await serverThat((socket) => void socket.once('data', () => socket.resetAndDestroy()));
    const failure = await failureOf(send(clientAt(server.url)));
    expect(failure).toMatchObject({ code: 'unknown_outcome', retry: 'after_readback' });
    server.close();
  });

  it.each<[string, (socket: net.Socket) => void]>([
    ['nothing comes', () => undefined],
    ['the answer never ends', (socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{')],
  ])('may be done when %s in time', async (_, onConnection) => {
    const sockets: net.Socket[] = [];
    const server = await serverThat((socket) => {
      sockets.push(socket);
      onConnection(socket);
    });
    expect(await failureOf(send(clientAt(server.url, 300)))).toMatchObject({ code: 'unknown_outcome' });
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});
