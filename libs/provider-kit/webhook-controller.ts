import { Body, Controller, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { WEBHOOK_RECEIVER, type RawWebhook, type WebhookReceiver } from '#contract';

/** The addresses at which events are taken, below `/handover/{key}`. */
const NAMED = [':name', ':name/:token'];

/**
 * The controller that takes the bytes of a vendor's events and answers 204 once they are stored.
 * @param key the provider's key
 * @param isShared whether `/handover/{key}` itself serves all accounts, as it may where the ids of conversations are unique over all
 *   of them
 */
export function webhookController(
  key: string,
  { isShared }: { isShared: boolean },
): new (...given: never[]) => unknown {
  @Controller(`handover/${key}`)
  class WebhookController {
    constructor(@Inject(WEBHOOK_RECEIVER) private readonly receiver: WebhookReceiver) {}

    /** The gateway's body parser leaves everything below `/handover/` as a buffer. */
    @Post(isShared ? ['', ...NAMED] : NAMED)
    @HttpCode(204)
    async receive(
      @Headers() headers: unknown,
      @Body() body: unknown,
      @Param('name') name?: string,
      @Param('token') token?: string,
    ): Promise<void> {
      await this.receiver.receive({
        type: key,
        name,
        token,
        headers: headers as RawWebhook['headers'],
        body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      });
    }
  }
  return WebhookController;
}
