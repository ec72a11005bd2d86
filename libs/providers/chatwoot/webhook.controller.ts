import { Body, Controller, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { WEBHOOK_RECEIVER, type RawWebhook, type WebhookReceiver } from '#contract';

/** Takes the bytes of Chatwoot's events and answers once they are stored. */
@Controller('handover/chatwoot')
export class ChatwootWebhookController {
  constructor(@Inject(WEBHOOK_RECEIVER) private readonly receiver: WebhookReceiver) {}

  /** Display ids are unique per account only, so there is no address that serves several accounts. */
  @Post([':name', ':name/:token'])
  @HttpCode(204)
  async receive(
    @Headers() headers: unknown,
    @Body() body: unknown,
    @Param('name') name: string,
    @Param('token') token?: string,
  ): Promise<void> {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
    await this.receiver.receive({
      type: 'chatwoot',
      name,
      token,
      headers: headers as RawWebhook['headers'],
      body: bytes,
    });
  }
}
