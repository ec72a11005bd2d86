import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import { uploadForm } from './upload-form.js';

it('a file goes as a form with its fields and its exact length, and its name ends nothing', async () => {
  async function* content(): AsyncGenerator<Buffer> {
    for (const part of ['one, ', 'two']) yield Buffer.from(part);
  }
  const file = { author: 'bot', filename: 'Größe "1"\r\n.txt', contentType: 'text/plain', size: 8, content } as const;
  const { headers, body } = uploadForm(file, 'attachment', { authorType: 'bot' });
  const sent = await text(body);
  expect(headers['Content-Length']).toBe(String(Buffer.byteLength(sent)));
  const form = await new Response(sent, { headers: { 'content-type': headers['Content-Type']! } }).formData();
  expect(form.get('authorType')).toBe('bot');
  const part = form.get('attachment') as File;
  expect([part.type, await part.text()]).toEqual(['text/plain', 'one, two']);
  expect(sent).toContain('filename="Größe %221%22%0D%0A.txt"');
});
