import { HttpModule } from '@nestjs/axios';
import { Module } from '@nestjs/common';
import { ChatwootProvider } from './provider.js';
import { ChatwootWebhookController } from './webhook.controller.js';

/** All of Chatwoot. Needs the gateway's `WEBHOOK_RECEIVER`. */
@Module({
  imports: [HttpModule],
  controllers: [ChatwootWebhookController],
  providers: [ChatwootProvider],
  exports: [ChatwootProvider],
})
export class ChatwootModule {}
