import { Body, Controller, Head, Headers, HttpCode, Inject, Param, Post, type Type } from '@nestjs/common';
import { WEBHOOK_RECEIVER, type RawWebhook, type WebhookReceiver } from '#contract';

/** The addresses at which events are taken, below `/handover/{key}`. */
const NAMED = [':name', ':name/:token'];

/** What takes a vendor's events. */
export interface WebhookEndpoint {
  /** `POST`: 204 once the event is stored. Its bytes are the body as it came. */
  receive(headers: unknown, body: unknown, name?: string, token?: string): Promise<void>;
}

/** A controller of webhooks: a class to extend where a vendor asks for more than `POST` and `HEAD`. */
export interface WebhookControllerClass {
  new (receiver: WebhookReceiver): WebhookEndpoint;
  /** Answers `HEAD` at the same addresses. `providerModule` registers it first, so that a `GET` that is added does not bring its own. */
  readonly head: Type<unknown>;
}

/**
 * The controller of a vendor's webhooks. `POST` takes the bytes of an event, and answers 204 once they are stored. `HEAD` answers 200 at
 * the same addresses, without a look at any event: some vendors ask so before they take an address. It is 404 where no such provider is,
 * and 401 where the token is wrong. A vendor that asks for more, such as a challenge by `GET`, gets a class that extends this one.
 * @param key the provider's key
 * @param isShared whether `/handover/{key}` itself serves all accounts, as it may where the ids of conversations are unique over all
 *   of them
 */
export function webhookController(key: string, { isShared }: { isShared: boolean }): WebhookControllerClass {
  const addresses = isShared ? ['', ...NAMED] : NAMED;

  @Controller(`handover/${key}`)
  class WebhookHeadController {
    constructor(@Inject(WEBHOOK_RECEIVER) private readonly receiver: WebhookReceiver) {}

    @Head(addresses)
    @HttpCode(200)
    confirm(@Param('name') name?: string, @Param('token') token?: string): void {
      this.receiver.confirm({ type: key, name, token });
    }
  }

  @Controller(`handover/${key}`)
  class WebhookController implements WebhookEndpoint {
    static readonly head = WebhookHeadController;

    constructor(@Inject(WEBHOOK_RECEIVER) private readonly receiver: WebhookReceiver) {}

    /** The gateway's body parser leaves everything below `/handover/` as a buffer. */
    @Post(addresses)
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
