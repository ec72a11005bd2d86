import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { EightByEightProvider } from './provider.js';
import { EightByEightWebhookController } from './webhook.controller.js';

/** All of 8x8. Needs the gateway's `WEBHOOK_RECEIVER`. */
@Module({
  imports: [HttpModule],
  controllers: [EightByEightWebhookController],
  providers: [EightByEightProvider],
  exports: [EightByEightProvider],
})
export class EightByEightModule {}
