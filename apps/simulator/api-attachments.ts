import type { FastifyInstance, FastifyRequest } from 'fastify';
import { API, conversationOf, hal } from './api-parts.js';
import type { Centre } from './centre.js';
import type { Faults } from './faults.js';
import { simulatedId, type SimulatedAttachment } from './model.js';
import { halPage, type PageQuery } from './paging.js';
import { badRequest, notFound } from './refusal.js';

const PATH = `${API}/conversations/:id/attachments`;
/** Where files can be fetched without a key, as from the storage behind the real one. */
const FILES = '/files';

/** A file as it is kept. */
export function newAttachment(filename: string, contentType: string, content: Buffer): SimulatedAttachment {
  const [id, token] = [simulatedId(), simulatedId()];
  return { id, filename, sizeInBytes: content.length, createdAt: Date.now(), content, contentType, token };
}

export function attachmentView({ id, filename, sizeInBytes, createdAt }: SimulatedAttachment): object {
  return { id, filename, sizeInBytes, createdAt };
}

/** The address in an event: whoever has it may fetch the file. */
export function preSignedUrl(origin: string, { token }: SimulatedAttachment): string {
  return `${origin}${FILES}/${token}?expires=${Date.now() + 300_000}`;
}

/** Files of conversations. */
export function registerAttachments(server: FastifyInstance): void {
  const one = (request: FastifyRequest): SimulatedAttachment => {
    const { attachmentId } = request.params as { attachmentId: string };
    const found = conversationOf(request).attachments.find(({ id }) => id === attachmentId);
    if (!found) throw notFound('Attachment', attachmentId);
    return found;
  };
  server.post(PATH, async (request, reply) => {
    const conversation = conversationOf(request);
    const form = await readForm(request);
    const unknown = [...form.keys()].find((name) => name !== 'attachment' && name !== 'authorType');
    if (unknown !== undefined) throw badRequest('unknown_property', `Unrecognized part "${unknown}".`);
    const file = form.get('attachment');
    const authorType = form.get('authorType') ?? 'user';
    if (!(file instanceof File)) throw badRequest('invalid_parameter', 'The part "attachment" is missing.');
    if (authorType !== 'user' && authorType !== 'bot')
      throw badRequest('invalid_parameter', 'authorType must be user or bot.');
    const attachment = newAttachment(file.name, file.type, Buffer.from(await file.arrayBuffer()));
    conversation.attachments.push(attachment);
    return hal(reply, 200, attachmentView(attachment));
  });
  server.get(PATH, async (request, reply) => {
    const all = conversationOf(request).attachments.map(attachmentView);
    return hal(reply, 200, halPage('attachments', all, request.query as PageQuery, request.url));
  });
  server.get(`${PATH}/:attachmentId`, async (request, reply) => hal(reply, 200, attachmentView(one(request))));
  server.get(`${PATH}/:attachmentId/content`, async (request, reply) => {
    const { content, filename } = one(request);
    return reply
      .type('application/octet-stream')
      .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(filename)}`)
      .send(content);
  });
}

/** Files by their pre-signed addresses. */
export function registerFiles(server: FastifyInstance, { centre, faults }: { centre: Centre; faults: Faults }): void {
  server.get(`${FILES}/:token`, async (request, reply) => {
    const { token } = request.params as { token: string };
    const { fileUrlsExpired, fileUrlsBreakOff } = faults.current;
    const found = centre.fileBy(token);
    const isOver = fileUrlsExpired || Number((request.query as { expires?: string }).expires ?? 0) < Date.now();
    if (!found || isOver)
      return reply.status(403).type('application/xml').send('<Error><Code>AccessDenied</Code></Error>');
    // The desktop is served from here too, so nothing that somebody sent may run.
    reply.header('content-disposition', 'attachment').header('x-content-type-options', 'nosniff');
    if (!fileUrlsBreakOff) return reply.type(found.contentType).send(found.content);
    reply.hijack();
    reply.raw.writeHead(200, { 'content-type': found.contentType, 'content-length': found.content.length });
    reply.raw.write(found.content.subarray(0, found.content.length / 2), () => reply.raw.destroy());
  });
}

async function readForm(request: FastifyRequest): Promise<FormData> {
  try {
    const body = request.body as Buffer;
    return await new Response(new Uint8Array(body), {
      headers: { 'content-type': request.headers['content-type'] ?? '' },
    }).formData();
  } catch {
    throw badRequest('invalid_parameter', 'The body must be multipart/form-data.');
  }
}
