import { Readable } from 'node:stream';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Attachment } from '#core';
import { saveAs } from '../../content-disposition.js';

/** How a file comes in, for the API's reference. */
export const FILE_FORM = applyDecorators(
  ApiConsumes('multipart/form-data'),
  ApiBody({
    schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' } } },
  }),
);

/** How a file goes out, for the API's reference. */
export const FILE_RESPONSE = ApiResponse({
  status: 200,
  description: 'Its bytes, with its own content type.',
  content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
});

/** Answers with a file's bytes, to be saved. */
export async function sendFile(file: Attachment, content: AsyncIterable<Buffer>, reply: FastifyReply): Promise<void> {
  await reply
    .header('content-type', file.contentType)
    .header('content-length', file.size)
    .header('content-disposition', saveAs(file.filename))
    // Whatever is in it, no browser may run it in the gateway's name.
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
    .header('cache-control', 'private, no-store')
    .send(Readable.from(content, { objectMode: false }));
}
