import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { text } from 'node:stream/consumers';
import type { OutgoingFile } from '#contract';
import { EightByEightClient } from './client.js';
import { quickTransport, VendorServer } from '#provider-kit/testing';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };

function fileOf(parts: string[], over: Partial<OutgoingFile> = {}): OutgoingFile {
  async function* content(): AsyncGenerator<Buffer> {
    for (const part of parts) yield Buffer.from(part);
  }
  const size = Buffer.byteLength(parts.join(''));
  return { author: 'user', filename: 'a.txt', contentType: 'text/plain', size, content, ...over };
}

describe('files at 8x8', () => {
  let vendor: VendorServer;
  let client: EightByEightClient;
  beforeEach(async () => {
    vendor = await VendorServer.start();
    const options = {
      baseUrl: vendor.url,
      apiKey: 'the-key',
      tenant: 'acme01',
      secrets: ['the-key'],
      now: Date.now,
      log,
    };
    client = new EightByEightClient(quickTransport({ responseTimeoutMs: 1_000 }), options);
  });
  afterEach(() => vendor.stop());

  it('are uploaded with the key and the tenant, and known by the id in the answer', async () => {
    vendor.answer(200, { id: 'file-1', filename: 'a.txt', sizeInBytes: 5 });
    expect(await client.upload('c/1', fileOf(['hello']))).toBe('file-1');
    expect(vendor.calls[0]).toMatchObject({
      method: 'POST',
      path: '/chat-gateway/v1/conversations/c%2F1/attachments',
      headers: {
        'x-api-key': 'the-key',
        'x-8x8-tenant': 'acme01',
        'content-type': expect.stringMatching(/^multipart\//),
      },
    });
  });

  it('are not known to be there without an id, or when reading them breaks off', async () => {
    vendor.answer(200, {});
    await expect(client.upload('c', fileOf(['hello']))).rejects.toMatchObject({ code: 'unknown_outcome' });
    async function* broken(): AsyncGenerator<Buffer> {
      yield Buffer.from('he');
      throw new Error('the database is away');
    }
    await expect(client.upload('c', fileOf(['hello'], { content: broken }))).rejects.toMatchObject({
      code: 'unknown_outcome',
    });
  });

  it('are refused as any call is', async () => {
    vendor.answer(413, { message: 'too much' });
    await expect(client.upload('c', fileOf(['hello']))).rejects.toMatchObject({ code: 'too_large', retry: 'never' });
    vendor.answer(404, { message: 'gone' });
    const gone = client.content('c', 'f', AbortSignal.timeout(5_000));
    await expect(gone).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('gone') });
  });

  it('are read as they come, larger than any other answer may be', async () => {
    const bytes = Buffer.alloc(300_000, 'x');
    vendor.on((_call, response) => response.setHeader('content-type', 'application/octet-stream').end(bytes));
    const file = await client.content('c', 'f', AbortSignal.timeout(5_000));
    expect(file).toMatchObject({ contentType: 'application/octet-stream', size: 300_000 });
    expect(await text(file.content)).toHaveLength(300_000);
    expect(vendor.calls[0]).toMatchObject({
      path: '/chat-gateway/v1/conversations/c/attachments/f/content',
      headers: { 'x-api-key': 'the-key' },
    });
  });

  it('are given up when 8x8 is silent, or nobody wants them any more', async () => {
    vendor.on(() => undefined);
    await expect(client.content('c', 'f', AbortSignal.timeout(10_000))).rejects.toMatchObject({ code: 'unreachable' });
    await expect(client.content('c', 'f', AbortSignal.abort())).rejects.toMatchObject({ code: 'unreachable' });
  });
});
