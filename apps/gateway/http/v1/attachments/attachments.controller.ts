import { Body, Controller, Get, Param, Post, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { refuseIfOver, type Attachment } from '#core';
import { Runtime } from '../../../runtime/runtime.js';
import { Caller, type Principal } from '../../auth.guard.js';
import { botOf, HandoversService } from '../handovers/handovers.service.js';
import { ProblemsOf, UploadedView } from '../handovers/handovers.views.js';
import { AttachmentsService } from './attachments.service.js';
import { FILE_FORM, FILE_RESPONSE, sendFile } from './files-over-http.js';

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
  @FILE_FORM
  @ApiResponse({ status: 201, type: UploadedView, description: 'The file is kept.' })
  @ProblemsOf({
    400: 'The form is broken, or has something else than one file in the part `file`.',
    403: 'This key may not do that.',
    404: 'There is no such handover for this key.',
    408: 'The upload took longer than two minutes, or came more slowly than 16 KiB a second.',
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
    botOf(caller);
    const handover = await this.handovers.find(caller, id);
    refuseIfOver(handover);
    const attachment = await this.attachments.upload(handover, form);
    reply.header('location', `/v1/handovers/${id}/attachments/${attachment.id}`);
    return attachment;
  }

  @Get(':attachmentId')
  @ApiOperation({ summary: 'Read a file, whichever side sent it' })
  @FILE_RESPONSE
  @ProblemsOf({ 404: 'There is no such handover for this key, or no such file in it.' })
  async read(
    @Caller() caller: Principal,
    @Param('id') id: string,
    @Param('attachmentId') attachmentId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await this.attachments.find(await this.handovers.find(caller, id), attachmentId);
    await sendFile(file, this.runtime.attachments.read(file.id), reply);
  }
}
