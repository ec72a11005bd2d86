import net from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProviderError } from '#contract';
import { ANSWERS, ChatwootClient } from './client.js';
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
  client.account('POST', '/conversations/1/messages?x=1', ANSWERS.thing, { content: 'words of the user' });

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
    await clientAt(vendor.url).contact('GET', 'in/box', '/contacts/a/conversations', ANSWERS.contactConversations);
    expect(vendor.calls.at(-1)).toMatchObject({ path: '/public/api/v1/inboxes/in%2Fbox/contacts/a/conversations' });
    expect(vendor.calls.at(-1)!.headers.api_access_token).toBeUndefined();
  });

  it.each<[number, unknown, string, string]>([
    [400, { error: 'bad' }, 'invalid', 'never'],
    [401, { error: 'Invalid Access Token' }, 'unauthorized', 'never'],
    [402, { error: 'Suspended' }, 'forbidden', 'never'],
    [403, { error: 'You are not authorized to do this action' }, 'forbidden', 'never'],
    [404, { error: 'Resource could not be found' }, 'not_found', 'never'],
    [408, '', 'unknown_outcome', 'after_readback'],
    [409, { errors: ['It was changed'] }, 'conflict', 'never'],
    [413, '<html>', 'too_large', 'never'],
    [422, { message: 'Content is too long', attributes: ['content'] }, 'invalid', 'never'],
    [429, 'Retry later', 'rate_limited', 'safe'],
    [500, { status: 500 }, 'unknown_outcome', 'after_readback'],
    [502, '<html>', 'unknown_outcome', 'after_readback'],
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

  it.each<[string, number, unknown, string]>([
    ['a page for the time of maintenance', 200, '<!doctype html><title>Back soon</title>', 'text/html'],
    ['nothing', 200, '', 'application/json'],
    ['nothing', 204, undefined, 'text/html'],
    ['the health of something else', 200, { status: 'ok' }, 'application/json'],
    ['a text', 201, 'OK', 'text/plain'],
    ['a list', 200, [], 'application/json'],
    ['a page of a proxy', 404, '404 page not found', 'text/plain'],
    ['a page of a proxy', 403, '<html>Forbidden</html>', 'text/html'],
    ['a page to log in', 401, '', 'text/html'],
    ['a method that is not allowed', 405, '<html>', 'text/html'],
    ['a bare status', 404, { error: 'Not Found' }, 'application/json'],
    ['what a framework says', 404, { status: 404, error: 'No such route' }, 'application/json'],
    ['what a gateway says', 404, { message: 'no Route matched with those values' }, 'application/json'],
    ['an error of another form', 400, { error: { code: 400, message: 'Bad' } }, 'application/json'],
    ['a way to a login page', 302, '', 'text/html'],
  ])('that is answered with %s, %d %j, is no verdict and no success', async (_, status, body, type) => {
    vendor.answer(status, body, { 'content-type': type, location: 'https://login.example/in' });
    const failure = await failureOf(send());
    expect(failure).toMatchObject({ code: 'unknown_outcome', retry: 'after_readback' });
    expect(failure.message).toContain(`${status}`);
    expect(failure.message).toMatch(/check baseUrl/);
    expect(failure.message).not.toMatch(/<|words of the user/);
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  it.each([301, 307, 308])('that is answered %d with a way to https says to use that', async (status) => {
    const url = vendor.url.replace('http:', 'https:');
    vendor.answer(status, '', { location: `${url}/api/v1/accounts/2/conversations/1/messages?x=1` });
    const failure = await failureOf(send());
    expect(failure).toMatchObject({ code: 'invalid', retry: 'never' });
    expect(failure.message).toBe(`Chatwoot answered ${status}, a redirect to https: use https in baseUrl`);
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
