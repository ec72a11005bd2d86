import { Readable } from 'node:stream';
import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Refusal, type Attachment } from '#core';
import { Runtime } from '../../../runtime/runtime.js';
import { Caller, type Principal } from '../../auth.guard.js';
import { saveAs } from '../../content-disposition.js';
import { HandoversService } from '../handovers/handovers.service.js';
import { ProblemsOf, UploadedView } from '../handovers/handovers.views.js';
import { AttachmentsService } from './attachments.service.js';

@ApiTags('attachments')
@ApiBearerAuth()
@Controller('v1/handovers/:id/attachments')
export class AttachmentsController {
  constructor(
    private readonly handovers: HandoversService,
    private readonly attachments: AttachmentsService,
    private readonly runtime: Runtime,
  ) {}

  @Post()
  @ApiOperation({ summary: 'Upload a file, to be named in a message' })
  @ApiConsumes('multipart/form-data')
  @ApiBody({
    schema: { type: 'object', required: ['file'], properties: { file: { type: 'string', format: 'binary' } } },
  })
  @ApiResponse({ status: 201, type: UploadedView, description: 'The file is kept.' })
  @ProblemsOf({
    400: 'The form is broken, or has something else than one file in the part `file`.',
    403: 'This key may not do that.',
    404: 'There is no such handover for this key.',
    409: 'The handover is over, or its contact centre takes no files (`reason`: `unsupported`).',
    413: "The file is larger than the provider's limit, 25 MiB unless set.",
    415: 'It is no form, or files of this type are not taken.',
  })
  async upload(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Body() form: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Attachment> {
    if (caller.role !== 'bot') throw new Refusal('forbidden', "Use a bot's API key for this.");
    const attachment = await this.attachments.upload(await this.handovers.find(caller, id), form);
    reply.header('location', `/v1/handovers/${id}/attachments/${attachment.id}`);
    return attachment;
  }

  @Get(':attachmentId')
  @ApiOperation({ summary: 'Read a file, whichever side sent it' })
  @ApiResponse({
    status: 200,
    description: 'Its bytes, with its own content type.',
    content: { '*/*': { schema: { type: 'string', format: 'binary' } } },
  })
  @ProblemsOf({ 404: 'There is no such handover for this key, or no such file in it.' })
  async read(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Param('attachmentId') attachmentId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await this.attachments.find(await this.handovers.find(caller, id), attachmentId);
    await reply
      .header('content-type', file.contentType)
      .header('content-length', file.size)
      .header('content-disposition', saveAs(file.filename))
      // Whatever is in it, no browser may run it in the gateway's name.
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'; sandbox")
      .header('cache-control', 'private, no-store')
      .send(Readable.from(this.runtime.attachments.read(file.id), { objectMode: false }));
  }
}
