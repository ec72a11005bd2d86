import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProviderError } from '#contract';
import { EightByEightClient } from './client.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';

const NOW = Date.UTC(2026, 10, 23, 10, 0, 0);
const API_KEY = 'eght_secret-key';

const log = { debug: jest.fn(), info: jest.fn(), warn: jest.fn() };
let vendor: VendorServer;

beforeAll(async () => {
  vendor = await VendorServer.start();
});
afterAll(() => vendor.stop());
beforeEach(() => {
  vendor.calls.length = 0;
  log.warn.mockClear();
});

function clientAt(baseUrl: string) {
  const options = { baseUrl, apiKey: API_KEY, tenant: 'acme01', secrets: [API_KEY], now: () => NOW, log };
  return new EightByEightClient(quickTransport(), options);
}
const message = { authorType: 'user' as const, text: 'a private text' };
const send = (client = clientAt(vendor.url)) => client.sendMessage('c/1', message);

async function failureOf(call: Promise<unknown>): Promise<ProviderError> {
  const outcome = await call.then(
    () => null,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(ProviderError);
  return outcome as ProviderError;
}

describe('a call', () => {
  it('carries the key, the tenant and what it accepts, and encodes ids', async () => {
    vendor.answer(202);
    await send();
    expect(vendor.calls).toMatchObject([
      {
        method: 'POST',
        path: '/chat-gateway/v1/conversations/c%2F1/messages',
        body: message,
        headers: {
          'x-api-key': API_KEY,
          'x-8x8-tenant': 'acme01',
          'content-type': 'application/json',
          accept: 'application/hal+json, application/problem+json, application/json',
        },
      },
    ]);
  });

  it('names no tenant when none is set', async () => {
    vendor.answer(202);
    const client = new EightByEightClient(quickTransport(), {
      baseUrl: vendor.url,
      apiKey: API_KEY,
      secrets: [API_KEY],
      now: () => NOW,
      log,
    });
    await send(client);
    expect(vendor.calls[0]!.headers).not.toHaveProperty('x-8x8-tenant');
  });

  it.each([{ conversationId: 'c-1', createdAt: 'x' }, { id: 'c-1' }])(
    'reads the id of a new conversation from %j',
    async (body) => {
      vendor.answer(202, body, { 'content-type': 'text/plain' });
      const created = clientAt(vendor.url).createConversation({ channelId: 'x', user: { additionalProperties: [] } });
      await expect(created).resolves.toBe('c-1');
    },
  );

  it.each(['', 'accepted', '[]', '{}', '{"conversationId":""}'])(
    'does not know the outcome of a create that was answered with: %s',
    async (body) => {
      vendor.answer(202, body);
      const created = clientAt(vendor.url).createConversation({ channelId: 'x', user: { additionalProperties: [] } });
      expect(await failureOf(created)).toMatchObject({ code: 'unknown_outcome' });
    },
  );

  it.each([
    [{ _links: {} }, [], true],
    [{ _embedded: null, page: null }, [], true],
    [{ _embedded: { messages: [{ id: '1' }, null] }, page: { number: 0, totalPages: 2 } }, [{ id: '1' }], false],
    [{ _embedded: { messages: 'x' }, page: { number: 1, totalPages: 2 } }, [], true],
  ])('reads a page of a list from %j', async (body, items, isLast) => {
    vendor.answer(200, body);
    expect(await clientAt(vendor.url).messages('c', 0, 50)).toEqual({ items, isLast });
  });
});

describe('an answer that is not from 8x8', () => {
  const file = { filename: 'a', contentType: 'text/plain', size: 1, author: 'user' as const };
  const calls: [string, (client: EightByEightClient) => Promise<unknown>][] = [
    ['create', (client) => client.createConversation({ channelId: 'x', user: { additionalProperties: [] } })],
    ['conversations', (client) => client.conversations(0, 10)],
    ['conversation', (client) => client.conversation('c')],
    ['conversationNow', (client) => client.conversationNow('c')],
    ['channel', (client) => client.channel('c')],
    ['assignAfterAgent', (client) => client.assignAfterAgent('c', 'w')],
    ['patch', (client) => client.patchConversation('c', {})],
    ['send', send],
    ['messages', (client) => client.messages('c', 0, 10)],
    ['participants', (client) => client.participants('c', 0)],
    ['removeUser', (client) => client.removeUser('c')],
    ['typing', (client) => client.signal('c', 'typing', { authorType: 'user' })],
    ['upload', (client) => client.upload('c', { ...file, content: () => Readable.from([Buffer.from('a')]) })],
    ['content', (client) => client.content('c', 'a', AbortSignal.timeout(2_000))],
  ];
  const answers: [number, unknown, string][] = [
    [200, '<!doctype html><title>Back soon</title>', 'text/html'],
    [200, { status: 'ok' }, 'application/json'],
    [200, '', 'application/json'],
    [202, 'Accepted', 'text/plain'],
    [404, '404 page not found', 'text/plain; charset=utf-8'],
    [403, '<html>Forbidden</html>', 'text/html'],
    [401, '', 'text/html'],
    [400, { detail: 'Bad' }, 'application/json'],
    [404, { message: 'no Route matched with those values' }, 'application/json'],
    [403, { message: 'Forbidden' }, 'application/json'],
    [404, { type: 'about:blank', title: 'Not Found', status: 404 }, 'application/problem+json'],
    [405, '<html>', 'text/html'],
    [302, '', 'text/html'],
  ];
  it.each(answers)('is neither success nor verdict for any call: %d %j', async (status, body, type) => {
    vendor.answer(status, body, { 'content-type': type, location: 'https://login.example/' });
    for (const [name, call] of calls) {
      // A file may be anything, and an empty one is a file.
      if (name === 'content' && status === 200 && body === '') continue;
      const failure = await failureOf(call(clientAt(vendor.url)));
      expect([name, failure.code]).toEqual([name, 'unknown_outcome']);
      if (name === 'upload' && status === 200 && typeof body !== 'string') expect(failure.message).toMatch(/has no id/);
      else expect(failure.message).toMatch(new RegExp(`(front of 8x8 answered|came with) ${status}`));
    }
  });
});

describe('what 8x8 says about a refusal reaches the person who can act on it', () => {
  it.each([
    [
      400,
      { message: 'Bad request', errors: [{ code: 'invalid_queue', message: 'Queue ID 112 is invalid.' }] },
      { code: 'invalid', message: '8x8 answered 400: Bad request Queue ID 112 is invalid.', vendor: 'invalid_queue' },
    ],
    [
      400,
      { message: 'No', errors: { code: 'invalid_json_object', message: 'authorType is wrong' }, referenceId: 'r-1' },
      {
        code: 'invalid',
        message: '8x8 answered 400: No authorType is wrong (reference r-1)',
        vendor: 'invalid_json_object',
      },
    ],
    [
      400,
      {
        message: 'No',
        validations: [{ field: 'text', value: 'a private text', code: 'too_long', message: 'too long' }],
      },
      { code: 'invalid', message: '8x8 answered 400: No text: too long', vendor: 'too_long' },
    ],
    [
      400,
      { errors: ['<<name>>: May not be empty.'] },
      { code: 'invalid', message: '8x8 answered 400: <<name>>: May not be empty.', vendor: null },
    ],
    [
      401,
      { message: 'Access Denied', errors: [{ message: 'Access Denied', code: 'access_denied' }], referenceId: 'r-2' },
      { code: 'unauthorized', message: '8x8 answered 401: Access Denied (reference r-2)', vendor: 'access_denied' },
    ],
    [
      401,
      { message: 'Invalid Credentials', code: 'KA:1234567' },
      { code: 'unauthorized', message: '8x8 answered 401: Invalid Credentials', vendor: 'KA:1234567' },
    ],
    [
      403,
      { message: 'The tenant does not belong to customer.', errors: ["Header X-8x8-Tenant doesn't match"] },
      {
        code: 'forbidden',
        message: "8x8 answered 403: The tenant does not belong to customer. Header X-8x8-Tenant doesn't match",
        vendor: null,
      },
    ],
    [
      404,
      { message: 'Resource not found', errors: [] },
      { code: 'not_found', message: '8x8 answered 404: Resource not found', vendor: null },
    ],
    [
      401,
      { ErrorCode: 'invalid_client', Error: 'Unknown key' },
      { code: 'unauthorized', message: '8x8 answered 401: Unknown key', vendor: 'invalid_client' },
    ],
    [
      500,
      'Internal server error.',
      { code: 'unknown_outcome', message: '8x8 answered 500: Internal server error.', vendor: null },
    ],
    [502, '<html>Bad gateway</html>', { code: 'unknown_outcome', message: '8x8 answered 502', vendor: null }],
    [400, { message: 'bad\0text' }, { code: 'invalid', message: '8x8 answered 400: bad\uFFFDtext', vendor: null }],
    [
      401,
      { message: `key ${API_KEY} is wrong` },
      { code: 'unauthorized', message: '8x8 answered 401: key •••• is wrong', vendor: null },
    ],
  ])('%i %j', async (status, body, expected) => {
    vendor.answer(status, body);
    expect(await failureOf(send())).toMatchObject({ code: expected.code, message: expected.message });
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.warn.mock.calls[0]![0]).toEqual({
      status,
      code: expected.vendor,
      referenceId: (body as { referenceId?: string }).referenceId ?? null,
      method: 'POST',
      path: '/conversations/c%2F1/messages',
    });
    expect(JSON.stringify(log.warn.mock.calls)).not.toMatch(/eght_secret|private text/);
  });

  it('cuts a long explanation', async () => {
    vendor.answer(400, { message: 'x'.repeat(5_000) });
    expect((await failureOf(send())).message.length).toBeLessThan(530);
  });

  it.each([
    [405, 'invalid'],
    [408, 'unknown_outcome'],
    [409, 'conflict'],
    [413, 'too_large'],
    [415, 'invalid'],
    [422, 'invalid'],
    [429, 'rate_limited'],
    [500, 'unknown_outcome'],
    [503, 'unknown_outcome'],
    [504, 'unknown_outcome'],
  ])('status %i is %s', async (status, code) => {
    vendor.answer(status, {}, { location: `${vendor.url}/elsewhere` });
    expect(await failureOf(send())).toMatchObject({ code });
    expect(vendor.calls).toHaveLength(1);
  });

  it.each([
    [429, { 'retry-after': '7' }, 7_000],
    [503, { 'retry-after': '7' }, 7_000],
    [429, { 'retry-after': 'Mon, 23 Nov 2026 10:00:30 GMT' }, 30_000],
    [429, { 'retry-after': 'Mon, 23 Nov 2026 09:00:00 GMT' }, 0],
    [429, { 'x-ratelimit-reset': String(NOW / 1_000 + 12) }, 12_000],
    [429, { 'retry-after': '3', 'x-ratelimit-reset': String(NOW / 1_000 + 12) }, 3_000],
    [429, { 'retry-after': 'soon' }, undefined],
    [429, { 'retry-after': '99999999999' }, 86_400_000],
    [429, {}, undefined],
    [400, { 'retry-after': '7' }, undefined],
  ])('status %i with %j waits %s ms', async (status, headers, retryAfterMs) => {
    vendor.answer(status, {}, headers as Record<string, string>);
    expect((await failureOf(send())).retryAfterMs).toBe(retryAfterMs);
  });
});
