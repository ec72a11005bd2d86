import { Get, Global, Injectable, Module, Query, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WEBHOOK_RECEIVER, type HandoverProvider, type WebhookReceiver } from '#contract';
import { providerModule } from './provider-module.js';
import { webhookController } from './webhook-controller.js';

const receiver = {
  receive: jest.fn<WebhookReceiver['receive']>().mockResolvedValue(),
  confirm: jest.fn<WebhookReceiver['confirm']>(),
};

/** A vendor that asks with a challenge before it takes an address. */
class WithChallenge extends webhookController('acmeDesk', { isShared: true }) {
  @Get(':name')
  challenge(@Query('challenge') challenge: string): string {
    return challenge;
  }
}

@Injectable()
class Desk {}

@Global()
@Module({ providers: [{ provide: WEBHOOK_RECEIVER, useValue: receiver }], exports: [WEBHOOK_RECEIVER] })
class ReceiverModule {}

describe('a controller of webhooks', () => {
  let app: INestApplication;
  const at = (method: string, path: string): Promise<Response> =>
    app.getUrl().then((url) => fetch(url.replace('[::1]', '127.0.0.1') + path, { method }));
  beforeAll(async () => {
    const desk = providerModule(Desk as new () => HandoverProvider, WithChallenge);
    const built = await Test.createTestingModule({ imports: [ReceiverModule, desk] }).compile();
    app = built.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
    await app.listen(0, '127.0.0.1');
  });
  afterAll(() => app.close());

  it('can be extended without a cast, by what a vendor asks beside its events', async () => {
    const answer = await at('GET', '/handover/acmeDesk/mine?challenge=42');
    expect([answer.status, await answer.text()]).toEqual([200, '42']);
    expect((await at('POST', '/handover/acmeDesk/mine')).status).toBe(204);
  });

  it.each([
    ['/handover/acmeDesk', { type: 'acmeDesk', name: undefined, token: undefined }],
    ['/handover/acmeDesk/mine', { type: 'acmeDesk', name: 'mine', token: undefined }],
    ['/handover/acmeDesk/mine/secret', { type: 'acmeDesk', name: 'mine', token: 'secret' }],
  ])('asks the gateway whether %s takes events, and hands it none', async (path, address) => {
    receiver.receive.mockClear();
    expect((await at('HEAD', path)).status).toBe(200);
    expect(receiver.confirm).toHaveBeenLastCalledWith(address);
    expect(receiver.receive).not.toHaveBeenCalled();
  });
});
