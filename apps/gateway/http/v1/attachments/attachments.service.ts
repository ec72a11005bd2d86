import type { IncomingMessage } from 'node:http';
import { FileTooLarge, limited, readableBytes } from '#delivery';
import {
  filenameOf,
  invalid,
  isWelcome,
  mediaTypeOf,
  Refusal,
  type Attachment,
  type Handover,
  type ProviderInstance,
} from '#core';
import { Injectable } from '@nestjs/common';
import { Runtime } from '../../../runtime/runtime.js';
import { readUpload } from '../../upload-form.js';
import { UploadQuota } from './upload-quota.js';

/** What a form has beside its file, at the most, in bytes. */
const FORM_OVERHEAD_BYTES = 16_384;

/** Files that bots send, and those of both sides to be read. */
@Injectable()
export class AttachmentsService {
  private readonly quota: UploadQuota;

  constructor(private readonly runtime: Runtime) {
    this.quota = new UploadQuota(() => runtime.attachments.unnamedBytes());
  }

  /**
   * Keeps a file that a bot sends as a form, for a handover or an incoming conversation.
   * @throws {Refusal} `too_large`, `too_slow`, `wrong_type`, `invalid`, `over_budget`, `unavailable`
   */
  async upload(handover: Handover, form: unknown): Promise<Attachment> {
    const { attachments } = this.takerOf(handover).options;
    if (!isForm(form)) throw new Refusal('wrong_type', 'Send the file as multipart/form-data, in a part named "file".');
    if (Number(form.headers['content-length'] ?? 0) > attachments.maxBytes + FORM_OVERHEAD_BYTES)
      throw tooLarge(attachments.maxBytes);
    return readUpload(form, async ({ filename: given, contentType: said, content }) => {
      const filename = filenameOf(given);
      const contentType = mediaTypeOf(said, filename);
      if (!isWelcome(contentType, attachments.types))
        throw new Refusal(
          'wrong_type',
          `Files of type ${contentType} are not taken here; taken are: ${attachments.types!.join(', ')}.`,
        );
      const counted = this.quota.counted(handover.bot, content);
      return this.keep({ handoverId: handover.id, filename, contentType }, counted, attachments.maxBytes);
    });
  }

  /** The files that a message names, in its order. @throws {Refusal} `invalid` */
  async named({ id }: Handover, named: { id: string }[]): Promise<Attachment[]> {
    const ids = named.map((one) => one.id);
    const found = new Map((await this.runtime.attachments.find(id, ids)).map((file) => [file.id, file]));
    const errors = ids.flatMap((one, index) => {
      const pointer = `/attachments/${index}/id`;
      if (ids.indexOf(one) < index) return [{ pointer, detail: 'is named twice' }];
      return found.has(one) ? [] : [{ pointer, detail: 'is no file that was uploaded here: upload it first' }];
    });
    if (errors.length > 0) throw invalid(errors);
    return ids.map((one) => found.get(one)!);
  }

  /** A file of a handover or an incoming conversation. @throws {Refusal} `not_found` */
  async find({ id }: Handover, attachmentId: string): Promise<Attachment> {
    const [file] = await this.runtime.attachments.find(id, [attachmentId]);
    if (file) return file;
    throw new Refusal(
      'not_found',
      `There is no file "${attachmentId}" here: it never was, could not be fetched, or is no longer kept.`,
    );
  }

  private async keep(
    upload: { handoverId: string; filename: string; contentType: string },
    content: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<Attachment> {
    try {
      return await this.runtime.attachments.add(upload, notEmpty(limited(content, maxBytes)));
    } catch (error) {
      throw error instanceof FileTooLarge ? tooLarge(maxBytes) : error;
    }
  }

  private takerOf(handover: Handover): ProviderInstance {
    const provider = this.runtime.registry.get(handover.provider);
    if (!provider) throw new Refusal('unavailable', 'The provider of this handover is not loaded here. Try again.');
    if (provider.session.upload) return provider;
    throw new Refusal('conflict', 'This contact centre takes no files.', [], { reason: 'unsupported' });
  }
}

/** The body parser leaves a form unread. */
function isForm(body: unknown): body is IncomingMessage {
  return typeof (body as IncomingMessage | undefined)?.pipe === 'function';
}

async function* notEmpty(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let isEmpty = true;
  for await (const part of content) {
    isEmpty &&= part.length === 0;
    yield part;
  }
  if (isEmpty) throw invalid([{ pointer: '/file', detail: 'is empty' }]);
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(
    'too_large',
    `The file is larger than ${readableBytes(maxBytes)}, which is the most that is taken here.`,
  );
}
