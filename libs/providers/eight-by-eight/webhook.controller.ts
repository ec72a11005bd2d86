import { Body, Controller, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { WEBHOOK_RECEIVER, type RawWebhook, type WebhookReceiver } from '#contract';
import { definition } from './definition.js';

/** Takes the bytes of 8x8's events and answers once they are stored. */
@Controller(`handover/${definition.key}`)
export class EightByEightWebhookController {
  constructor(@Inject(WEBHOOK_RECEIVER) private readonly receiver: WebhookReceiver) {}

  /** The gateway's body parser leaves everything below `/handover/` as a buffer. */
  @Post(['', ':name', ':name/:token'])
  @HttpCode(204)
  async receive(
    @Headers() headers: unknown,
    @Body() body: unknown,
    @Param('name') name?: string,
    @Param('token') token?: string,
  ): Promise<void> {
    await this.receiver.receive({
      type: definition.key,
      name,
      token,
      headers: headers as RawWebhook['headers'],
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
    });
  }
}
